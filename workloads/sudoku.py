"""A sudoku by elimination and search: lists of strings, copies, recursion, early exits."""

from common import main

GRID = "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4.."
DIGITS = "123456789"
PLACES = range(81)


def peers_of(place):
    row, column = divmod(place, 9)
    same = {row * 9 + i for i in range(9)} | {i * 9 + column for i in range(9)}
    top, left = row // 3 * 3, column // 3 * 3
    same |= {(top + i // 3) * 9 + left + i % 3 for i in range(9)}
    return tuple(sorted(same - {place}))


PEERS = [peers_of(place) for place in PLACES]


class Stop(Exception):
    pass


def assign(grid, place, digit):
    """False when the grid has become impossible."""
    waiting = [(place, digit)]
    while waiting:
        place, digit = waiting.pop()
        if digit not in grid[place]:
            return False
        grid[place] = digit
        for peer in PEERS[place]:
            left = grid[peer]
            if digit in left:
                if len(left) == 1:
                    return False
                left = grid[peer] = left.replace(digit, "")
                if len(left) == 1:
                    waiting.append((peer, left))
    return True


def solved(grid, budget):
    budget[0] -= 1
    if budget[0] == 0:
        raise Stop
    open_places = [place for place in PLACES if len(grid[place]) > 1]
    if not open_places:
        return grid
    place = min(open_places, key=lambda found: len(grid[found]))
    for digit in grid[place]:
        copy = grid[:]
        if assign(copy, place, digit) and (found := solved(copy, budget)):
            return found
    return None


def work():
    grid = [DIGITS] * 81
    for place, digit in enumerate(GRID):
        if digit != ".":
            assign(grid, place, digit)
    budget = [450]
    try:
        return "".join(solved(grid, budget)), budget[0]
    except Stop:
        return "".join(grid[:9]), len("".join(grid))


if __name__ == "__main__":
    main(work, ('812462456923471235712341356945791345679', 275))
