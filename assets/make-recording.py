#!/usr/bin/env python3
"""Makes demo.cast (asciinema v2): the program on its sample, driven by keys; play it with `asciinema play assets/demo.cast`.

    assets/make-recording.py target/release/faxflow

What is written is what the program sends to a terminal. Times are those of the script, not of the machine, so that a
recording made again differs only where the screen does."""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
from pathlib import Path

COLUMNS, ROWS = 120, 32
# Seconds after which keys are pressed, and the keys.
SCRIPT = [
    (2.5, "/"), (0.8, "2"), (0.2, "0"), (0.2, "0"), (0.2, "7"), (1.5, "\r"),   # the fax, by its number
    (1.5, "\r"),                                                             # its flow, where it failed
    (3.0, "E"), (2.0, "e"), (2.5, "\r"),                                      # errors; the message with its hints
    (4.0, "q"), (1.0, " "), (1.0, "k"), (0.4, "k"), (0.4, "k"), (1.5, " "),    # two messages side by side
    (4.0, "q"), (1.0, "q"), (1.0, "\x1b"), (1.0, "q"),
]
# Without output for so long the screen is drawn.
QUIET = 0.6


def until_quiet(master):
    out = b""
    while select.select([master], [], [], QUIET)[0]:
        try:
            octets = os.read(master, 65536)
        except OSError:
            break
        if not octets:
            break
        out += octets
    return out.decode("utf-8", "replace")


def main():
    program = os.path.abspath(sys.argv[1])
    child, master = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8", FAXFLOW_CONFIG="")
        os.environ.pop("NO_COLOR", None)
        # The size has to be there before the program asks for it.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.execv(program, [program, "--demo"])
    events, at = [(0.5, until_quiet(master))], 0.5
    for wait, keys in SCRIPT:
        at += wait
        os.write(master, keys.encode())
        events.append((at, until_quiet(master)))
    os.waitpid(child, 0)
    header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "faxflow --demo", "env": {"TERM": "xterm-256color"}}
    path = Path(__file__).with_name("demo.cast")
    with path.open("w") as out:
        out.write(json.dumps(header) + "\n")
        for at, text in events:
            if text:
                out.write(json.dumps([round(at, 2), "o", text]) + "\n")
    print(f"{path}: {len(events)} events, {path.stat().st_size} octets")


main()
