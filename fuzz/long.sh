#!/usr/bin/env bash
# Fuzzes all targets (or those named) for some hours in total, as a nightly run would.
#   ./fuzz/long.sh HOURS [TARGET...]        HOURS may be a fraction: 0.5
# Each target gets the same share of the time, on all processors. What is found to reach new places is kept in
# fuzz/grown/TARGET and is where the next run begins; the corpus in the repository stays as it is. Whole captures of
# ../shared and tests are seeds of the targets that read captures. Findings are kept in fuzz/artifacts/TARGET, and the
# exit status is 1 if there were any. How to go on with one: CONTRIBUTING.md.
set -euo pipefail
cd "$(dirname "$0")"
if [ $# -lt 1 ]; then
    sed -n '3s/^# *//p' "$0" >&2
    exit 2
fi
hours=$1
shift
all=$(cd fuzz_targets && ls | sed 's/\.rs$//')
[ $# -gt 0 ] || set -- $all
each=$(awk -v hours="$hours" -v targets=$# 'BEGIN { seconds = int(hours * 3600 / targets); print (seconds > 1 ? seconds : 1) }')

# Builds what smoke.sh builds, and shows that each target runs.
SECONDS_EACH=1 ./smoke.sh "$@"
host=$(rustc -vV | sed -n 's/^host: //p')
programs=target/$host/release

# Captures as seeds, as far as they are small enough to be mutated quickly.
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
for folder in ../../shared/captures ../../shared/hostile ../tests/captures ../assets; do
    [ -d "$folder" ] || continue
    find "$folder" -type f \( -name '*.pcap' -o -name '*.pcapng' \) -size -64k -print0 |
        while IFS= read -r -d '' file; do
            cp "$file" "$seeds/$(sha256sum <"$file" | cut -c1-16)"
        done
done
echo "$# targets, $each s each, $(ls "$seeds" | wc -l) captures as seeds"

bad=0
for target in "$@"; do
    mkdir -p "artifacts/$target" "grown/$target" "corpus/$target"
    more=()
    case $target in reader | pipeline) more=("$seeds") ;; esac
    log=grown/$target.log
    # One process a processor; each goes on after a finding of another.
    if ! "$programs/$target" "grown/$target" "corpus/$target" "${more[@]}" -max_total_time="$each" \
        -fork="$(nproc)" -ignore_crashes=1 -ignore_timeouts=1 -ignore_ooms=1 \
        -timeout=10 -rss_limit_mb=1024 -max_len=65536 -artifact_prefix="artifacts/$target/" \
        >"$log" 2>&1; then
        bad=1
    fi
    found=$(find "artifacts/$target" -type f | wc -l)
    [ "$found" -eq 0 ] || bad=1
    reached=$(grep -ao 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)
    echo "$target: ${reached:-0} places reached, $(ls "grown/$target" | wc -l) inputs, $found findings"
done
exit $bad
