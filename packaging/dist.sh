#!/usr/bin/env bash
# Builds what is handed out: a static binary, its manual pages and completions, in an archive with its sum.
#   packaging/dist.sh [TARGET]     in target/dist; without TARGET musl where rustup has it for this machine, else GNU
# Reproducible: the same commit and toolchain give the same octets wherever it is built. With cargo-auditable on the
# path the binary says which crates it is made of (its SBOM: `cargo audit bin faxflow`, `syft faxflow`).
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
machine=$(uname -m)
target=${1:-}
if [ -z "$target" ]; then
    target=$machine-unknown-linux-gnu
    if rustup target list --installed 2>/dev/null | grep -qx "$machine-unknown-linux-musl"; then
        target=$machine-unknown-linux-musl
    fi
fi
version=$(cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"name":"faxflow","version":"\([^"]*\)".*/\1/')
name=faxflow-$version-$target
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

# No path of this machine in the binary.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
sysroot=$(rustc --print sysroot)
RUSTFLAGS="-C target-feature=+crt-static ${RUSTFLAGS:-}"
for from_to in "$root=/faxflow" "$cargo_home=/cargo" "$sysroot=/rust"; do
    RUSTFLAGS+=" --remap-path-prefix=$from_to"
    CFLAGS+=" -ffile-prefix-map=$from_to"
done
export RUSTFLAGS CFLAGS
cargo=(cargo)
command -v cargo-auditable >/dev/null && cargo=(cargo auditable)
"${cargo[@]}" build --locked --profile dist --target "$target"

out=target/dist/$name
rm -rf "$out"
mkdir -p "$out/completions" "$out/man"
install -m 755 "${CARGO_TARGET_DIR:-target}/$target/dist/faxflow" "$out/faxflow"
cp README.md CHANGELOG.md SECURITY.md LICENSE-MIT LICENSE-APACHE "$out/"
if [ "${target%%-*}" = "$machine" ]; then
    # By the binary itself: a first sign of life.
    "$out/faxflow" man -o "$out/man"
    "$out/faxflow" completions bash > "$out/completions/faxflow.bash"
    "$out/faxflow" completions zsh > "$out/completions/_faxflow"
    "$out/faxflow" completions fish > "$out/completions/faxflow.fish"
    packaging/smoke.sh "$out/faxflow"
fi
if LC_ALL=C grep -aqF "$HOME/" "$out/faxflow"; then
    echo "a path of this machine is in the binary" >&2
    exit 1
fi
tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C target/dist -cf - "$name" |
    gzip -9n > "target/dist/$name.tar.gz"
cd target/dist
sha256sum "$name.tar.gz" "$name/faxflow" | tee SHA256SUMS
