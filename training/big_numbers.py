"""Whole numbers small and big: primes, factors, continued fractions, bits, draws."""
import itertools
import math
import random


def sieve(n):
    marks = bytearray([1]) * n
    marks[:2] = b"\0\0"
    for i in range(2, math.isqrt(n) + 1):
        if marks[i]:
            marks[i * i::i] = bytes(len(range(i * i, n, i)))
    return list(itertools.compress(range(n), marks))


def is_prime(n):
    if n < 4 or n % 2 == 0:
        return n in (2, 3)
    s = ((n - 1) & (1 - n)).bit_length() - 1
    d = n - 1 >> s
    for a in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(a, d, n)
        if x in (1, n - 1) or a % n == 0:
            continue
        if all((x := x * x % n) != n - 1 for _ in range(s - 1)):
            return False
    return True


def factor(n):
    if n == 1 or is_prime(n):
        return [n] if n > 1 else []
    if n % 2 == 0:
        return [2] + factor(n // 2)
    for c in itertools.count(1):
        x = y = 2
        d = 1
        while d == 1:
            x = (x * x + c) % n
            y = (y * y + c) % n
            y = (y * y + c) % n
            d = math.gcd(abs(x - y), n)
        if d != n:
            return sorted(factor(d) + factor(n // d))


def convergents(n, count):
    root = math.isqrt(n)
    m, d, a = 0, 1, root
    h, k = (1, root), (0, 1)
    for _ in range(count):
        m = d * a - m
        d = (n - m * m) // d
        a = (root + m) // d
        h, k = (h[1], a * h[1] + h[0]), (k[1], a * k[1] + k[0])
    return h[1], k[1]


def collatz(limit):
    lengths = {1: 1}
    for start in range(2, limit):
        way, n = [], start
        while n not in lengths:
            way.append(n)
            n = 3 * n + 1 if n & 1 else n >> 1
        length = lengths[n]
        for n in reversed(way):
            length += 1
            lengths[n] = length
    return max(range(1, limit), key=lengths.get)


if __name__ == "__main__":
    draw = random.Random(17)
    primes = sieve(150000)
    parts = [factor(draw.randrange(10 ** 10, 10 ** 11)) for _ in range(25)]
    h, k = convergents(61, 600)
    bits = sum((draw.getrandbits(500) ^ draw.getrandbits(300) << 40 | 1).bit_count() for _ in range(4000))
    text = str(math.factorial(700) // math.comb(300, 30))
    print(len(primes), sum(map(sum, parts)) % 10007, h % 10 ** 9, collatz(9000), bits, int(text[::-1], 16) % 997)
