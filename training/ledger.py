"""Accounts with exact sums: decimals, exceptions that roll back, context managers, enumerations."""
import contextlib
import enum
import random
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction


class Kind(enum.Enum):
    CURRENT = "current"
    SAVINGS = "savings"


class Rights(enum.Flag):
    READ = enum.auto()
    PAY = enum.auto()
    ALL = READ | PAY


class Refused(Exception):
    def __init__(self, account, reason):
        super().__init__(f"{account.name}: {reason}")
        self.account = account


class TooLittle(Refused):
    pass


class Account:
    rates = {Kind.CURRENT: Decimal("0.001"), Kind.SAVINGS: Decimal("0.0225")}

    def __init__(self, name, kind, rights=Rights.ALL):
        self.name, self.kind, self.rights = name, kind, rights
        self.sum, self.journal = Decimal(0), []

    def change(self, amount):
        if Rights.PAY not in self.rights:
            raise Refused(self, "is only to be read")
        if self.sum + amount < -100:
            raise TooLittle(self, f"has {self.sum}, lacks {-amount}")
        self.sum += amount
        self.journal.append(amount)

    def interest(self):
        gain = (self.sum * self.rates[self.kind]).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        if gain > 0 and Rights.PAY in self.rights:
            self.change(gain)


@contextlib.contextmanager
def together(*accounts):
    before = [(a, a.sum, len(a.journal)) for a in accounts]
    try:
        yield
    except TooLittle:
        for account, total, n in before:
            account.sum = total
            del account.journal[n:]
        raise


def year(draw):
    accounts = [Account(f"{kind.value}-{i}", kind) for i, kind in enumerate(list(Kind) * 6)]
    accounts[-1].rights = Rights.READ
    refused = []
    for account in accounts[:-1]:
        account.change(Decimal(draw.randrange(10000)) / 100)
    for month in range(12):
        for _ in range(60):
            giver, taker = draw.sample(accounts, 2)
            amount = Decimal(draw.randrange(1, 9000)).scaleb(-2)
            try:
                with together(giver, taker):
                    taker.change(amount)
                    giver.change(-amount)
            except Refused as e:
                refused.append(type(e).__name__ + str(e)[:4])
            finally:
                month += 0
        for account in accounts:
            account.interest()
    shares = sum((Fraction(str(a.sum)) / 7 for a in accounts), Fraction())
    return sum(a.sum for a in accounts), len(refused), shares.denominator


if __name__ == "__main__":
    print(*[year(random.Random(seed)) for seed in range(14)][-1])
