"""textwrap and string.Template: filling, indenting, shortening paragraphs and substituting names."""

import textwrap
from string import Template

from common import Numbers, main


def paragraph(words, seed):
    numbers = Numbers(seed)
    return " ".join("x" * (1 + numbers.below(11)) + ("-y" if numbers.below(9) == 0 else "")
                    for _ in range(words))


PARAGRAPHS = [paragraph(90, seed) for seed in range(7)]
LETTER = Template("Dear $name,\n\n  ${count} of your $$${price} $item have left ${city}.\n")


def work():
    total = 0
    for text in PARAGRAPHS:
        for width in (30, 50, 72):
            lines = textwrap.wrap(text, width)
            total += len(lines)
        filled = textwrap.fill(text, 60, initial_indent="* ", subsequent_indent="  ")
        total += len(textwrap.indent(filled, "> ")) + len(textwrap.shorten(text, 80))
        total += len(textwrap.dedent("    " + filled.replace("\n", "\n    ")))
    for i in range(120):
        total += len(LETTER.substitute(name=f"n{i}", count=i, price=i * 3, item="books", city="Bonn"))
        total += len(LETTER.safe_substitute(name="x"))
    return total


if __name__ == "__main__":
    main(work, 24094)
