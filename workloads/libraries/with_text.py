"""What CPython or its libraries do in C with texts and bytes: expat, json, re, base64, struct and csv."""

import base64
import binascii
import csv
import io
import json
import re
import struct
from xml.etree import ElementTree
from xml.parsers import expat

from operations import main, noise, text


def document():
    lines = text(1 << 15).decode().split("\n")
    body = "".join(f'<line n="{i}" id="l{i}">{line} &amp; <b>more</b></line>\n' for i, line in enumerate(lines))
    return f"<?xml version='1.0'?>\n<text>{body}</text>", len(lines)


def expat_parse():
    xml, lines = document()

    def work():
        names = []
        for handler in (None, None, None, lambda name, _: names.append(name)):
            parser = expat.ParserCreate()
            parser.StartElementHandler = handler
            parser.Parse(xml, True)
        return names.count("line") == lines

    return work


def element_tree():
    xml, lines = document()
    return lambda: len(ElementTree.fromstring(xml)) == lines


def records():
    names = text(1 << 13).decode().split()
    return [
        {"id": i, "name": name, "score": i / 8, "on": i % 2 == 0, "tags": [name[:2], None]}
        for i, name in enumerate(names)
    ]


def json_dumps():
    data = records()
    return lambda: len(json.dumps(data)) > 50000


def json_loads():
    data = json.dumps(records())
    return lambda: json.loads(data)[1]["id"] == 1


def regex():
    data = text(1 << 15).decode()
    pattern = re.compile(r"\b([a-z]+)(?:es|in),? ([aeiou]\w*)")
    return lambda: len(pattern.findall(data)) > 0 and len(re.sub("[aeiou]+", "-", data)) < len(data)


def base64_both():
    data = noise(1 << 18)
    return lambda: base64.b64decode(base64.b64encode(data)) == data


def hexadecimal():
    data = noise(1 << 18)
    return lambda: binascii.unhexlify(binascii.hexlify(data)) == data


def binascii_crc32():
    data = text(1 << 18) * 8
    return lambda: binascii.crc32(data) == 2396810877


def structs():
    record = struct.Struct("<IHhq8sd")
    rows = [(i, i % 65536, -i % 100, i << 33, b"12345678", i / 4) for i in range(2000)]

    def work():
        packed = b"".join([record.pack(*row) for row in rows])
        return sum(row[0] for row in record.iter_unpack(packed)) == 1999000

    return work


def csv_both():
    rows = [[str(record["id"]), record["name"], 'say "so", then'] for record in records()]

    def work():
        stream = io.StringIO()
        csv.writer(stream).writerows(rows)
        stream.seek(0)
        return list(csv.reader(stream)) == rows

    return work


if __name__ == "__main__":
    main(
        {
            "base64": base64_both,
            "binascii_crc32": binascii_crc32,
            "csv": csv_both,
            "element_tree": element_tree,
            "expat": expat_parse,
            "hexadecimal": hexadecimal,
            "json_dumps": json_dumps,
            "json_loads": json_loads,
            "regex": regex,
            "struct": structs,
        }
    )
