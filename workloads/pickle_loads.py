"""Reading pickles with the C unpickler: nested containers, instances, many small pickles."""

import pickle

from common import main


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


DATA = [
    {"id": i, "name": f"name{i}", "values": list(range(i % 9)), "point": Point(i, -i), "set": {i, i + 1}}
    for i in range(1500)
]
WHOLE = [pickle.dumps(DATA, protocol) for protocol in (2, 4, 5)]
SMALL = [pickle.dumps(record["values"], 5) for record in DATA]


def work():
    total = 0
    for text in WHOLE:
        for record in pickle.loads(text):
            total += record["point"].x + len(record["values"])
    for text in SMALL:
        total += len(pickle.loads(text))
    return total


if __name__ == "__main__":
    main(work, 3396714)
