#!/usr/bin/env bash
# Installs the deb of packaging/packages.sh into a Debian of its own and runs it there. As root, with debootstrap:
#   packaging/chroot.sh [SUITE [MIRROR]]     e.g. buster http://archive.debian.org/debian
set -euo pipefail
cd "$(dirname "$0")/.."
suite=${1:-stable} mirror=${2:-http://deb.debian.org/debian}
package=$(ls target/dist/*.deb | head -1)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
debootstrap --variant=minbase "$suite" "$place" "$mirror" > "$place.log" 2>&1 || { tail "$place.log" >&2; exit 1; }
cp "$package" "$place/faxflow.deb"
cp assets/demo.pcap "$place/fax.pcap"
inside() { LC_ALL=C.UTF-8 chroot "$place" "$@"; }
inside dpkg -i /faxflow.deb
inside faxflow --version
inside faxflow calls /fax.pcap
status=0
inside faxflow check /fax.pcap > /dev/null || status=$?
[ "$status" = 1 ] || { echo "check: exit status $status, not 1" >&2; exit 1; }
[ -e "$place/usr/share/man/man1/faxflow-check.1.gz" ] && [ -e "$place/usr/share/bash-completion/completions/faxflow" ]
inside dpkg -r faxflow
echo "$package works on Debian $suite"
