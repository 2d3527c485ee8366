#!/usr/bin/env bash
# Writes beside the files in <folder> what they consist of and where they come from: a bill of materials for each program in
# <folder>/parts, the provenance of all files, and SHA256SUMS of everything.
# usage: release/describe.sh <profile> <folder> <amd64|arm64> …
set -euo pipefail
cd "$(dirname "$0")/.."
. release/lib.sh

[ $# -ge 3 ] || fail "usage: release/describe.sh <profile> <folder> <amd64|arm64> …"
profile=$1 folder=$2
shift 2
epoch=$(epoch)
revision=$(revision)
version=$(version)
rustc=$(rustc --version | cut -d ' ' -f 2)
clang=$({ ${IMAGE_CC:-clang} --version 2>/dev/null || cc --version; } | head -n 1 | tr -c 'A-Za-z0-9.\n+~-' '_')
rm -f "$folder"/*.cdx.json "$folder"/*.provenance.json "$folder/SHA256SUMS"

bill() { # <package> <arch> <program>
  document sbom --package "$1" --target "$(target_of "$2")" --program "$3" --epoch "$epoch" --with "rust-std@$rustc" --with musl \
    >"$folder/$1-$version-linux-$2.cdx.json"
}
for arch; do
  parts=$folder/parts/$arch
  if [ -e "$parts/rootfs/pam-operator" ]; then bill pam-operator "$arch" "$parts/rootfs/pam-operator"; fi
  if [ -e "$parts/plugin/kubectl-pam" ]; then bill kubectl-pam "$arch" "$parts/plugin/kubectl-pam"; fi
done

modified=()
[ -z "$(git status --porcelain 2>/dev/null)" ] || modified=(--modified)
files=()
for file in "$folder"/*; do [ ! -f "$file" ] || files+=("$file"); done
document provenance --revision "$revision" "${modified[@]}" --epoch "$epoch" --profile "$profile" --release "$version" \
  "${@/#/--architecture=}" --tool "rustc@$rustc" --tool "c-compiler@$clang" "${files[@]}" \
  >"$folder/pam-operator-$version.provenance.json"
(cd "$folder" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum >SHA256SUMS)
