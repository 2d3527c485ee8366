#!/usr/bin/env bash
# Builds a program for Linux that needs no C library, and prints its path. The bytes do not depend on where the checkout, cargo's
# home and the target folder are, nor on what RUSTFLAGS says.
# usage: release/static.sh <package> <amd64|arm64> <profile>
set -euo pipefail
cd "$(dirname "$0")/.."
. release/lib.sh

[ $# -eq 3 ] || fail "usage: release/static.sh <package> <amd64|arm64> <profile>"
package=$1 arch=$2 profile=$3
target=$(target_of "$arch")
checkout=$(pwd -P)
target_dir=${CARGO_TARGET_DIR:-$checkout/target}
cargo_home=${CARGO_HOME:-$HOME/.cargo}
sysroot=$(rustc --print sysroot)

if [ ! -d "$sysroot/lib/rustlib/$target/lib" ]; then
  command -v rustup >/dev/null ||
    fail "this Rust has no standard library for $target: install Rust from https://rustup.rs/, then: rustup target add $target"
  rustup target add "$target" >&2
fi

# For the few sources in C and assembler (ring's). clang is a compiler for every target; any other cc is one for its own machine.
if [ -n "${IMAGE_CC:-}" ]; then
  cc=$IMAGE_CC
elif command -v clang >/dev/null; then
  cc=clang
elif [ "$arch" = "$(host_arch)" ] && command -v cc >/dev/null; then
  cc=cc
else
  fail "clang is missing, and cc builds for this machine only: install clang (Debian: apt install clang; Fedora: dnf install clang), or set IMAGE_CC to a C compiler for $target"
fi
variable=${target//-/_}
export "CC_$variable=$cc" "AR_$variable=ar"
# Some distributions' compilers call functions of glibc where they are not told so.
export "CFLAGS_$variable=-U_FORTIFY_SOURCE"

# Of several rules for a path, rustc takes the last.
flags=(
  "--remap-path-prefix=$cargo_home=/cargo"
  "--remap-path-prefix=$sysroot/lib/rustlib/src/rust=/rustc"
  "--remap-path-prefix=$checkout=/src"
  "--remap-path-prefix=$target_dir=/target"
  # Comes with Rust: one linker for every machine and architecture.
  "-Clinker=rust-lld"
)
# Where a path has a blank, only this variable can say it; and it wins over RUSTFLAGS and cargo's configuration.
CARGO_ENCODED_RUSTFLAGS=$(printf '%s\x1f' "${flags[@]}")
export CARGO_ENCODED_RUSTFLAGS=${CARGO_ENCODED_RUSTFLAGS%$'\x1f'}

# Where a test of cargo's runs this, cargo has said of the test's package what ring's build script reads of its own.
for name in $(compgen -e); do
  case $name in
    CARGO_PKG_* | CARGO_MANIFEST_* | CARGO_CRATE_NAME | CARGO_INCREMENTAL | CARGO_BUILD_TARGET | RUSTFLAGS) unset "$name" ;;
  esac
done
cargo build --locked --package "$package" --bin "$package" --profile "$profile" \
  --target "$target" >&2
echo "$target_dir/$target/$profile/$package"
