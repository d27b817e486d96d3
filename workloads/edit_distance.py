"""Dynamic programming on lists of integers: edit distance, common subsequence, knapsack, Huffman codes."""

import heapq

from common import Numbers, main


def letters(count, seed):
    numbers = Numbers(seed)
    return "".join("acgt"[numbers.below(4)] for _ in range(count))


def distance(a, b):
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = previous[j - 1] + (x != y)
            if previous[j] + 1 < cost:
                cost = previous[j] + 1
            if current[-1] + 1 < cost:
                cost = current[-1] + 1
            current.append(cost)
        previous = current
    return previous[-1]


def knapsack(items, limit):
    best = [0] * (limit + 1)
    for weight, value in items:
        for room in range(limit, weight - 1, -1):
            best[room] = max(best[room], best[room - weight] + value)
    return best[limit]


def huffman(text):
    waiting = [(text.count(letter), letter, None) for letter in sorted(set(text))]
    heapq.heapify(waiting)
    while len(waiting) > 1:
        a, b = heapq.heappop(waiting), heapq.heappop(waiting)
        heapq.heappush(waiting, (a[0] + b[0], min(a[1], b[1]), (a, b)))
    lengths = {}
    nodes = [(waiting[0], 0)]
    while nodes:
        (_, letter, below), depth = nodes.pop()
        if below:
            nodes += [(below[0], depth + 1), (below[1], depth + 1)]
        else:
            lengths[letter] = depth
    return sum(lengths[letter] for letter in text)


def work():
    total = distance(letters(200, 83), letters(190, 89)) * 100000
    total += knapsack([(3 + i * 7 % 23, 10 + i * 13 % 37) for i in range(50)], 400)
    return total + huffman("abracadabra alakazam " * 60)


if __name__ == "__main__":
    main(work, 10804607)
