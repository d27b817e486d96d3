"""Cells live and die on a plane without bounds, kept as a set of places; shapes are recognised."""
import random
from collections import Counter

AROUND = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0)]


def step(alive):
    seen = Counter((x + dx, y + dy) for x, y in alive for dx, dy in AROUND)
    return {place for place, n in seen.items() if n == 3 or (n == 2 and place in alive)}


def islands(alive):
    left = set(alive)
    while left:
        todo, found = [left.pop()], set()
        while todo:
            x, y = todo.pop()
            found.add((x, y))
            for dx, dy in AROUND:
                near = (x + dx, y + dy)
                if near in left:
                    left.remove(near)
                    todo.append(near)
        yield frozenset(found)


def shape(cells):
    left, top = min(x for x, _ in cells), min(y for _, y in cells)
    return tuple(sorted((x - left, y - top) for x, y in cells))


if __name__ == "__main__":
    draw = random.Random(11)
    alive = {(draw.randrange(40), draw.randrange(40)) for _ in range(520)}
    known = {}
    for age in range(60):
        alive = step(alive)
        if age % 10 == 9:
            for island in islands(alive):
                known[shape(island)] = known.get(shape(island), 0) | 1 << age
    common = alive & {(y, x) for x, y in alive}
    print(len(alive), len(known), len(common), sum(n.bit_count() for n in known.values()))
