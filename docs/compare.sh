#!/usr/bin/env bash
# compare.sh OLD NEW [FILE...]: what two builds of faxflow print of the same captures, octet by octet.
#
# Runs `calls`, `flow` and `check` as text, Markdown and JSON over each FILE (default: the demo and every capture
# below ../shared/captures) and names each that differs. Exit status: 0 nothing differs, 1 something does.
# COMPARE_DIFF=N shows the first N lines of each difference. The outputs stay in COMPARE_DIR, if that is set.
set -u
old=$(readlink -f "$1") new=$(readlink -f "$2")
shift 2
cd "$(dirname "$0")/.." || exit 2
if [ $# -eq 0 ]; then
    mapfile -t files < <(ls assets/demo.pcap ../shared/captures/*/*.pcap ../shared/captures/*/*.pcapng 2>/dev/null)
    set -- "${files[@]}"
fi
dir=${COMPARE_DIR:-$(mktemp -d)}
mkdir -p "$dir"
[ -n "${COMPARE_DIR:-}" ] || trap 'rm -rf "$dir"' EXIT

one() {
    local file=$1 name bad=0 verb format
    name=$(basename "$(dirname "$file")")-$(basename "$file")
    for verb in calls flow check; do
        for format in text markdown json; do
            for side in old new; do
                timeout 60 "${!side}" "$verb" --format "$format" "$file" > "$dir/$name.$verb.$format.$side" 2>&1
                echo "exit $?" >> "$dir/$name.$verb.$format.$side"
            done
            if ! cmp -s "$dir/$name.$verb.$format".{old,new}; then
                echo "differs: $verb --format $format $file"
                [ -z "${COMPARE_DIFF:-}" ] || diff "$dir/$name.$verb.$format".{old,new} | head -n "$COMPARE_DIFF"
                bad=1
            elif [ -z "${COMPARE_DIR:-}" ]; then
                rm -f "$dir/$name.$verb.$format".{old,new}
            fi
        done
    done
    return $bad
}
export -f one
export old new dir COMPARE_DIFF COMPARE_DIR
if printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c 'one "$1"' one; then
    echo "$# captures: no difference"
else
    exit 1
fi
