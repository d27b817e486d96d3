"""The module random, seeded: integers, floats, choices, shuffles, samples and distributions."""

from random import Random

from common import main


def work():
    source = Random(2024)
    inside = sum(source.random() ** 2 + source.random() ** 2 < 1 for _ in range(6000))
    total = inside + sum(source.randrange(6) for _ in range(4000))
    deck = list(range(52))
    for _ in range(40):
        source.shuffle(deck)
        total += deck[0] + sum(source.sample(deck, 5))
    total += len(source.choices("abc", [5, 3, 1], k=2000))
    total += round(sum(source.gauss(0, 1) for _ in range(1500)), 4)
    total += round(sum(source.expovariate(2) for _ in range(1000)), 4)
    return round(total + source.getrandbits(64) % 1009 + len(source.randbytes(500)), 4)


if __name__ == "__main__":
    main(work, 23886.342)
