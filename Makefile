# The one list of commands. `make` alone prints it.
.DEFAULT_GOAL := help
.PHONY: help demo test bench lint image image-check release-dry-run mutants generate tools clean-cache need-rust need-go

# Absolute, since cargo is also started from inside tests, in other folders.
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
LOCAL_CLUSTER := $(CARGO_TARGET_DIR)/debug/local-cluster
CACHE := $(or $(PAM_OPERATOR_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pam-operator)
# For cargo, e.g. CARGO_FLAGS=--locked.
CARGO_FLAGS ?=
# Most tests wait for something most of the time: more of them at once than there are cores.
RUST_TEST_THREADS ?= 14
export RUST_TEST_THREADS
# What `make mutants` breaks: src/domain by itself, which names only std and jiff and so builds in seconds.
MUTANTS := $(CARGO_TARGET_DIR)/mutants
# Where `make image` and its neighbours write.
IMAGE := $(CARGO_TARGET_DIR)/image
# Architectures of the image.
ARCHES ?= amd64 arm64
# For the tests, e.g. ARGS='--test e2e deletion:: -- --nocapture'.
ARGS ?=

help: ## Print this list
	@echo "Usage: make <command>"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: need-rust need-go ## See it work: a local control plane, a simulated PAM, the operator between them
	@echo "Building the operator, the simulator and the demo …"
	@cargo build $(CARGO_FLAGS) --workspace --bins
	@$(LOCAL_CLUSTER) demo

test: need-rust need-go ## Run every test, against one local control plane
	@cargo test $(CARGO_FLAGS) --workspace --no-run
	@# Before the tests, which wait for times: a test runs the operator from the image's root filesystem.
	@[ "$$(uname -s)" != Linux ] || release/rootfs.sh "$$(. release/lib.sh; host_arch)" image-test "$(IMAGE)/test"
	@$(LOCAL_CLUSTER) run -- cargo test $(CARGO_FLAGS) --workspace $(ARGS)

bench: need-rust need-go ## Measure the release build, and compare with what was committed (ARGS: scenarios by name, or all; a quarter of an hour)
	@cargo build $(CARGO_FLAGS) --release --bin pam-operator
	@cargo build $(CARGO_FLAGS) --profile harness --package bench --package local-cluster --bins
	@"$(CARGO_TARGET_DIR)/harness/bench" run --binary "$(CARGO_TARGET_DIR)/release/pam-operator" $(ARGS)

lint: need-rust ## Check formatting, lints, documentation and generated files
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(CARGO_FLAGS) --no-deps --workspace
	cargo run $(CARGO_FLAGS) --quiet --bin crdgen -- --check
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --workspace check licenses bans sources; \
	else echo "cargo-deny is not installed; a test of \`make test\` holds licences, sources and bans all the same. To install it: cargo install --locked cargo-deny"; fi

image: need-rust ## Build the image without an engine, for amd64 and arm64 (needs buildah and clang; half an hour)
	@release/image.sh release "$(IMAGE)/release" $(ARCHES)
	@ls -l "$(IMAGE)/release/"*.oci.tar

image-check: need-rust need-go ## Build the image twice, compare every byte, and run it from its layers (an hour and a half)
	@release/check.sh "$(IMAGE)/check" $(ARCHES)

release-dry-run: need-rust ## Build everything that a release has, and sign it with a key that is thrown away
	@release/image.sh release "$(IMAGE)/release" $(ARCHES)
	@release/plugin.sh release "$(IMAGE)/release" $(ARCHES)
	@release/chart.sh "$(IMAGE)/release"
	@release/describe.sh release "$(IMAGE)/release" $(ARCHES)
	@release/dry-run.sh "$(IMAGE)/release"

mutants: need-rust ## Break src/domain in every small way, and see that its tests notice (an hour; needs cargo-mutants)
	@cargo mutants --version >/dev/null 2>&1 || { echo "cargo-mutants is missing: cargo install --locked cargo-mutants"; exit 1; }
	@rm -rf "$(MUTANTS)" && mkdir -p "$(MUTANTS)/src" && cp -r src/domain "$(MUTANTS)/src" && cp Cargo.lock "$(MUTANTS)"
	@echo 'pub mod domain;' >"$(MUTANTS)/src/lib.rs"
	@printf '%s\n' '[workspace]' '[package]' 'name = "domain"' 'edition = "2024"' '[dependencies]' \
	  'jiff = { version = "0.2", features = ["serde"] }' '[profile.dev]' 'opt-level = 1' >"$(MUTANTS)/Cargo.toml"
	env -u CARGO_TARGET_DIR cargo mutants --dir "$(MUTANTS)" --gitignore=false --no-shuffle --timeout 60 $(ARGS)

generate: need-rust need-go ## Write the generated files anew: the CRDs, the tables in docs/, what the commands of docs/reference/kubectl-pam.md and docs/tutorials/first-credential.md print, the plugin's schemas, and deploy/ from the chart
	cargo run $(CARGO_FLAGS) --quiet --bin crdgen
	UPDATE=1 cargo test $(CARGO_FLAGS) --quiet --workspace --bin kubectl-pam schema::
	cargo build $(CARGO_FLAGS) --quiet --workspace --bins
	UPDATE=1 cargo test $(CARGO_FLAGS) --quiet --workspace --test e2e -- chart::render::the_plain_manifest chart::rights:: chart::golden:: plugin::manual::

tools: need-rust need-go ## Build etcd, kube-apiserver, kubectl, helm and promtool into the cache, and say where they are
	@cargo run $(CARGO_FLAGS) --quiet --package local-cluster -- assets

clean-cache: ## Delete what was built into the cache (it takes about 7 minutes to build again)
	rm -rf "$(CACHE)"/tools-*

need-rust:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs/"; exit 1; }
	@command -v cc >/dev/null || { echo "cc is missing: install a C compiler and linker (Debian: apt install gcc; Fedora: dnf install gcc; macOS: xcode-select --install)"; exit 1; }

# Only what builds the control plane needs them; cargo and go say themselves when they are too old.
need-go:
	@test -n "$$KUBEBUILDER_ASSETS" || command -v go >/dev/null || ls "$(CACHE)"/tools-*/kubectl >/dev/null 2>&1 || \
	{ echo "go is missing: it builds the local control plane; install it from https://go.dev/dl/, or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl"; exit 1; }
	@command -v git >/dev/null || { echo "git is missing: go may need it to fetch modules (Debian: apt install git)"; exit 1; }
