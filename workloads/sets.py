"""Sets and frozensets: the game of life on a set of cells, and the algebra of sets."""

from common import main

START = {(0, 1), (1, 2), (2, 0), (2, 1), (2, 2), (20, 20), (20, 21), (20, 22), (21, 19), (21, 20), (21, 21)}
START |= {(40 + x, 10) for x in range(10)} | {(60, y) for y in range(13)}
AROUND = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y]


def step(cells):
    counts = {}
    for x, y in cells:
        for dx, dy in AROUND:
            place = (x + dx, y + dy)
            counts[place] = counts.get(place, 0) + 1
    return {place for place, count in counts.items() if count == 3 or count == 2 and place in cells}


def work():
    cells = START
    seen = set()
    for _ in range(24):
        cells = step(cells)
        seen |= cells
    total = len(cells) + 1000 * len(seen)
    groups = [frozenset(range(i, 200, i)) for i in range(1, 40)]
    for left in groups:
        for right in groups:
            if not left.isdisjoint(right):
                total += len(left & right) - len(left ^ right) + (left <= right)
    return total


if __name__ == "__main__":
    main(work, 222308)
