"""Reading JSON: json.loads of nested records, numbers and escaped strings, with and without hooks."""

import json

from common import Numbers, main


def document(count):
    numbers = Numbers(7)
    return json.dumps([
        {
            "id": i,
            "name": f"user{numbers.below(10**6)}",
            "score": numbers.below(10**6) / 8,
            "flags": [True, False, None],
            "text": "line\none \"two\" \u20ac \u00e9",
            "place": {"x": numbers.below(1000), "y": -numbers.below(1000)},
        }
        for i in range(count)
    ])


TEXT = document(250)
SHORT = document(40)


def point(found):
    return (found["x"], found["y"]) if len(found) == 2 else found


def work():
    total = 0
    for _ in range(5):
        loaded = json.loads(TEXT)
        total += sum(record["id"] + record["place"]["y"] for record in loaded)
    for record in json.loads(SHORT, object_hook=point):
        total += record["place"][0]
    return total + len(json.loads(SHORT, parse_float=str))


if __name__ == "__main__":
    main(work, -451259)
