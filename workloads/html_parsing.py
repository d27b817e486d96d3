"""html.parser and html: tags, attributes, entities, escaping, and a tree built by callbacks."""

import html
from html.parser import HTMLParser

from common import main

PAGE = "<!DOCTYPE html><html><body>" + "".join(
    f'<div class="row r{i}" id={i}><a href="/p?a={i}&amp;b=2">Link &lt;{i}&gt; &eacute;</a>'
    f"<br/><!-- note {i} --><p>Some <b>bold</b> text &#8364;{i}</p></div>\n"
    for i in range(70)
) + "</body></html>"


class Tree(HTMLParser):
    def __init__(self):
        super().__init__()
        self.depth = self.deepest = self.links = self.letters = 0

    def handle_starttag(self, tag, attributes):
        self.links += sum(len(value) for name, value in attributes if name == "href")
        if tag != "br":
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)

    def handle_startendtag(self, tag, attributes):
        self.letters += 1

    def handle_endtag(self, tag):
        self.depth -= 1

    def handle_data(self, data):
        self.letters += len(data)


def work():
    tree = Tree()
    tree.feed(PAGE)
    tree.close()
    escaped = html.escape(PAGE)
    same = html.unescape(escaped) == PAGE
    return tree.deepest, tree.links, tree.letters, tree.depth, len(escaped), same


if __name__ == "__main__":
    main(work, (5, 760, 2150, 0, 17301, True))
