#!/usr/bin/env bash
# Compares every byte of two builds of the image, holds the limits of its sizes, and runs the end-to-end test from the unpacked
# layers of the first, for the other architecture under qemu-user-static where that is there.
# usage: release/inspect.sh <folder of one build> <folder of the other>
set -euo pipefail
cd "$(dirname "$0")/.."
. release/lib.sh

[ $# -eq 2 ] || fail "usage: release/inspect.sh <folder of one build> <folder of the other>"
one=$(cd "$1" && pwd -P) two=$(cd "$2" && pwd -P)
archive=pam-operator-$(version).oci.tar
arches=()
for parts in "$one"/parts/*/rootfs; do arches+=("$(basename "$(dirname "$parts")")"); done

for arch in "${arches[@]}"; do
  program=parts/$arch/rootfs/pam-operator
  cmp "$one/$program" "$two/$program" || fail "two builds of the program for $arch differ"
done
cmp "$one/$archive" "$two/$archive" || fail "two builds of the image differ"
echo "two builds, same bytes: $(sha256sum "$one/$archive" | cut -d ' ' -f 1)  $archive"

within() { # <what> <bytes> <megabytes>
  printf '%-28s %10d bytes (limit %d MB)\n' "$1" "$2" "$3"
  [ "$2" -le $(($3 * 1000000)) ] || fail "$1 is larger than $3 MB"
}
for arch in "${arches[@]}"; do
  root=$one/parts/$arch/unpacked
  rm -rf "$root"
  mkdir -p "$root"
  compressed=0
  for layer in $(document layers "$one/parts/oci" "$arch"); do
    blob=$one/parts/oci/blobs/sha256/$layer
    tar --extract --file "$blob" --directory "$root" --no-same-owner
    compressed=$((compressed + $(stat --format %s "$blob")))
  done
  within "program $arch" "$(stat --format %s "$root/pam-operator")" 12
  within "image $arch, unpacked" "$(du --bytes --summarize "$root" | cut -f 1)" 16
  within "image $arch, to be pulled" "$compressed" 16
done

run() { # <arch> <emulator or nothing>
  PAM_TEST_ROOTFS="$one/parts/$1/unpacked" PAM_TEST_EMULATOR=$2 cargo test ${CARGO_FLAGS:-} --workspace --test e2e -- image::
}
echo "the operator from the unpacked layers, $(host_arch):"
run "$(host_arch)" ""
for arch in "${arches[@]}"; do
  [ "$arch" != "$(host_arch)" ] || continue
  case $arch in amd64) emulator=qemu-x86_64-static ;; arm64) emulator=qemu-aarch64-static ;; esac
  if emulator=$(command -v "$emulator"); then
    echo "the operator from the unpacked layers, $arch under emulation:"
    run "$arch" "$emulator"
  else
    echo "the program for $arch was not run: it takes qemu-user-static (Debian: apt install qemu-user-static)"
  fi
done
