"""What these workloads share: `FILE OPERATION LOOPS`, and data that are the same on every Python."""

import random
import sys


def text(size):
    """Words about as frequent as in a language, in lines."""
    draw = random.Random(7)
    words = [bytes(draw.choices(b"etaoinshrdlucmfwypvbgkqjxz", range(26, 0, -1), k=2 + i % 9)) for i in range(2000)]
    weights, total = [], 0.0
    for rank in range(2000):
        total += 1 / (rank + 3)
        weights.append(total)
    chosen = draw.choices(words, cum_weights=weights, k=size // 6)
    return b",\n".join(b" ".join(chosen[i : i + 11]) for i in range(0, len(chosen), 11))[:size]


def noise(size):
    return random.Random(11).getrandbits(8 * size).to_bytes(size, "little")


def main(operations):
    """Does one of the operations LOOPS times. Each is a function that makes ready and returns what to do, which
    returns a true value if its result was right."""
    name, loops = (sys.argv[1:] + ["", ""])[:2]
    if len(sys.argv) != 3 or name not in operations or not (loops.isascii() and loops.isdigit()):
        print(f"usage: {sys.argv[0]} OPERATION LOOPS\noperations: {', '.join(operations)}", file=sys.stderr)
        sys.exit(2)
    work = operations[name]()
    for _ in range(int(loops)):
        if not work():
            sys.exit(f"{sys.argv[0]}: the result of {name} is wrong")
