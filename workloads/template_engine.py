"""A template engine in Python: text compiled to a Python function with loops, filters and escapes."""

import html
import re

from common import main

TEMPLATE = """<table>
{% for row in rows %}<tr class="{{ row.kind }}">
{% for cell in row.cells %}{% if cell.wide %}<td colspan=2>{% else %}<td>{% end %}
{{ cell.text|upper|trim }}</td>
{% end %}</tr>
{% end %}</table>"""
PIECE = re.compile(r"({%.*?%}|{{.*?}})", re.S)
FILTERS = {"upper": str.upper, "trim": str.strip}


def compiled(text):
    lines, depth = ["def render(scope, out):"], 1

    def emit(line):
        lines.append("    " * depth + line)

    for piece in PIECE.split(text):
        if piece.startswith("{{"):
            name, *filters = piece[2:-2].strip().split("|")
            code = path(name)
            for found in filters:
                code = f"filters[{found!r}](str({code}))"
            emit(f"out(escape(str({code})))")
        elif piece.startswith("{%"):
            words = piece[2:-2].split()
            if words[0] == "for":
                emit(f"for item in {path(words[3])}:")
                depth += 1
                emit(f"scope[{words[1]!r}] = item")
            elif words[0] == "if":
                emit(f"if {path(words[1])}:")
                depth += 1
            elif words[0] == "else":
                depth -= 1
                emit("else:")
                depth += 1
            else:
                depth -= 1
        elif piece:
            emit(f"out({piece!r})")
    space = {"filters": FILTERS, "escape": html.escape}
    exec("\n".join(lines), space)
    return space["render"]


def path(name):
    first, *rest = name.split(".")
    return f"scope[{first!r}]" + "".join(f"[{part!r}]" for part in rest)


ROWS = [
    {"kind": f"k{y % 3}", "cells": [{"wide": x % 4 == 0, "text": f" <cell> {x * y} & "} for x in range(12)]}
    for y in range(400)
]


def work():
    total = 0
    for _ in range(2):
        out = []
        compiled(TEMPLATE)({"rows": ROWS}, out.append)
        total += len("".join(out))
    return total


if __name__ == "__main__":
    main(work, 360308)
