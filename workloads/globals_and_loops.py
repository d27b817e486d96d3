"""The bytecode loop itself: global and local variables, integer arithmetic, while and for, branches."""

from common import main

COUNT = 0
LIMIT = 113383


def collatz(start):
    steps = 0
    while start != 1:
        if start & 1:
            start = 3 * start + 1
        else:
            start >>= 1
        steps += 1
    return steps


def count_globally(rounds):
    global COUNT
    COUNT = 0
    for _ in range(rounds):
        COUNT += 1
        if COUNT > LIMIT:
            COUNT = 0
    return COUNT


def greatest_divisor(a, b):
    while b:
        a, b = b, a % b
    return a


def work():
    longest = 0
    for start in range(1, 1000):
        steps = collatz(start)
        longest = steps if steps > longest else longest
    total = longest + count_globally(60000)
    for i in range(2, 120):
        for j in range(i, 120, 3):
            total += greatest_divisor(i, j)
    return total


if __name__ == "__main__":
    main(work, 74990)
