#!/bin/sh
# Stands in for the operator: says what it was given, and ends with code 4 on SIGTERM.
trap 'echo "told to end"; exit 4' TERM
echo "args: $*"
echo "pod: $POD_NAMESPACE/$POD_NAME $COLOUR $EXTRA home=${HOME-none}"
echo "trouble" >&2
while :; do sleep 0.05; done
