#!/usr/bin/env bash
# Fuzzes every target a few seconds, starting from the corpus, which it leaves as it is. A part of .ci/run.
#   SECONDS_EACH=3 ./fuzz/smoke.sh [TARGET...]
# Needs no cargo-fuzz and no nightly toolchain: the targets are ordinary programs, built with the flags for coverage
# that cargo-fuzz would give. Without address sanitizer: the crate forbids unsafe code, and panics are what is looked for.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never
each=${SECONDS_EACH:-3}

host=$(rustc -vV | sed -n 's/^host: //p')
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
for part in inline-8bit-counters pc-table trace-compares; do
    coverage+=" -Cllvm-args=-sanitizer-coverage-$part"
done
# With a target of its own build scripts and macros are built without them.
RUSTFLAGS="$coverage -Cllvm-args=-simplifycfg-branch-fold-threshold=0 --cfg fuzzing -Cdebug-assertions" \
    cargo build --quiet --locked --release --bins --target "$host"
programs=target/$host/release

found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
[ $# -gt 0 ] || set -- $(cd fuzz_targets && ls | sed 's/\.rs$//')
bad=0
for target in "$@"; do
    mkdir -p "artifacts/$target" "$found/$target"
    # Not a line of the library may stay unseen because coverage is not counted: then nothing is fuzzed.
    if ! TMPDIR="$found" "$programs/$target" "$found/$target" "corpus/$target" -max_total_time="$each" \
        -timeout=10 -rss_limit_mb=1024 -max_len=32768 -artifact_prefix="artifacts/$target/" \
        >"$found/log" 2>&1; then
        bad=1
        echo "$target: FINDING, kept in fuzz/artifacts/$target"
        grep -avE '^#|^INFO|NEW_FUNC' "$found/log" | tail -30
        continue
    fi
    runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$found/log")
    seen=$(sed -n 's/.*DONE *cov: \([0-9]*\).*/\1/p' "$found/log")
    echo "$target: ${runs:-0} runs, ${seen:-0} places reached"
    if [ "${runs:-0}" -lt 1 ] || [ "${seen:-0}" -lt 50 ]; then
        bad=1
        echo "$target: nothing was fuzzed"
        tail -5 "$found/log"
    fi
done
exit $bad
