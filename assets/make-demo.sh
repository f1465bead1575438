#!/usr/bin/env bash
# Makes demo.pcap out of captures of ../shared/faxgen: a good three-page fax, a fax over two legs, T.38 refused
# with 488, DIS without DCS, a plain voice call. Needs editcap and mergecap (Wireshark).
set -euo pipefail
from=${1:?directory of synthetic captures}
out=$(cd "$(dirname "$0")" && pwd)/demo.pcap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
start=1740996180   # the first call begins here; the others follow
at=0
parts=()
for name in t38-ok-3page-ecm t38-ok-b2bua t38-fail-488 t38-fail-one-way voice-dtmf; do
    t0=$(python3 -c 'import json,sys; print(int(json.load(open(sys.argv[1]))["t0"]))' "$from/$name.json")
    editcap -t $((start + at - t0)) "$from/$name.pcap" "$work/$name.pcap"
    parts+=("$work/$name.pcap")
    at=$((at + 75))
done
mergecap -F pcap -w "$out" "${parts[@]}"
