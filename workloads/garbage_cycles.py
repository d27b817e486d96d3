"""Garbage collection: cycles of objects made and dropped, collections over a live heap, finalizers."""

import gc
import weakref

from common import main


class Node:
    def __init__(self, name):
        self.name = name
        self.links = []


class Finalized(Node):
    finalized = 0

    def __del__(self):
        Finalized.finalized += 1


LIVE = [{"number": i, "parts": [i, (i, [i])]} for i in range(4000)]


def ring(size, kind):
    nodes = [kind(i) for i in range(size)]
    for a, b in zip(nodes, nodes[1:] + nodes[:1]):
        a.links.append(b)
        b.links.append(a)
    return nodes[0]


def work():
    gc.collect()
    before = Finalized.finalized
    dead = []
    found = 0
    for i in range(120):
        dead.append(weakref.ref(ring(20, Node)))
        if i % 10 == 0:
            ring(15, Finalized)
    for _ in range(4):
        kept = [ring(12, Node) for _ in range(30)]
        found += gc.collect() > 0
        del kept
    gc.collect()
    return sum(ref() is None for ref in dead), Finalized.finalized - before, found > 0


if __name__ == "__main__":
    main(work, (120, 180, True))
