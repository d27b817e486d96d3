"""Compiling regular expressions: parser, optimizer and code generator of the module re."""

import re

from common import main

PATTERNS = [
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?",
    r"[A-Za-z_][A-Za-z0-9_]*|0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?",
    r"(?i:select|insert|update|delete)\s+(?:\w+\s*,\s*)*\w+\s+(?:from|into)\s+(\w+)",
    r"(['\"])(?:\\.|(?!\1)[^\\])*\1|/\*(?:[^*]|\*(?!/))*\*/",
    r"^(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])(?!.*\s).{8,64}$",
    r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)",
    r"[^\W\d_]+(?:['’-][^\W\d_]+)*",
]


def work():
    total = 0
    for pattern in PATTERNS * 3:
        re.purge()
        compiled = re.compile(pattern)
        total += compiled.groups * 10 + len(compiled.groupindex)
    return total


if __name__ == "__main__":
    main(work, 279)
