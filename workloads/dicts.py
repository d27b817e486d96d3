"""Dictionaries: insertion, lookup by string, integer and tuple, deletion, merging, iteration."""

from common import Numbers, main

WORDS = [f"key{i:04d}" for i in range(1500)]


def work():
    numbers = Numbers(5)
    by_word = {}
    for i, word in enumerate(WORDS):
        by_word[word] = i
    total = 0
    for _ in range(6000):
        word = WORDS[numbers.below(1500)]
        total += by_word[word]
        by_word[word] = total & 0xFFFF
    by_pair = {}
    for i in range(4000):
        pair = (i & 63, i % 37)
        by_pair[pair] = by_pair.get(pair, 0) + i
    groups = {}
    for pair, value in by_pair.items():
        groups.setdefault(pair[0], []).append(value)
    merged = by_word | {word: 1 for word in WORDS[::7]}
    merged.update(zip(range(800), range(800)))
    for word in WORDS[::3]:
        del merged[word]
    total += sum(merged.values()) + sum(len(group) for group in groups.values())
    return total + sum(1 for i in range(3000) if i in by_pair or i in merged)


if __name__ == "__main__":
    main(work, 175532347)
