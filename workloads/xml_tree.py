"""XML with ElementTree: building, writing, parsing, iterating and finding by path."""

import io
import xml.etree.ElementTree as etree

from common import main


def build(count):
    root = etree.Element("library")
    for i in range(count):
        book = etree.SubElement(root, "book", id=str(i), lang="en" if i & 1 else "fr")
        etree.SubElement(book, "title").text = f"Title & number {i}"
        etree.SubElement(book, "year").text = str(1900 + i % 100)
        authors = etree.SubElement(book, "authors")
        for j in range(i % 4):
            etree.SubElement(authors, "author").text = f"Author {j}"
    return root


def work():
    root = build(140)
    text = etree.tostring(root, encoding="unicode")
    total = len(text)
    for _ in range(2):
        parsed = etree.fromstring(text)
        total += sum(int(year.text) for year in parsed.iter("year"))
        total += len(parsed.findall("./book[@lang='en']/authors/author"))
        total += len(parsed.findall(".//author")) + len(parsed.find("book/title").text)
    for _, element in etree.iterparse(io.StringIO(text)):
        total += len(element.tag)
        element.clear()
    return total




if __name__ == "__main__":
    main(work, 567728)
