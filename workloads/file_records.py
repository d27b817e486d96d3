"""Text and binary streams in memory: lines, encoding and decoding, buffered reads, seeks."""

import io

from common import main

TEXT = "".join(f"{i}\tnaïve café №{i * 7}\t{'x' * (i % 40)}\n" for i in range(4000))
DATA = TEXT.encode("utf-8")


def work():
    total = 0
    stream = io.TextIOWrapper(io.BufferedReader(io.BytesIO(DATA), 1024), encoding="utf-8")
    for line in stream:
        number, name, tail = line.rstrip("\n").split("\t")
        total += int(number) + len(name) - len(tail)
    binary = io.BytesIO()
    writer = io.TextIOWrapper(binary, encoding="utf-16", newline="\r\n")
    for line in TEXT.splitlines(True):
        writer.write(line)
    writer.flush()
    total += binary.tell()
    for encoding in ("utf-8", "utf-16-le", "utf-32", "cp1252"):
        total += len(TEXT.encode(encoding, "replace").decode(encoding))
    reader = io.BufferedReader(io.BytesIO(DATA), 256)
    while chunk := reader.read(100):
        total += chunk[0]
    reader.seek(77)
    while line := reader.readline():
        total += len(line)
    return total


if __name__ == "__main__":
    main(work, 9397818)
