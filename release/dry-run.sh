#!/usr/bin/env bash
# Signs the files in <folder> with a key that is made here and thrown away; the public key stays beside them, for a try.
# usage: release/dry-run.sh <folder>
set -euo pipefail
cd "$(dirname "$0")/.."
. release/lib.sh

[ $# -eq 1 ] || fail "usage: release/dry-run.sh <folder>"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
command -v openssl >/dev/null || fail "openssl is missing: install it (Debian: apt install openssl; Fedora: dnf install openssl)"
rm -f "$1/dry-run.pub"
openssl ecparam -name prime256v1 -genkey -noout -out "$keys/private.pem"
openssl ec -in "$keys/private.pem" -pubout -out "$keys/public.pem" 2>/dev/null
release/sign.sh "$1" "$keys/private.pem" "$keys/public.pem"
cp "$keys/public.pem" "$1/dry-run.pub"
echo "signed with a key that is gone; its public half: $1/dry-run.pub"
