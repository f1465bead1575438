# What .ci/run does, piece by piece.

check:
    cargo fmt --all --check
    cargo clippy --all-targets -- -D warnings
    ./docs/layers.sh

test:
    cargo test

# Rewrites docs/hints.md, docs/keys.md, docs/protocol.md and the man page from the tables.
docs:
    UPDATE_DOCS=1 cargo test

layers:
    ./docs/layers.sh

demo:
    cargo run --release -- assets/demo.pcap

# Static binary, manual pages, completions: docs/packages.md.
dist:
    packaging/dist.sh

packages:
    packaging/packages.sh

ci:
    .ci/run
