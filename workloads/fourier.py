"""Numerical work on lists: a fast Fourier transform, LU decomposition, relaxation on a grid."""

from cmath import exp, pi
from math import sin

from common import main


def transform(values):
    size = len(values)
    if size == 1:
        return values
    even, odd = transform(values[::2]), transform(values[1::2])
    turned = [exp(-2j * pi * k / size) * odd[k] for k in range(size // 2)]
    return [a + b for a, b in zip(even, turned)] + [a - b for a, b in zip(even, turned)]


def decomposed(rows):
    size = len(rows)
    for i in range(size):
        pivot = max(range(i, size), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(i + 1, size):
            factor = rows[r][i] / rows[i][i]
            rows[r][i] = factor
            for c in range(i + 1, size):
                rows[r][c] -= factor * rows[i][c]
    product = 1.0
    for i in range(size):
        product *= abs(rows[i][i])
    return product


def relaxed(size, rounds):
    grid = [[float(x == 0) for x in range(size)] for _ in range(size)]
    for _ in range(rounds):
        for y in range(1, size - 1):
            row, above, below = grid[y], grid[y - 1], grid[y + 1]
            for x in range(1, size - 1):
                row[x] += 1.5 * ((row[x - 1] + row[x + 1] + above[x] + below[x]) / 4 - row[x])
    return sum(map(sum, grid))


def work():
    spectrum = transform([sin(i / 9) for i in range(2048)])
    total = sum(abs(value) for value in spectrum)
    rows = [[1 / (1 + ((x * 7 + y * 3) % 11)) + (x == y) for x in range(40)] for y in range(40)]
    return round(total, 5), round(decomposed(rows), 5), round(relaxed(40, 20), 5)


if __name__ == "__main__":
    main(work, (7437.48005, 762706.12293, 242.06636))
