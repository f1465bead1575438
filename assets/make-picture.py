#!/usr/bin/env python3
"""Makes screen.svg: the flow of 2007 to 3004 in demo.pcap, which failed, as the program itself draws it in a terminal (tmux)."""
import html
import pathlib
import re
import subprocess
import sys
import time

COLUMNS, ROWS = 144, 40
CELL_W, CELL_H = 8.4, 17
COLOURS = ["#1c1c1c", "#e06c75", "#98c379", "#d7af5f", "#61afef", "#c678dd", "#56b6c2", "#c8c8c8",
           "#7f848e", "#ff7b86", "#b5e890", "#ffd75f", "#82cfff", "#e2a0f5", "#7fe0e6", "#ffffff"]


def tmux(*words):
    return subprocess.run(["tmux", "-L", "picture", *words], check=True, capture_output=True, text=True).stdout


def screen(binary, capture):
    """The screen with its colour sequences: the fax found by its number, opened."""
    tmux("new-session", "-d", "-s", "p", "-x", str(COLUMNS), "-y", str(ROWS), f"FAXFLOW_CONFIG= {binary} {capture}")
    time.sleep(2)
    for keys in (["/"], ["from:2007"], ["Enter"], ["Enter"]):
        tmux("send-keys", "-t", "p", *keys)
        time.sleep(1)
    text = tmux("capture-pane", "-t", "p", "-e", "-p")
    tmux("kill-server")
    return text


def cells(line):
    """(character, foreground, bold, dim, reversed) for each cell."""
    fg, bold, dim, rev = None, False, False, False
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            codes = [int(code or 0) for code in part[2:-1].split(";")]
            at = 0
            while at < len(codes):
                code = codes[at]
                if code == 0:
                    fg, bold, dim, rev = None, False, False, False
                elif code in (1, 2, 7):
                    bold, dim, rev = bold or code == 1, dim or code == 2, rev or code == 7
                elif code == 22:
                    bold = dim = False
                elif code == 27:
                    rev = False
                elif 30 <= code <= 37:
                    fg = COLOURS[code - 30]
                elif 90 <= code <= 97:
                    fg = COLOURS[code - 82]
                elif code == 39:
                    fg = None
                elif code == 38 and codes[at + 1:at + 2] == [5]:
                    fg, at = COLOURS[codes[at + 2] % 16], at + 2
                at += 1
        else:
            for character in part:
                yield character, fg, bold, dim, rev


def svg(text):
    width, height = COLUMNS * CELL_W + 16, ROWS * CELL_H + 16
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" font-family="DejaVu Sans Mono, '
           f'Menlo, Consolas, monospace" font-size="14" xml:space="preserve">',
           f'<rect width="100%" height="100%" rx="6" fill="{COLOURS[0]}"/>']
    for row, line in enumerate(text.splitlines()):
        y = 8 + (row + 1) * CELL_H - 4
        run, start, style = "", 0, None
        for column, (character, *now) in enumerate([*cells(line), ("", None, None, None, None)]):
            if now != style:
                if run.strip():
                    out.append(piece(run, start, y, style))
                run, start, style = "", column, now
            run += character
    out.append("</svg>")
    return "\n".join(out) + "\n"


def piece(run, start, y, style):
    fg, bold, dim, rev = style
    x = 8 + start * CELL_W
    box = ""
    if rev:
        box = f'<rect x="{x:.1f}" y="{y - CELL_H + 4}" width="{len(run) * CELL_W:.1f}" height="{CELL_H}" fill="{fg or COLOURS[7]}"/>'
    colour = COLOURS[0] if rev else fg or COLOURS[7]
    extra = (' font-weight="bold"' if bold else "") + (' opacity="0.6"' if dim else "")
    return f'{box}<text x="{x:.1f}" y="{y:.1f}" textLength="{len(run) * CELL_W:.1f}" fill="{colour}"{extra}>{html.escape(run)}</text>'


here = pathlib.Path(__file__).resolve().parent
picture = svg(screen(sys.argv[1] if len(sys.argv) > 1 else here.parent / "target/release/faxflow", here / "demo.pcap"))
(here / "screen.svg").write_text(picture, encoding="utf-8")
