"""An index of words of made-up documents, and questions to it: splitting, folding, sorting, bisecting."""
import bisect
import random
import string
import unicodedata
from collections import defaultdict

STEMS = ["haus", "straße", "école", "naïve", "café", "river", "mountain", "über", "señor", "cloud", "λόγος", "мир"]
ENDINGS = ["", "s", "ing", "ed", "-like", "'s", "."]


def documents(draw, count):
    for number in range(count):
        words = (draw.choice(STEMS) + draw.choice(ENDINGS) for _ in range(draw.randrange(30, 120)))
        text = " ".join(w.upper() if draw.random() < 0.1 else w.capitalize() if draw.random() < 0.2 else w for w in words)
        yield f"doc{number:04d}", text


def fold(word):
    bare = unicodedata.normalize("NFD", word.casefold())
    return "".join(c for c in bare if not unicodedata.combining(c)).strip(string.punctuation)


class Index:
    def __init__(self):
        self.places, self.cache, self.sorted = defaultdict(dict), {}, []

    def add(self, name, text):
        for at, raw in enumerate(text.split()):
            word = self.cache.get(raw)
            if word is None:
                word = self.cache[raw] = fold(raw)
            self.places[word].setdefault(name, []).append(at)
        self.sorted = sorted(self.places)

    def prefix(self, start):
        low = bisect.bisect_left(self.sorted, start)
        high = bisect.bisect_right(self.sorted, start + "\U0010ffff")
        return self.sorted[low:high]

    def ask(self, question):
        found = None
        for word in question.split():
            here = set().union(*(self.places[w] for w in self.prefix(fold(word))))
            found = here if found is None else found & here
        return sorted(found or (), key=lambda name: (-len(self.places.get(fold(question.split()[0]), {}).get(name, ())), name))


if __name__ == "__main__":
    draw = random.Random(8)
    index = Index()
    for name, text in documents(draw, 260):
        index.add(name, text)
    answers = [index.ask(" ".join(draw.sample(STEMS, 3))) for _ in range(120)]
    print(len(index.sorted), sum(map(len, answers)), "".join(a[0] for a in answers if a)[-14:])
