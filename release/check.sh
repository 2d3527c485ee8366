#!/usr/bin/env bash
# Builds the image twice, the second time from a copy of the checkout under another path and with another path to cargo's home, and
# inspects both.
# usage: release/check.sh <folder> <amd64|arm64> …
set -euo pipefail
cd "$(dirname "$0")/.."
. release/lib.sh

[ $# -ge 2 ] || fail "usage: release/check.sh <folder> <amd64|arm64> …"
mkdir -p "$1"
folder=$(cd "$1" && pwd -P)
shift
SOURCE_DATE_EPOCH=$(epoch)
SOURCE_REVISION=$(revision)
export SOURCE_DATE_EPOCH SOURCE_REVISION

release/image.sh release "$folder/one" "$@"

# What is in the checkout, changes that are in no commit as well.
copy="$folder/a copy elsewhere"
rm -rf "$copy"
mkdir -p "$copy/checkout"
git ls-files --cached --others --exclude-standard -z | tar --create --null --ignore-failed-read --files-from - 2>/dev/null |
  tar --extract --directory "$copy/checkout"
ln -s "${CARGO_HOME:-$HOME/.cargo}" "$copy/cargo-home"
(
  cd "$copy/checkout"
  unset CARGO_TARGET_DIR
  CARGO_HOME="$copy/cargo-home" release/image.sh release "$folder/two" "$@"
)
release/inspect.sh "$folder/one" "$folder/two"
