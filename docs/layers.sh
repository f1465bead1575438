#!/usr/bin/env bash
# The walls between the layers (docs/ARCHITECTURE.md), by grep: fails with the lines that break them.
set -u
cd "$(dirname "$0")/.."
bad=0

# only PATTERN WHERE... : PATTERN may be named nowhere in src but in WHERE.
only() {
    local pattern=$1; shift
    local found
    found=$(grep -rnE "$pattern" src --include='*.rs' | grep -vE "^($(IFS='|'; echo "$*"))")
    if [ -n "$found" ]; then
        printf 'only %s may use %s:\n%s\n' "$*" "$pattern" "$found"
        bad=1
    fi
}

# never WHERE PATTERN : the files below WHERE must not name PATTERN.
never() {
    local found
    found=$(grep -rnE "$2" $1 --include='*.rs' | grep -vE '^[^:]+:[0-9]+:\s*//')
    if [ -n "$found" ]; then
        printf '%s must not use %s:\n%s\n' "$1" "$2" "$found"
        bad=1
    fi
}

only '\b(ratatui|crossterm)::' 'src/tui'
for crate in pcap_parser etherparse rsip sdp_rs; do
    files=$(grep -rlE "\b$crate::" src --include='*.rs' | wc -l)
    if [ "$files" -gt 1 ]; then
        printf '%s is named in %s files, one is the rule\n' "$crate" "$files"
        bad=1
    fi
done
only '\bcolor_eyre\b' 'src/main.rs' 'src/tui' 'src/run'
# Pages are decoded by our own decoder and written by the crates.
only '\b(tiff|png|pdf_writer)::|^ *use fax::' 'src/export/pages'
# All time is capture time; what a collector gets is captured when it comes.
only 'SystemTime::now' 'src/capture/collector.rs'
never 'src/capture src/capture.rs' 'crate::(sip|t38|t30|rtp|call|hint|view|tui|export|analysis)\b'
never 'src/sip src/sip.rs' 'crate::(t38|t30|rtp|call|hint|view|tui|export|analysis)\b'
never 'src/t38 src/t38.rs' 'crate::(sip|t30|rtp|call|hint|view|tui|export|analysis)\b'
never 'src/t30 src/t30.rs' 'crate::(sip|t38|rtp|call|hint|view|tui|export|analysis)\b'
never 'src/rtp src/rtp.rs' 'crate::(sip|t38|t30|call|hint|view|tui|export|analysis)\b'
never 'src/page src/page.rs' 'crate::(capture|sip|t38|t30|rtp|line|call|hint|view|tui|export|analysis)\b'
never 'src/call src/call.rs' 'crate::(hint|view|tui|export|analysis)\b'
never 'src/pbxconf src/pbxconf.rs' 'crate::(capture|sip|t38|t30|rtp|call|hint|view|tui|export|analysis)\b'
never 'src/pbxlog src/pbxlog.rs' 'crate::(hint|view|tui|export|analysis)\b'
never 'src/hint src/hint.rs' 'crate::(view|tui|export|analysis)\b'
never 'src/analysis src/analysis.rs' 'crate::(view|tui|export)\b'
never 'src/compare src/compare.rs' 'crate::(view|tui|export)\b'
never 'src/redact src/redact.rs' 'crate::(hint|view|tui|export)\b'
never 'src/view src/view.rs' 'crate::(tui|export)\b'
never 'src/export src/export.rs' 'crate::tui\b'
exit $bad
