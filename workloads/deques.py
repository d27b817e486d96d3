"""Deques, OrderedDict and ChainMap: rotation, bounded history, breadth-first search, an LRU cache."""

from collections import ChainMap, OrderedDict, deque

from common import Numbers, main


def steps(size):
    """Moves of a knight from a corner to every field."""
    found = {(0, 0): 0}
    waiting = deque([(0, 0)])
    while waiting:
        x, y = place = waiting.popleft()
        for dx, dy in ((1, 2), (2, 1), (-1, 2), (-2, 1), (1, -2), (2, -1), (-1, -2), (-2, -1)):
            target = (x + dx, y + dy)
            if 0 <= x + dx < size and 0 <= y + dy < size and target not in found:
                found[target] = found[place] + 1
                waiting.append(target)
    return sum(found.values())


def survivor(count, step):
    circle = deque(range(count))
    while len(circle) > 1:
        circle.rotate(1 - step)
        circle.popleft()
    return circle[0]


def cached(requests, size):
    cache = OrderedDict()
    hits = 0
    for key in requests:
        if key in cache:
            cache.move_to_end(key)
            hits += 1
        else:
            cache[key] = key
            if len(cache) > size:
                cache.popitem(last=False)
    return hits


def work():
    numbers = Numbers(73)
    total = steps(36) + survivor(3000, 7)
    total += cached([numbers.below(90) * numbers.below(3) for _ in range(5000)], 60)
    recent = deque(maxlen=8)
    for i in range(3000):
        recent.append(i)
        total += recent[0] + len(recent)
    layers = ChainMap({"a": 1}, {"b": 2, "a": 5}, {"c": 3})
    return total + sum(layers["c"] + layers["a"] for _ in range(900)) + len(layers.new_child())


if __name__ == "__main__":
    main(work, 4527360)
