#!/usr/bin/env python3
"""Measures the house: lines and functions of every room of src/.

    python3 tests/lib/house.py [SRC]

Since clang-format lays the code out, a function begins at the last line without indentation before
its "{" in the first column, and ends at the next "}" there; its length counts both. Static
functions "called once" are those whose name occurs exactly once in their file besides the definition
and declarations of their own.
"""

import glob
import os
import re
import sys

HEAD = re.compile(r"^[A-Za-z_].*?(\w+)\(")


def functions(text):
    """Yields name, whether it is static, and its number of lines."""
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if line != "{":
            continue
        first = i - 1
        while first > 0 and lines[first][:1] in ("\t", " "):
            first -= 1
        head = " ".join(lines[first:i])
        match = HEAD.match(re.sub(r"__attribute__\(\(.*?\)\)\s*", "", head))
        if not match or "struct" == match.group(1):
            continue
        last = next(k for k in range(i, len(lines)) if lines[k] == "}")
        start = first
        while start > 0 and lines[start - 1].startswith(("static ", "__attribute__")) and ";" not in lines[start - 1]:
            start -= 1
        yield match.group(1), "static" in " ".join(lines[start:i]), last - start + 1


def called_once(name, text):
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
    uses = len(re.findall(rf"\b{name}\b", code))
    declared = len(re.findall(rf"^(?:static|struct|enum|const|int|void|bool|char|size_t|u?int\d+_t)\b[^;{{=]*\b{name}\([^;{{]*\)[^;{{]*;", code, re.M))
    return uses - 1 - declared == 1


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))] if values else 0


def measure(files):
    lines, lengths, static, once = 0, [], 0, 0
    for path in files:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        lines += text.count("\n")
        for name, is_static, length in functions(text) if path.endswith(".c") else ():
            lengths.append(length)
            static += is_static
            once += is_static and called_once(name, text)
    sizes = [percentile(lengths, p) for p in (50, 90, 99)] + [max(lengths, default=0)]
    return lines, sizes, len(lengths), static, once


def main():
    src = sys.argv[1] if len(sys.argv) > 1 else "src"
    rooms = {}
    for path in sorted(glob.glob(f"{src}/**/*.[ch]", recursive=True)):
        room = os.path.relpath(path, src).split(os.sep)[0]
        rooms.setdefault(room, []).append(path)
    print("| room | lines | .c | .h | functions: p50 / p90 / p99 / max | static, called once |")
    print("| --- | ---: | ---: | ---: | --- | ---: |")
    everything = [path for files in rooms.values() for path in files]
    order = sorted(rooms.items(), key=lambda item: -measure(item[1])[0])
    for room, files in order + [("src", everything)]:
        lines, sizes, count, static, once = measure(files)
        c = sum(path.endswith(".c") for path in files)
        share = f"{100 * once / static:.0f} % ({once} of {static})" if static else ""
        print(f"| {room} | {lines:,} | {c} | {len(files) - c} | {' / '.join(map(str, sizes))} of {count} | {share} |")


if __name__ == "__main__":
    main()
