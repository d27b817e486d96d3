"""Prefix codes: a tree from frequencies, text to bits in bytes and back."""
import heapq
import random
from array import array
from collections import Counter


def tree(text):
    heap = [(n, ord(letter), letter) for letter, n in Counter(text).items()]
    heapq.heapify(heap)
    serial = 0x110000
    while len(heap) > 1:
        a, b = heapq.heappop(heap), heapq.heappop(heap)
        serial += 1
        heapq.heappush(heap, (a[0] + b[0], serial, (a[2], b[2])))
    return heap[0][2]


def codes(node, path=""):
    if isinstance(node, str):
        yield node, path or "0"
    else:
        for bit, child in zip("01", node):
            yield from codes(child, path + bit)


def pack(text, table):
    bits = "".join(map(table.__getitem__, text))
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def unpack(data, root, count):
    out, node = [], root
    for byte in data:
        for shift in range(7, -1, -1):
            node = node[byte >> shift & 1]
            if isinstance(node, str):
                out.append(node)
                node = root
                if len(out) == count:
                    return "".join(out)
    return "".join(out)


if __name__ == "__main__":
    draw = random.Random(5)
    sizes = array("L")
    for round_ in range(8):
        letters = "etaoinshrdlu äß€😀"[: 6 + round_]
        text = "".join(draw.choices(letters, weights=range(len(letters), 0, -1), k=9000))
        root = tree(text)
        table = dict(codes(root))
        data = pack(text, table)
        assert unpack(data, root, len(text)) == text
        sizes.append(len(data))
    print(sum(sizes), max(sizes), sizes.tobytes()[:4].hex())
