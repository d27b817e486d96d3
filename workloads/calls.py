"""Calls of plain functions: positional, keyword, default and starred arguments, and recursion."""

from common import main


def add(a, b):
    return a + b


def scaled(value, factor=3, *, shift=0):
    return value * factor + shift


def gather(*values, **named):
    return len(values) + len(named)


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def work():
    total = fibonacci(19) + ackermann(2, 30)
    pair = (7, 8)
    named = {"factor": 2, "shift": 5}
    for i in range(9000):
        total = add(total, i) & 0xFFFFFF
        total = add(scaled(i), total)
        total += scaled(i, shift=1) - scaled(i, 2)
        total += scaled(i, **named)
        total += gather(*pair, i) + gather(i, left=1, right=2)
    return total


if __name__ == "__main__":
    main(work, 15145288)
