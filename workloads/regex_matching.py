"""Matching compiled regular expressions: search, findall, sub with a function, backtracking, split."""

import re

from common import Numbers, fold, main


def access_log(lines):
    numbers = Numbers(17)
    out = []
    for i in range(lines):
        host = ".".join(str(numbers.below(256)) for _ in range(4))
        path = "/".join(["", "static", f"page{numbers.below(99)}", "index.html"])
        out.append(f'{host} - - [{i % 28 + 1:02d}/Mar/2021:10:{i % 60:02d}:00 +0000] '
                   f'"GET {path}?id={numbers.below(9999)} HTTP/1.1" {200 + i % 5} {numbers.below(90000)}')
    return "\n".join(out)


LOG = access_log(500)
LINE = re.compile(
    r'^(\d+\.\d+\.\d+\.\d+) \S+ \S+ \[([^\]]+)\] "([A-Z]+) ([^ "]+) [^"]*" (\d{3}) (\d+)$', re.M
)
QUERY = re.compile(r"[?&](?P<name>\w+)=(?P<value>[^&\s]*)")
WORD = re.compile(r"\b[a-z]+(?=\d)", re.I)
GREEDY = re.compile(r"(?:\d+\.)*\d+ .*?html")
NESTED = re.compile(r"(a+b?)*c")


def work():
    sizes = [int(match[6]) for match in LINE.finditer(LOG)]
    found = QUERY.findall(LOG)
    sizes.extend(int(value) for _, value in found)
    changed = QUERY.sub(lambda match: f";{match['name'].upper()}:{len(match['value'])}", LOG)
    sizes.append(len(changed))
    sizes.append(len(WORD.findall(LOG)))
    sizes.append(len(GREEDY.findall(LOG)))
    sizes.append(sum(len(part) for part in re.split(r"[\[\]\"]", LOG)))
    sizes.append(0 if NESTED.match("aab" * 5 + "d") else 1)
    return fold(sizes)


if __name__ == "__main__":
    main(work, 545590781)
