"""Lists: append and pop, slices, insertion, index loops, nested lists, reversal and membership."""

from common import main


def sieve(limit):
    flags = [True] * limit
    flags[0] = flags[1] = False
    for i in range(2, int(limit**0.5) + 1):
        if flags[i]:
            flags[i * i :: i] = [False] * len(range(i * i, limit, i))
    return [i for i, flag in enumerate(flags) if flag]


def transposed(rows):
    height, width = len(rows), len(rows[0])
    out = [[0] * height for _ in range(width)]
    for y in range(height):
        row = rows[y]
        for x in range(width):
            out[x][y] = row[x]
    return out


def work():
    primes = sieve(60000)
    stack = []
    total = 0
    for prime in primes:
        stack.append(prime)
        if prime & 2:
            total += stack.pop() - len(stack)
    rows = [list(range(y, y + 80)) for y in range(80)]
    for _ in range(12):
        rows = transposed(rows)
        for row in rows:
            row.reverse()
    front = []
    for i in range(700):
        front.insert(i // 2, i)
    window = [sum(primes[i : i + 5]) for i in range(0, 1400, 2)]
    total += sum(front[::3]) + sum(row[7] for row in rows) + sum(window)
    total += sum(1 for i in range(300) if i in front)
    return total + len(primes + stack) + (front * 2).count(5)


if __name__ == "__main__":
    main(work, 100465399)
