"""Texts by all the ways that there are to make them, and taken apart again."""
import random
import re
import string
import textwrap

LETTER = string.Template("Dear $name,\n\nyour order $number of ${count} items costs $$$price. $text\n")


class Money(float):
    def __format__(self, spec):
        if spec == "words":
            whole = int(self)
            return f"{whole:,} and {round((self - whole) * 100):02d}/100"
        return super().__format__(spec or ".2f")

    def __repr__(self):
        return "Money(%r)" % float(self)


def fill(draw):
    name = "".join(draw.choice("bcdfgklmnprst") + draw.choice("aeiouäö") for _ in range(3)).title()
    price, count = Money(draw.uniform(1, 99999)), draw.randrange(1, 400)
    text = " ".join(draw.choice(("we", "thank", "you", "for", "waiting", "kindly", "—")) for _ in range(30))
    return {"name": name, "price": price, "count": count, "number": f"{draw.getrandbits(40):011x}", "text": text}


def texts(v):
    yield LETTER.substitute(v, price=format(v["price"], "words"))
    yield f"{v['name']!r:>12}|{v['count']:+5d}|{v['price']:>14,.3f}|{v['number'].upper():*^15}|{v['count']:#b}"
    yield "{0[name]:.3}{0[count]:06}{1:e}{1!r}{2:%}".format(v, float(v["price"]), v["count"] / 400)
    yield "%(name)-9s%(count)05d %(price)9.2f %(number)s%%" % v
    yield textwrap.indent(textwrap.fill(v["text"], 40), "> ")
    yield "\t".join([v["name"].ljust(8), str(v["count"]).zfill(6), v["number"].partition("a")[2]]).expandtabs(4)


def apart(text):
    words = text.replace("\n", " ").split(" ")
    numbers = [int(n) for n in re.findall(r"\b\d{1,6}\b", text)]
    head, _, tail = text.rpartition(" ")
    return len(words) + sum(numbers) + len(head.strip("> ")) * tail.isalpha() + text.count("e") - text.find("q")


if __name__ == "__main__":
    draw = random.Random(14)
    total = 0
    parts = []
    for _ in range(900):
        for text in texts(fill(draw)):
            total += apart(text)
            parts.append(text[:3].lower().swapcase())
    joined = "".join(parts).encode("utf-8").decode("latin-1").encode("ascii", "backslashreplace")
    print(total, len(joined), sorted(set(parts))[:2])
