// A container registry in memory, for the tests of what is pushed to one. A module of its own, so that a change of it does not
// build the control plane again.
module local-cluster/registry

go 1.26

tool github.com/google/go-containerregistry/cmd/registry

require github.com/google/go-containerregistry v0.22.1 // indirect
