#!/usr/bin/env bash
# Whether a binary does its work: packaging/smoke.sh BINARY. It needs nothing but what is in the repository.
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")/.."
capture=assets/demo.pcap
"$binary" --version
"$binary" calls "$capture" | grep -q T.38
status=0
"$binary" check "$capture" > /dev/null || status=$?
[ "$status" = 1 ] || { echo "check: exit status $status, not 1" >&2; exit 1; }
json() { "$binary" check --threads "$1" --format json "$capture" | sha256sum; }
[ "$(json 1)" = "$(json 2)" ] || { echo "one and two threads differ" >&2; exit 1; }
# The screen, in a terminal of its own, where `script` is there to make one.
if command -v script > /dev/null; then
    screen=$( (sleep 2; printf q) | TERM=xterm-256color script -qec "stty cols 100 rows 30; '$binary' '$capture'" /dev/null)
    grep -q calls <<< "$screen" || { echo "no list of calls on the screen" >&2; exit 1; }
fi
echo "$binary works"
