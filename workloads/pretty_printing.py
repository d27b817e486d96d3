"""pprint and reprlib: nested structures laid out in lines, by recursion over reprs."""

import pprint
import reprlib

from common import main

DATA = {
    f"section{i}": {
        "values": list(range(i, i + 12)),
        "pairs": [(f"key{j}", {"x": j, "y": [j] * 3}) for j in range(3)],
        "text": "a rather long text that does not fit " * 2,
        "set": {i, i + 1},
    }
    for i in range(7)
}


def work():
    total = len(pprint.pformat(DATA)) + len(pprint.pformat(DATA, width=40, compact=True))
    return total + sum(len(reprlib.repr(value)) for value in DATA.values())


if __name__ == "__main__":
    main(work, 9899)
