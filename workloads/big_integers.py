"""Big integers: digits of pi by Machin's formula, products, powers modulo, and decimal text."""

from common import main


def inverse_arctan(n, unity):
    total = term = unity // n
    square = n * n
    divisor = 3
    sign = -1
    while term:
        term //= square
        total += sign * (term // divisor)
        sign = -sign
        divisor += 2
    return total


def pi(places):
    unity = 10 ** (places + 10)
    return 4 * (4 * inverse_arctan(5, unity) - inverse_arctan(239, unity)) // 10**10


def factorial(low, high):
    if high - low < 8:
        product = 1
        for i in range(low, high):
            product *= i
        return product
    middle = (low + high) // 2
    return factorial(low, middle) * factorial(middle, high)


def work():
    digits = pi(2000)
    mersenne = 2**521 - 1
    total = pow(3, mersenne - 1, mersenne) + digits % 10**9
    total += factorial(1, 1200) % mersenne
    total += sum(map(int, str(digits)))
    a, b = 0, 1
    for _ in range(6000):
        a, b = b, a + b
    return (total + (a ^ b >> 3)) % 1000000007


if __name__ == "__main__":
    main(work, 604607288)
