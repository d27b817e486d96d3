"""Prints the tests to leave out for this release, "MODULE PATTERN REASON", from files of lines
"VERSIONS PATTERN REASON", where VERSIONS is such as ">=3.12" or ">=3.11,<3.11.4"."""

import operator
import re
import sys

OPERATORS = {">=": operator.ge, "<=": operator.le, "<": operator.lt, ">": operator.gt, "=": operator.eq}


def applies(versions):
    for term in versions.split(","):
        match = re.fullmatch(r"(>=|<=|<|>|=)([\d.]+)", term)
        assert match or term == "*", f"{term!r} is no range of versions"
        if match:
            number = tuple(int(part) for part in match[2].split("."))
            if not OPERATORS[match[1]](sys.version_info[:3], (*number, 0, 0)[:3]):
                return False
    return True


for path in sys.argv[1:]:
    with open(path) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                versions, pattern, reason = line.split(None, 2)
                if applies(versions):
                    print(pattern.split(".")[1], pattern, reason.strip())
