"""Fractions and statistics: rational arithmetic on Python objects, means, medians, deviations."""

import statistics
from fractions import Fraction

from common import Numbers, main


def harmonic(count):
    return sum((Fraction(1, i) for i in range(1, count)), Fraction(0))


def determinant(rows):
    rows = [row[:] for row in rows]
    result = Fraction(1)
    for i in range(len(rows)):
        pivot = next(r for r in range(i, len(rows)) if rows[r][i])
        if pivot != i:
            rows[i], rows[pivot] = rows[pivot], rows[i]
            result = -result
        result *= rows[i][i]
        for row in rows[i + 1 :]:
            factor = row[i] / rows[i][i]
            for j in range(i, len(rows)):
                row[j] -= factor * rows[i][j]
    return result


def work():
    numbers = Numbers(79)
    total = harmonic(900).numerator % 1000003
    matrix = [[Fraction(numbers.below(19) - 9, 1 + numbers.below(5)) for _ in range(11)] for _ in range(11)]
    found = determinant(matrix)
    total += found.numerator % 1009 + found.denominator % 1009
    values = [numbers.below(1000) for _ in range(500)]
    total += statistics.median(values) + round(statistics.stdev(values), 3)
    total += round(statistics.fmean(values), 3) + len(statistics.quantiles(values, n=10))
    return total + max(Fraction(i, 7) for i in range(300)).numerator


if __name__ == "__main__":
    main(work, 137645.567)
