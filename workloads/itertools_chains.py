"""Chains of itertools and operator: groups, products, windows, accumulation, islice, starmap, tee."""

from itertools import (accumulate, chain, combinations, compress, count, cycle, groupby, islice, pairwise,
                       product, starmap, takewhile, tee, zip_longest)
from operator import add, itemgetter, mul

from common import main

ROWS = [(i * 7 % 13, i * 11 % 17, i) for i in range(1500)]


def work():
    total = 0
    rows = sorted(ROWS, key=itemgetter(0))
    for key, group in groupby(rows, key=itemgetter(0)):
        total += key * sum(map(itemgetter(2), group))
    total += sum(a * b for a, b in product(range(150), repeat=2) if a != b)
    total += sum(map(sum, combinations(range(20), 3)))
    total += sum(starmap(mul, pairwise(accumulate(range(2000), add))))
    total += sum(islice(compress(count(), cycle([1, 0, 1])), 3000))
    left, right = tee(takewhile(lambda value: value < 2500, count(3, 2)))
    total += sum(a or b for a, b in zip_longest(left, islice(right, 500)))
    merged = chain.from_iterable([row, row[::-1]] for row in ROWS)
    total += sum(max(row) for row in merged)
    return total


if __name__ == "__main__":
    main(work, 1598000141596855)
