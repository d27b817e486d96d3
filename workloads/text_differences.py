"""difflib: matching blocks, ratios, unified differences and close matches."""

import difflib

from common import Numbers, main


def versions(lines):
    numbers = Numbers(59)
    old = [f"line {numbers.below(60)} of {numbers.below(9)}\n" for _ in range(lines)]
    new = []
    for line in old:
        kind = numbers.below(12)
        if kind == 0:
            continue
        new.append(line.upper() if kind == 1 else line)
        if kind == 2:
            new.append(f"new {numbers.below(99)}\n")
    return old, new


OLD, NEW = versions(300)
WORDS = [f"identifier{i * 37 % 100}_{'abc'[i % 3]}" for i in range(60)]


def work():
    total = sum(map(len, difflib.unified_diff(OLD, NEW, "old", "new")))
    matcher = difflib.SequenceMatcher(None, "".join(OLD)[:900], "".join(NEW)[:900])
    total += sum(block.size for block in matcher.get_matching_blocks())
    total += len(difflib.get_close_matches("identifier50_d", WORDS, 5))
    return total + len(list(difflib.ndiff(OLD[:24], NEW[:24])))


if __name__ == "__main__":
    main(work, 4445)
