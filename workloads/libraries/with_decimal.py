"""decimal: short numbers as in accounts, and long ones, whose products need the number theoretic transform."""

from decimal import Context, Decimal, localcontext

from operations import main


def account():
    prices = [Decimal(i * 37 % 9973) / 100 for i in range(1, 1500)]
    rate, cent = Decimal("0.0725"), Decimal("0.01")

    def work():
        total = Decimal(0)
        for price in prices:
            total += price + (price * rate).quantize(cent)
        return total == Decimal("76689.18")

    return work


def product(digits, times):
    def ready():
        context = Context(prec=2 * digits + 10)
        a, b = Decimal("7" * digits), Decimal("3" * digits)
        return lambda: sum(context.multiply(a, b).adjusted() for _ in range(times)) == times * (2 * digits - 1)

    return ready


def functions():
    numbers = [Decimal(i) / 7 for i in range(1, 40)]

    def work():
        with localcontext() as context:
            context.prec = 60
            total = sum(number.sqrt() + number.ln() + (-number).exp() for number in numbers)
        return round(total, 20) == Decimal("99.70260076888910234684")

    return work


def texts():
    words = [f"{i * 7919 % 1000003}.{i:05}E{i % 40 - 20}" for i in range(1500)]
    return lambda: sum(len(str(Decimal(word))) for word in words) == 21926


if __name__ == "__main__":
    main(
        {
            "account": account,
            "functions": functions,
            "product_500": product(500, 40),
            "product_50000": product(50000, 1),
            "texts": texts,
        }
    )
