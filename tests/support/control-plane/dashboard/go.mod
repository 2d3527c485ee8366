// Compares the dashboard of the chart with Grafana's schema. Nothing of this is compiled into the operator.
module local-cluster/dashboard

go 1.26.0

require github.com/grafana/grafana-foundation-sdk/go v0.0.22
