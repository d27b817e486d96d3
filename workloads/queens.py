"""Eight queens, all solutions by backtracking: with permutations, with sets, with bits."""

from itertools import permutations

from common import main


def by_permutations(size):
    columns = range(size)
    return sum(
        len({row + column for row, column in enumerate(order)})
        == len({row - column for row, column in enumerate(order)})
        == size
        for order in permutations(columns)
    )


def by_sets(size, row=0, columns=frozenset(), up=frozenset(), down=frozenset()):
    if row == size:
        return 1
    return sum(
        by_sets(size, row + 1, columns | {c}, up | {row + c}, down | {row - c})
        for c in range(size)
        if c not in columns and row + c not in up and row - c not in down
    )


def by_bits(full, columns=0, up=0, down=0):
    if columns == full:
        return 1
    count = 0
    free = full & ~(columns | up | down)
    while free:
        place = free & -free
        free ^= place
        count += by_bits(full, columns | place, (up | place) << 1, (down | place) >> 1)
    return count


def work():
    return by_permutations(6), by_sets(8), by_bits((1 << 8) - 1)


if __name__ == "__main__":
    main(work, (4, 92, 92))
