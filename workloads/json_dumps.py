"""Writing JSON: json.dumps of nested records, compact, indented, sorted, and of long strings."""

import json

from common import Numbers, main


def records(count):
    numbers = Numbers(3)
    return [
        {
            "id": i,
            "name": f"user{numbers.below(10**6)}",
            "score": numbers.below(10**6) / 8,
            "active": bool(i & 1),
            "parent": None,
            "tags": [f"t{numbers.below(50)}" for _ in range(4)],
            "place": {"x": numbers.below(100), "y": -numbers.below(100), "label": "caf\u00e9 \"north\""},
        }
        for i in range(count)
    ]


RECORDS = records(160)
LONG = ["x\n" * 400, "\u20ac" * 300, "plain text " * 100]


def work():
    total = 0
    for _ in range(3):
        total += len(json.dumps(RECORDS))
        total += len(json.dumps(LONG, ensure_ascii=False))
    total += len(json.dumps(RECORDS, separators=(",", ":"), sort_keys=True))
    return total + len(json.dumps(RECORDS[:40], indent=2, default=str))


if __name__ == "__main__":
    main(work, 133677)
