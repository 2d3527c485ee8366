#!/usr/bin/env bash
# Builds the operator's image without an engine: static programs by cargo, and the last stage of the Dockerfile by buildah. Writes
# `pam-operator-<version>.oci.tar` with all architectures into <folder>, and what it consists of into <folder>/parts.
# usage: release/image.sh <profile> <folder> <amd64|arm64> …
set -euo pipefail
cd "$(dirname "$0")/.."
. release/lib.sh

[ $# -ge 3 ] || fail "usage: release/image.sh <profile> <folder> <amd64|arm64> …"
profile=$1 folder=$2
shift 2
command -v buildah >/dev/null ||
  fail "buildah is missing: install it (Debian: apt install buildah; Fedora: dnf install buildah), or build with an engine: docker build --tag pam-operator:$(version) ."
epoch=$(epoch)
revision=$(revision)
version=$(version)
image=pam-operator:$version
umask 022
rm -rf "$folder"
mkdir -p "$folder/parts"
folder=$(cd "$folder" && pwd -P)

# Its own store, so that nothing of the machine's images gets in and nothing stays behind. vfs works on every filesystem.
store=$(mktemp -d)
trap 'rm -rf "$store"' EXIT
in_store() {
  command buildah --root "$store/root" --runroot "$store/run" --storage-driver vfs "$@"
}

for arch; do
  parts=$folder/parts/$arch
  release/rootfs.sh "$arch" "$profile" "$parts/rootfs"
  # The stage that compiles is replaced by a folder with what it would have made.
  in_store build --quiet --file Dockerfile --target operator --build-context build="$parts" --platform "linux/$arch" \
    --timestamp "$epoch" --identity-label=false --build-arg VERSION="$version" --build-arg REVISION="$revision" \
    --manifest "$image" "$parts" >/dev/null
done
in_store manifest push --quiet --all --format oci "$image" "oci:$folder/parts/oci:$image"
# An OCI archive is a tar of that folder. GNU tar is told everything that could differ.
tar --create --file "$folder/pam-operator-$version.oci.tar" --directory "$folder/parts/oci" --format ustar --sort name \
  --mtime "@$epoch" --owner 0 --group 0 --numeric-owner --mode u=rwX,go=rX .
