"""Systems of linear equations, polynomials and integrals with plain floats and complex numbers."""
import cmath
import math
import random
import statistics


def solve(rows, right):
    n = len(rows)
    rows = [row[:] + [value] for row, value in zip(rows, right)]
    for column in range(n):
        pivot = max(range(column, n), key=lambda i: abs(rows[i][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = rows[column]
        for i in range(column + 1, n):
            factor = rows[i][column] / head[column]
            if factor:
                row = rows[i]
                for j in range(column, n + 1):
                    row[j] -= factor * head[j]
    answer = [0.0] * n
    for i in reversed(range(n)):
        rest = rows[i][n] - sum(a * b for a, b in zip(rows[i][i + 1:n], answer[i + 1:]))
        answer[i] = rest / rows[i][i]
    return answer


def roots(coefficients, steps=60):
    degree = len(coefficients) - 1
    guess = [(0.4 + 0.9j) ** k for k in range(degree)]
    for _ in range(steps):
        for i, z in enumerate(guess):
            value = 0j
            for c in coefficients:
                value = value * z + c
            below = 1 + 0j
            for j, other in enumerate(guess):
                if j != i:
                    below *= z - other
            guess[i] = z - value / below
    return guess


def simpson(f, a, b, n=400):
    h = (b - a) / n
    total = f(a) + f(b)
    for k in range(1, n):
        total += (4 if k & 1 else 2) * f(a + k * h)
    return total * h / 3


if __name__ == "__main__":
    draw = random.Random(4)
    checks = []
    for _ in range(6):
        n = 30
        rows = [[draw.uniform(-1, 1) for _ in range(n)] for _ in range(n)]
        wanted = [float(i % 7) for i in range(n)]
        right = [math.fsum(a * x for a, x in zip(row, wanted)) for row in rows]
        checks.append(max(abs(a - b) for a, b in zip(solve(rows, right), wanted)) < 1e-6)
    for _ in range(10):
        found = roots([1.0] + [draw.uniform(-2, 2) for _ in range(6)])
        checks.append(math.isfinite(sum(abs(z) + cmath.phase(z) for z in found)))
    area = [simpson(f, 0.0, 3.0) for f in (math.sin, math.exp, math.sqrt, lambda x: x * x / (1 + x ** 4)) for _ in range(12)]
    print(all(checks), round(statistics.fmean(area), 6), round(statistics.pstdev(area), 6))
