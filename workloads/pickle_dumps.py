"""Writing pickles with the C pickler: nested containers, instances, shared references."""

import pickle

from common import main


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


SHARED = ("shared", 1, 2.5)
DATA = [
    {"id": i, "name": f"name{i}", "values": list(range(i % 9)), "point": Point(i, -i), "shared": SHARED}
    for i in range(1500)
]


def work():
    total = 0
    for protocol in (2, 4, 5):
        total += len(pickle.dumps(DATA, protocol))
    for record in DATA:
        total += len(pickle.dumps(record["values"], 5))
    return total


if __name__ == "__main__":
    main(work, 349590)
