"""Prints the table of workloads in docs/workloads.md, made from the index; --write puts it there."""

import json
import sys

DOCUMENT = "docs/workloads.md"
BEGIN = "<!-- table: python3 tests/workloads/table.py --write -->\n"
END = "<!-- end of table -->\n"


def table():
    with open("workloads/index.json", encoding="utf-8") as file:
        index = json.load(file)
    lines = ["| workload | what it stresses | loops | needs |", "| --- | --- | --- | --- |"]
    for entry in index:
        stresses = entry["stresses"].replace("|", "\\|").replace("__", "\\_\\_").replace("*", "\\*")
        needs = ", ".join(f"`{name}`" for name in entry.get("needs", []))
        lines.append(f"| `{entry['name']}` | {stresses} | {entry['loops']} | {needs} |")
    return "\n".join(lines) + "\n"


def parts():
    """The document before the table, the table, and what follows it."""
    with open(DOCUMENT, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
    inside, _, after = rest.partition(END)
    return before, inside, after


def main():
    if sys.argv[1:] != ["--write"]:
        print(table(), end="")
        return
    before, _, after = parts()
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + table() + END + after)


if __name__ == "__main__":
    main()
