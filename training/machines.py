"""Machines with states: generators that are sent to, structural patterns, a parser of commands."""
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Coin:
    value: int


@dataclass(frozen=True)
class Press:
    button: str
    times: int = 1


def vending(prices):
    credit, sold, change = 0, {}, []
    answer = None
    while True:
        try:
            event = yield answer
        except ValueError as e:
            answer = ("trouble", e.args[0])
            credit = 0
            continue
        match event:
            case Coin(value) if value not in (5, 10, 20, 50):
                answer = ("back", value)
            case Coin(value=v):
                credit += v
                answer = ("credit", credit)
            case Press("return", _):
                change.append(credit)
                answer, credit = ("back", credit), 0
            case Press(button, times) if button in prices and prices[button] * times <= credit:
                credit -= prices[button] * times
                sold[button] = sold.get(button, 0) + times
                answer = ("sold", button, times)
            case Press():
                answer = ("wait",)
            case {"service": [*orders], "by": str(who)}:
                answer = (who, len(orders), sum(sold.values()), sum(change))
            case [first, *_, last]:
                answer = (first, last)
            case None:
                return sold
            case _:
                answer = ("unknown", type(event).__name__)


def averages():
    total = n = 0
    mean = None
    while (value := (yield mean)) is not None:
        total, n = total + value, n + 1
        mean = total / n
    return n


def both(prices):
    sold = yield from vending(prices)
    count = yield from averages()
    yield sold, count


def events(draw, count):
    for _ in range(count):
        kind = draw.randrange(12)
        if kind < 5:
            yield Coin(draw.choice((5, 10, 20, 50, 7)))
        elif kind < 9:
            yield Press(draw.choice(("tea", "soup", "milk", "return")), draw.randrange(1, 3))
        elif kind == 9:
            yield {"service": list(range(draw.randrange(5))), "by": "ann"}
        elif kind == 10:
            yield [1, 2, draw.random(), 4]
        else:
            yield draw.choice(("x", 1.5, ("a", "b"), {}))


if __name__ == "__main__":
    total = 0
    for seed in range(24):
        draw = random.Random(seed)
        machine = both({"tea": 15, "soup": 35, "milk": 10})
        next(machine)
        for i, event in enumerate(events(draw, 1300)):
            answer = machine.send(event) if i % 97 else machine.throw(ValueError("jam"))
            total += len(answer)
        machine.send(None)
        for v in range(400):
            machine.send(v)
        sold, count = machine.send(None)
        total += count + sold.get("tea", 0)
        machine.close()
    print(total)
