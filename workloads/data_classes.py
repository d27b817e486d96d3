"""Dataclasses: making the classes, instances, comparison, ordering, replace, asdict, frozen and slots."""

from dataclasses import asdict, astuple, dataclass, field, make_dataclass, replace

from common import main


@dataclass
class Item:
    name: str
    price: int
    count: int = 1
    tags: list = field(default_factory=list)

    def total(self):
        return self.price * self.count


@dataclass(frozen=True, order=True, slots=True)
class Version:
    major: int
    minor: int = 0
    patch: int = 0


@dataclass
class Order:
    number: int
    items: list[Item]
    sum: int = field(init=False)

    def __post_init__(self):
        self.sum = sum(item.total() for item in self.items)


def work():
    total = 0
    for i in range(300):
        items = [Item(f"item{j}", j * 3, j % 4, ["a", "b"]) for j in range(4)]
        order = Order(i, items)
        total += order.sum + len(repr(order)) + (items[1] == Item("item1", 3, 1, ["a", "b"]))
        if i % 6 == 0:
            total += len(asdict(order)["items"]) + len(astuple(items[0]))
        total += replace(items[2], count=i).total()
    versions = sorted(Version(i * 7 % 5, i * 11 % 7, i % 3) for i in range(300))
    total += len(set(versions)) * 10 + versions[100].minor
    for i in range(2):
        made = make_dataclass("Made", [("x", int), ("y", int, 5)], order=True)
        total += made(i).y
    return total


if __name__ == "__main__":
    main(work, 359254)
