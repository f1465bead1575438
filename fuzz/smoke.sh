#!/usr/bin/env bash
# Fuzzes every target a few seconds, starting from the corpus, which it leaves as it is.
#   SECONDS_EACH=3 ./fuzz/smoke.sh
# Works on stable: the coverage flags of cargo-fuzz need RUSTC_BOOTSTRAP, no nightly toolchain.
set -euo pipefail
cd "$(dirname "$0")"
export RUSTC_BOOTSTRAP=1 CARGO_INCREMENTAL=0
each=${SECONDS_EACH:-3}

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "cargo-fuzz is missing: trying to install it"
    if ! cargo install --quiet --locked cargo-fuzz; then
        echo "cargo-fuzz cannot be had: nothing is fuzzed here; tests/corpus.rs replays the corpus on stable"
        exit 0
    fi
fi

# No address sanitizer: the crate forbids unsafe code, and panics are what is looked for.
cargo fuzz build --sanitizer none
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
bad=0
for source in fuzz_targets/*.rs; do
    target=$(basename "$source" .rs)
    mkdir -p "artifacts/$target" "$found/$target"
    printf '%s: ' "$target"
    if cargo fuzz run --sanitizer none "$target" "$found/$target" "corpus/$target" -- \
        -max_total_time="$each" -timeout=10 -rss_limit_mb=1024 -max_len=32768 \
        >"$found/log" 2>&1; then
        grep '^Done' "$found/log" || tail -1 "$found/log"
    else
        bad=1
        echo "FINDING, kept in fuzz/artifacts/$target"
        grep -vE '^#|^INFO' "$found/log" | tail -30
    fi
done
exit $bad
