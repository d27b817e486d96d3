"""Decimal arithmetic in C: sums, products, rounding, division, roots, logarithms, text."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from common import Numbers, main

CENT = Decimal("0.01")
TAX = Decimal("0.0755")


def bills(count):
    numbers = Numbers(23)
    total = Decimal(0)
    for _ in range(count):
        price = Decimal(numbers.below(10**7)) / 1000
        tax = (price * TAX).quantize(CENT, ROUND_HALF_EVEN)
        total += price.quantize(CENT) + tax
        if total > 10**7:
            total -= 10**7
    return total


def euler(places):
    with localcontext() as context:
        context.prec = places + 10
        total = term = Decimal(1)
        n = 0
        while term > Decimal(10) ** -(places + 5):
            n += 1
            term /= n
            total += term
        return str(total)[: places + 2]


def work():
    text = str(bills(6000)) + euler(300)
    with localcontext() as context:
        context.prec = 50
        for i in range(2, 42):
            text += str(Decimal(i).sqrt() + Decimal(i).ln())
    return len(text) * 10**6 + sum(map(ord, text))


if __name__ == "__main__":
    main(work, 2352122991)
