"""Building strings: concatenation, join, split, replace, strip, case, find and slices."""

from common import main

TEXT = "The quick brown fox, having slept, jumps over the lazy dog; nobody minds.\n" * 30


def caesar(text, shift):
    out = []
    for letter in text:
        code = ord(letter)
        if 97 <= code <= 122:
            letter = chr((code - 97 + shift) % 26 + 97)
        out.append(letter)
    return "".join(out)


def work():
    total = 0
    for line in TEXT.splitlines():
        words = line.strip(".").split()
        total += len(" ".join(word.capitalize() for word in reversed(words)))
        text = ""
        for word in words:
            text += word.strip(",;").upper() + "-"
        total += len(text.rstrip("-")) + text.count("O") + text.find("LAZY")
        total += sum(word.startswith("j") or word.endswith("s") for word in words)
    for shift in range(1, 5):
        turned = caesar(TEXT, shift)
        total += caesar(turned, 26 - shift) == TEXT
        total += turned.replace("a", "xyz").count("x")
    table = str.maketrans("aeiou", "12345", "xyz")
    for _ in range(20):
        total += TEXT.translate(table).index("4")
        total += len(TEXT.partition("dog")[2]) + len(TEXT.casefold().title())
    return total


if __name__ == "__main__":
    main(work, 94154)
