"""Pancake flips over all permutations of seven: list slices, index arithmetic, small loops."""

from common import main


def orders(size):
    """All permutations by Heap's method, each in the same list."""
    items = list(range(size))
    counts = [0] * size
    yield items
    i = 0
    while i < size:
        if counts[i] < i:
            j = counts[i] if i & 1 else 0
            items[i], items[j] = items[j], items[i]
            yield items
            counts[i] += 1
            i = 0
        else:
            counts[i] = 0
            i += 1


def flips(order):
    items = order[:]
    count = 0
    while first := items[0]:
        items[: first + 1] = items[first::-1]
        count += 1
    return count


def work():
    most = total = 0
    for order in orders(7):
        count = flips(order)
        total += count
        if count > most:
            most = count
    return most, total


if __name__ == "__main__":
    main(work, (16, 18508))
