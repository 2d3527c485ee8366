#!/usr/bin/env bash
# Makes the root filesystem of the operator's image: the program, Mozilla's CA certificates, the licences.
# usage: release/rootfs.sh <amd64|arm64> <profile> <folder>
set -euo pipefail
cd "$(dirname "$0")/.."
. release/lib.sh

[ $# -eq 3 ] || fail "usage: release/rootfs.sh <amd64|arm64> <profile> <folder>"
arch=$1 profile=$2 folder=$3
program=$(release/static.sh pam-operator "$arch" "$profile")
umask 022
rm -rf "$folder"
mkdir -p "$folder/etc/ssl/certs" "$folder/licenses"
install -m 0755 "$program" "$folder/pam-operator"
install -m 0644 LICENSE "$folder/licenses/LICENSE"
# Where programs on Debian look for it; `SSL_CERT_FILE` leads elsewhere.
document ca-certificates >"$folder/etc/ssl/certs/ca-certificates.crt"
document licences --package pam-operator --target "$(target_of "$arch")" >"$folder/licenses/THIRD-PARTY"
