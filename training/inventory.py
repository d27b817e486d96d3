"""A warehouse: goods arrive, are sold, counted by kind and sorted in several ways."""
import operator
import random
from collections import Counter, OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field
from itertools import accumulate, chain, groupby, islice, product

KINDS = ("bolt", "cable", "drill", "easel", "fuse", "gasket", "hinge", "ink")
Sale = namedtuple("Sale", "kind amount price")


@dataclass(order=True)
class Lot:
    price: int
    kind: str = field(compare=False)
    amount: int = field(compare=False, default=1)


class Store:
    __slots__ = ("lots", "sales", "_missed")

    def __init__(self):
        self.lots = defaultdict(list)
        self.sales = []
        self._missed = Counter()

    @property
    def missed(self):
        return sum(self._missed.values())

    def arrive(self, lot):
        self.lots[lot.kind].append(lot)

    def sell(self, kind, wanted):
        for lot in sorted(self.lots[kind]):
            taken = min(lot.amount, wanted)
            lot.amount -= taken
            wanted -= taken
            if taken:
                self.sales.append(Sale(kind, taken, lot.price))
            if not wanted:
                break
        else:
            self._missed[kind] += wanted
        self.lots[kind] = [lot for lot in self.lots[kind] if lot.amount]


def season(draw):
    store = Store()
    for day in range(60):
        for kind in KINDS:
            if draw.random() < 0.7:
                store.arrive(Lot(draw.randrange(5, 99), kind, draw.randrange(1, 12)))
        for kind in draw.choices(KINDS, k=20):
            store.sell(kind, draw.randrange(1, 5))
    return store


def report(store):
    by_kind = operator.attrgetter("kind")
    rows = OrderedDict()
    for kind, sales in groupby(sorted(store.sales, key=by_kind), by_kind):
        sales = list(sales)
        rows[kind] = {"turnover": sum(s.amount * s.price for s in sales), "best": max(sales, key=lambda s: s.price)}
    running = list(accumulate(row["turnover"] for row in rows.values()))
    pairs = list(islice(chain.from_iterable(zip(*[iter(product(rows, repeat=2))] * 2)), 30))
    rows.move_to_end(next(iter(rows)))
    return running[-1] + len(pairs) + store.missed


if __name__ == "__main__":
    print(sum(report(season(random.Random(seed))) for seed in range(40)))
