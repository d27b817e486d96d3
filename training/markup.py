"""A small markup language becomes HTML: lines, regular expressions, string methods."""
import html
import random
import re

INLINE = re.compile(r"\*\*(?P<strong>[^*]+)\*\*|_(?P<em>[^_]+)_|`(?P<code>[^`]+)`|\[(?P<text>[^]]*)\]\((?P<url>[^)\s]+)\)")
HEADING = re.compile(r"(={1,4})\s+(\S.*?)\s*$")
ITEM = re.compile(r"\s*[-+]\s+(.*)")
SYLLABLES = "ka to mi ru se no ha li ve da".split()


def word(draw):
    return "".join(draw.choices(SYLLABLES, k=draw.randrange(1, 5)))


def decorated(draw):
    text = word(draw)
    style = draw.randrange(9)
    if style == 0:
        return f"**{text}**"
    if style == 1:
        return f"_{text}_"
    if style == 2:
        return "`" + text + " < 1`"
    if style == 3:
        return "[%s](https://%s.example/%d)" % (text, text, draw.randrange(99))
    return text


def source(draw):
    for _ in range(60):
        kind = draw.randrange(6)
        if kind == 0:
            yield "=" * draw.randrange(1, 5) + " " + word(draw).title()
        elif kind == 1:
            yield from ("  - " + " ".join(decorated(draw) for _ in range(4)) for _ in range(3))
        elif kind == 2:
            yield ""
        else:
            yield " ".join(decorated(draw) for _ in range(12))


def span(found):
    name = found.lastgroup
    if name == "url":
        return '<a href="{}">{}</a>'.format(html.escape(found["url"]), found["text"])
    return "<{0}>{1}</{0}>".format(name, html.escape(found[name], quote=False))


def render(lines):
    out, listing = [], False
    for line in lines:
        item = ITEM.match(line)
        if listing and not item:
            out.append("</ul>")
            listing = False
        if item:
            if not listing:
                out.append("<ul>")
                listing = True
            out.append("<li>" + INLINE.sub(span, item.group(1)))
        elif heading := HEADING.match(line):
            level = len(heading[1])
            out.append(f"<h{level}>{heading[2]}</h{level}>")
        elif line.strip():
            out.append("<p>" + INLINE.sub(span, line))
    return "\n".join(out)


def plain(page):
    bare = re.sub(r"<[^>]+>", " ", page)
    return html.unescape(bare).translate(str.maketrans("aeiou", "AEIOU")).split()


if __name__ == "__main__":
    total = 0
    for seed in range(45):
        page = render(source(random.Random(seed)))
        words = plain(page)
        total += len(page) + sum(w.isupper() or w.endswith("A") for w in words) + page.count("</a>")
    print(total)
