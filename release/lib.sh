# What the scripts beside this one share. Sourced, with the checkout as the current folder.
# shellcheck shell=bash

# Ends with plain words on standard error.
fail() {
  echo "$*" >&2
  exit 1
}

# The architecture of this machine, as images call it.
host_arch() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64 | arm64) echo arm64 ;;
    *) fail "no image is made for $(uname -m): amd64 and arm64 are" ;;
  esac
}

# Rust's name for Linux without a C library on an architecture.
target_of() {
  case $1 in
    amd64) echo x86_64-unknown-linux-musl ;;
    arm64) echo aarch64-unknown-linux-musl ;;
    *) fail "there is no image for $1: amd64 and arm64 are the choices" ;;
  esac
}

# The version that the checkout is of.
version() {
  local id
  id=$(cargo pkgid --locked --package pam-operator)
  echo "${id##*[#@]}"
}

# When the sources were committed: no clock gets into what is built.
epoch() {
  if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
    echo "$SOURCE_DATE_EPOCH"
  else
    git log -1 --format=%ct 2>/dev/null || fail "this is no git checkout: set SOURCE_DATE_EPOCH (seconds since 1970)"
  fi
}

# The commit that is built.
revision() {
  if [ -n "${SOURCE_REVISION:-}" ]; then
    echo "$SOURCE_REVISION"
  else
    git rev-parse HEAD 2>/dev/null || fail "this is no git checkout: set SOURCE_REVISION to the commit"
  fi
}

# Runs the program that writes documents; built for this machine, not for the image.
document() {
  cargo run --quiet --locked --package release-documents -- "$@"
}
