#!/usr/bin/env bash
# Packs the plugin's static programs: `kubectl-pam-<version>-linux-<arch>.tar.gz` in <folder>, and the programs in <folder>/parts.
# usage: release/plugin.sh <profile> <folder> <amd64|arm64> …
set -euo pipefail
cd "$(dirname "$0")/.."
. release/lib.sh

[ $# -ge 3 ] || fail "usage: release/plugin.sh <profile> <folder> <amd64|arm64> …"
profile=$1 folder=$2
shift 2
epoch=$(epoch)
version=$(version)
umask 022
for arch; do
  program=$(release/static.sh kubectl-pam "$arch" "$profile")
  parts=$folder/parts/$arch/plugin
  rm -rf "$parts"
  mkdir -p "$parts"
  install -m 0755 "$program" "$parts/kubectl-pam"
  install -m 0644 LICENSE "$parts/LICENSE"
  document licences --package kubectl-pam --target "$(target_of "$arch")" >"$parts/THIRD-PARTY"
  tar --create --directory "$parts" --format ustar --sort name --mtime "@$epoch" --owner 0 --group 0 --numeric-owner \
    --mode u=rwX,go=rX . | gzip --best --no-name >"$folder/kubectl-pam-$version-linux-$arch.tar.gz"
done
