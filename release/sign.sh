#!/usr/bin/env bash
# Signs each file in <folder> with an EC key in PEM: `<file>.sig` beside it. Then checks each signature as a user would.
# usage: release/sign.sh <folder> <private key> <public key>
set -euo pipefail
cd "$(dirname "$0")/.."
. release/lib.sh

[ $# -eq 3 ] || fail "usage: release/sign.sh <folder> <private key> <public key>"
folder=$1 private=$2 public=$3
command -v openssl >/dev/null || fail "openssl is missing: install it (Debian: apt install openssl; Fedora: dnf install openssl)"
rm -f "$folder"/*.sig
for file in "$folder"/*; do
  [ -f "$file" ] || continue
  openssl dgst -sha256 -sign "$private" -out "$file.sig" "$file"
  openssl dgst -sha256 -verify "$public" -signature "$file.sig" "$file" >/dev/null ||
    fail "the signature of $file does not fit the public key: are $private and $public a pair?"
done
