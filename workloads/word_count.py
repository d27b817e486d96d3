"""Counting words: lines, str methods, dictionaries, Counter and defaultdict on a made-up text."""

from collections import Counter, defaultdict

from common import Numbers, main

SYLLABLES = ["ba", "ke", "lo", "mi", "nu", "ra", "se", "ti", "vo", "zu", "an", "er"]


def text(lines):
    numbers = Numbers(53)
    out = []
    for _ in range(lines):
        words = []
        for _ in range(9):
            word = "".join(SYLLABLES[numbers.below(12)] for _ in range(1 + numbers.below(3)))
            words.append(word.title() if numbers.below(5) == 0 else word)
        out.append(" ".join(words) + ".")
    return "\n".join(out)


TEXT = text(500)


def work():
    counts = Counter()
    lines_of = defaultdict(list)
    letters = {}
    for number, line in enumerate(TEXT.split("\n")):
        words = line.lower().rstrip(".").split()
        counts.update(words)
        for word in words:
            lines_of[word].append(number)
        for letter in line:
            letters[letter] = letters.get(letter, 0) + 1
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20]
    total = sum(count * len(word) for word, count in top)
    total += sum(len(set(numbers)) for numbers in lines_of.values())
    return total + letters["a"] * 1000 + sum(len(word) for word in counts if word == word[::-1])


if __name__ == "__main__":
    main(work, 2094840)
