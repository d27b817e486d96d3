"""The module tokenize on Python source: token by token, with counts by kind and a round trip."""

import io
import token
import tokenize

from common import main

SOURCE = '''
def method(self, first, second=None, *rest):
    """Says what it does."""
    values = [first, 0x1F, 3.5e-2, 1_000, b"bytes", r"raw\\\\n"]
    for index, value in enumerate(values):
        if index >= 2 and value != second:  # a comment
            self.total += index ** 2 // 3 - (value << 1)
        elif not rest:
            return {"key": value, 'other': (index, [value] * 3)}
    return lambda x: x @ self.matrix
''' * 40


def work():
    counts = {}
    kept = []
    for found in tokenize.generate_tokens(io.StringIO(SOURCE).readline):
        name = token.tok_name[found.exact_type]
        counts[name] = counts.get(name, 0) + len(found.string)
        kept.append(found[:2])
    return counts["NAME"] * 1000 + counts["NUMBER"] + counts["STRING"] + counts["COMMENT"] + (
        len(tokenize.untokenize(kept).split()))


if __name__ == "__main__":
    main(work, 6765680)
