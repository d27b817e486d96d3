"""CSV: reading and writing rows and dictionaries, quoted fields and another dialect."""

import csv
import io

from common import main

ROWS = [
    [i, f"name {i}", i / 4, 'a "quoted" text' if i % 5 == 0 else "plain", f"x,{i}\ny"]
    for i in range(700)
]


def work():
    out = io.StringIO()
    csv.writer(out).writerows(ROWS)
    text = out.getvalue()
    total = len(text)
    for row in csv.reader(io.StringIO(text, newline="")):
        total += len(row) + int(row[0]) + len(row[3])
    out = io.StringIO()
    writer = csv.DictWriter(out, ["id", "name", "value"], delimiter=";", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for row in ROWS:
        writer.writerow({"id": row[0], "name": row[1], "value": row[2]})
    for row in csv.DictReader(io.StringIO(out.getvalue()), delimiter=";"):
        total += int(row["id"]) + len(row["name"])
    return total + len(csv.Sniffer().sniff("a;b;c\n1;2;3\n4;5;6\n").delimiter)


if __name__ == "__main__":
    main(work, 529931)
