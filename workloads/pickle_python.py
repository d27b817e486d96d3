"""The pickler and unpickler written in Python: dispatch by type and opcode, memo, byte buffers."""

import io
import pickle

from common import main

DATA = [
    {"id": i, "name": f"name{i}", "values": list(range(i % 9)), "pair": (i, -i * 1000), "float": i / 4}
    for i in range(150)
]


def work():
    total = 0
    for protocol in (2, 5):
        out = io.BytesIO()
        pickle._Pickler(out, protocol).dump(DATA)
        total += out.tell()
        loaded = pickle._Unpickler(io.BytesIO(out.getvalue())).load()
        total += sum(record["id"] + len(record["values"]) for record in loaded)
    return total


if __name__ == "__main__":
    main(work, 42164)
