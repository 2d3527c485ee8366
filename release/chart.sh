#!/usr/bin/env bash
# Packs the chart, `pam-operator-<version>.tgz`, and lists the images that the chart takes in images.txt, for clusters that
# cannot reach the registry.
# usage: release/chart.sh <folder>
set -euo pipefail
cd "$(dirname "$0")/.."
. release/lib.sh

[ $# -eq 1 ] || fail "usage: release/chart.sh <folder>"
command -v helm >/dev/null ||
  fail "helm is missing: install it from https://helm.sh/, or put the folder in PATH that \`make tools\` builds it into"
mkdir -p "$1"
helm package charts/pam-operator --destination "$1" >/dev/null
helm template pam-operator charts/pam-operator |
  sed -n 's/^[ -]*image: *"\{0,1\}\([^" ]*\)"\{0,1\} *$/\1/p' | LC_ALL=C sort -u >"$1/images.txt"
[ -s "$1/images.txt" ] || fail "the chart names no image"
