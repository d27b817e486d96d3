"""heapq and bisect: a priority queue, merging, the shortest paths of a graph, sorted insertion."""

import heapq
from bisect import bisect_left, insort

from common import Numbers, main


def graph(nodes, edges):
    numbers = Numbers(61)
    out = [[] for _ in range(nodes)]
    for _ in range(edges):
        out[numbers.below(nodes)].append((numbers.below(nodes), 1 + numbers.below(100)))
    return out


GRAPH = graph(900, 4500)


def distances(start):
    found = {}
    waiting = [(0, start)]
    while waiting:
        distance, node = heapq.heappop(waiting)
        if node in found:
            continue
        found[node] = distance
        for other, cost in GRAPH[node]:
            if other not in found:
                heapq.heappush(waiting, (distance + cost, other))
    return found


def work():
    total = sum(distances(0).values()) + sum(distances(7).values())
    numbers = Numbers(67)
    values = []
    for _ in range(1500):
        insort(values, numbers.below(10**6))
    total += sum(bisect_left(values, i * 700) for i in range(1400))
    total += sum(heapq.nlargest(20, values)) + sum(heapq.nsmallest(20, values, key=lambda v: v % 1000))
    streams = [range(i, 3000, i) for i in range(7, 14)]
    return total + sum(i * value for i, value in enumerate(heapq.merge(*streams)))


if __name__ == "__main__":
    main(work, 4804922487)
