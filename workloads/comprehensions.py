"""Comprehensions of lists, dictionaries and sets, nested and with conditions."""

from common import main

ROWS = [[(x * y) % 17 for x in range(40)] for y in range(40)]


def work():
    total = 0
    for shift in range(24):
        moved = [[value + shift for value in row if value & 1] for row in ROWS]
        index = {(y, x): value for y, row in enumerate(moved) for x, value in enumerate(row)}
        values = {value for row in moved for value in row}
        inverse = {value: [place for place in index if index[place] == value] for value in (3, 5)}
        total += sum([len(row) for row in moved]) + len(index) + sum(values)
        total += sum([len(places) for places in inverse.values()])
        total += sum([sum([a * b for a, b in zip(row, row[1:])]) for row in moved])
    return total


if __name__ == "__main__":
    main(work, 6584772)
