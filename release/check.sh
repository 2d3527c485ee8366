#!/usr/bin/env bash
# Builds the image twice, the second time from a copy of the checkout under another path and with another path to cargo's home, and
# compares every byte. Then shows sizes and limits, and runs the end-to-end test from the unpacked layers, for the other
# architecture under qemu-user-static where that is there.
# usage: release/check.sh <folder>
set -euo pipefail
cd "$(dirname "$0")/.."
. release/lib.sh

[ $# -eq 1 ] || fail "usage: release/check.sh <folder>"
mkdir -p "$1"
folder=$(cd "$1" && pwd -P)
version=$(version)
archive=pam-operator-$version.oci.tar
MEGABYTE=1000000
arches=(amd64 arm64)
SOURCE_DATE_EPOCH=$(epoch)
SOURCE_REVISION=$(revision)
export SOURCE_DATE_EPOCH SOURCE_REVISION

release/image.sh release "$folder/one" "${arches[@]}"

# What is in the checkout, changes that are in no commit as well.
copy="$folder/a copy elsewhere"
rm -rf "$copy/checkout"
mkdir -p "$copy/checkout"
git ls-files --cached --others --exclude-standard -z | tar --create --null --ignore-failed-read --files-from - 2>/dev/null |
  tar --extract --directory "$copy/checkout"
ln -sfn "${CARGO_HOME:-$HOME/.cargo}" "$copy/cargo-home"
(
  cd "$copy/checkout"
  unset CARGO_TARGET_DIR
  CARGO_HOME="$copy/cargo-home" release/image.sh release "$folder/two" "${arches[@]}"
)
for arch in "${arches[@]}"; do
  cmp "$folder/one/parts/$arch/rootfs/pam-operator" "$folder/two/parts/$arch/rootfs/pam-operator" ||
    fail "two builds of the program for $arch differ"
done
cmp "$folder/one/$archive" "$folder/two/$archive" || fail "two builds of the image differ"
echo "two builds, same bytes: $(sha256sum "$folder/one/$archive" | cut -d ' ' -f 1)  $archive"

within() { # <what> <bytes> <megabytes>
  printf '%-28s %10d bytes (limit %d MB)\n' "$1" "$2" "$3"
  [ "$2" -le $(($3 * MEGABYTE)) ] || fail "$1 is larger than $3 MB"
}
blobs=$folder/one/parts/oci/blobs/sha256
for arch in "${arches[@]}"; do
  root=$folder/one/parts/$arch/unpacked
  rm -rf "$root"
  mkdir -p "$root"
  compressed=0
  for layer in $(document layers "$folder/one/parts/oci" "$arch"); do
    tar --extract --file "$blobs/$layer" --directory "$root" --no-same-owner
    compressed=$((compressed + $(stat --format %s "$blobs/$layer")))
  done
  within "program $arch" "$(stat --format %s "$root/pam-operator")" 12
  within "image $arch, unpacked" "$(du --bytes --summarize "$root" | cut -f 1)" 16
  within "image $arch, to be pulled" "$compressed" 16
done

run() { # <arch> <emulator or nothing>
  PAM_TEST_ROOTFS="$folder/one/parts/$1/unpacked" PAM_TEST_EMULATOR=$2 cargo test --workspace --test e2e -- image::
}
echo "the operator from the unpacked layers, $(host_arch):"
run "$(host_arch)" ""
for arch in "${arches[@]}"; do
  [ "$arch" != "$(host_arch)" ] || continue
  case $arch in amd64) emulator=qemu-x86_64-static ;; arm64) emulator=qemu-aarch64-static ;; esac
  if emulator=$(command -v $emulator); then
    echo "the operator from the unpacked layers, $arch under emulation:"
    run "$arch" "$emulator"
  else
    echo "the program for $arch was not run: it takes qemu-user-static (Debian: apt install qemu-user-static)"
  fi
done
