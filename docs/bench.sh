#!/bin/sh
# faxflow against its peers on the same captures, in one run: CPU seconds (user+sys) and peak memory.
# usage: docs/bench.sh RUNS CAPTURE...     (FAXFLOW=path of the binary; SLOW=0: without tshark and sngrep;
#        FORMS=1: also compressed, from a pipe, and check of each)
# Least of RUNS each, and with hyperfine, if it is there, their mean; the slow ones run once. The page cache is filled
# anew first.
set -eu
runs=${1:?runs}
shift
faxflow=${FAXFLOW:-target/dist/faxflow}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure NAME RUNS COMMAND...
measure() {
    name=$1 count=$2
    shift 2
    : >"$work/times"
    while [ "$count" -gt 0 ]; do
        status=0
        /usr/bin/time -q -o "$work/one" -f '%U %S %e %M' "$@" >/dev/null 2>&1 || status=$?
        # faxflow says with 1 and 2 what it found; from 3 on a program failed, and its time means nothing.
        if [ "$status" -ge 3 ]; then
            echo "$name: exit status $status"
            return
        fi
        cat "$work/one" >>"$work/times"
        count=$((count - 1))
    done
    awk -v name="$name" '
        { cpu = $1 + $2; if (NR == 1 || cpu < least) { least = cpu; wall = $3; memory = $4 } }
        END { printf "%-28s %8.2f %8.2f %8.1f\n", name, least, wall, memory / 1024 }' "$work/times"
}

for capture in "$@"; do
    # Read anew, as a capture is that was written by somebody else: pages that were written in little pieces, when
    # memory was short, stay in little pieces, and reading them takes every program up to twice the time.
    sync "$capture" || true
    dd if="$capture" iflag=nocache count=0 status=none || true
    cat "$capture" >/dev/null
    echo "$capture ($(wc -c <"$capture") octets), $(uname -m), $(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg)"
    printf '%-28s %8s %8s %8s\n' program 'CPU s' 'wall s' 'MB'
    measure 'faxflow calls' "$runs" "$faxflow" calls "$capture"
    measure 'capinfos -c' "$runs" capinfos -c "$capture"
    measure 'tcpdump -w /dev/null' "$runs" tcpdump -r "$capture" -w /dev/null
    if [ "${FORMS:-0}" = 1 ]; then
        gzip -1 -c "$capture" >"$work/capture.gz"
        zstd -q -c "$capture" >"$work/capture.zst"
        measure 'faxflow calls, gzip' "$runs" "$faxflow" calls "$work/capture.gz"
        measure 'gzip -dc' "$runs" gzip -dc "$work/capture.gz"
        measure 'faxflow calls, zstd' "$runs" "$faxflow" calls "$work/capture.zst"
        measure 'zstd -dc' "$runs" zstd -q -dc "$work/capture.zst"
        measure 'faxflow calls, pipe' "$runs" sh -c "cat '$capture' | '$faxflow' calls -"
        measure 'faxflow check' "$runs" "$faxflow" check "$capture"
    fi
    # The same of the quick ones by their mean, and how far it goes from run to run.
    if command -v hyperfine >/dev/null; then
        hyperfine -N --warmup 1 --runs "$runs" --export-csv "$work/means.csv" \
            -n 'faxflow calls' "'$faxflow' calls '$capture'" \
            -n 'capinfos -c' "capinfos -c '$capture'" \
            -n 'tcpdump -w /dev/null' "tcpdump -r '$capture' -w /dev/null" >/dev/null 2>&1
        printf '%-28s %8s %8s %8s\n' 'hyperfine: mean' 'CPU s' 'wall s' '+- s'
        awk -F, 'NR > 1 { printf "%-28s %8.3f %8.3f %8.3f\n", $1, $5 + $6, $2, $3 }' "$work/means.csv"
    fi
    if [ "${SLOW:-1}" = 1 ]; then
        measure 'tshark -q -z sip,stat' 1 tshark -n -q -z sip,stat -r "$capture"
        measure 'sngrep -N' 1 sngrep -N -q -l 200000 -I "$capture" -O "$work/out.pcap"
    fi
done
