"""The spectral norm of an infinite matrix, by the power method: calls and float sums."""

from math import sqrt

from common import main


def cell(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times(vector):
    return [sum([cell(i, j) * value for j, value in enumerate(vector)]) for i in range(len(vector))]


def times_transposed(vector):
    return [sum([cell(j, i) * value for j, value in enumerate(vector)]) for i in range(len(vector))]


def work():
    u = [1.0] * 50
    for _ in range(6):
        v = times_transposed(times(u))
        u = times_transposed(times(v))
    product = sum(a * b for a, b in zip(u, v))
    return round(sqrt(product / sum(b * b for b in v)), 7)


if __name__ == "__main__":
    main(work, 1.2741938)
