"""Parsing and compiling Python source to code objects, from a text of many constructs."""

from common import main

SOURCE = '''
import os, sys as system
from math import *

class Account(object):
    """An account."""
    rate: float = 0.5
    __slots__ = ("owner", "balance")

    def __init__(self, owner, balance=0, *rest, verbose=False, **options):
        self.owner, self.balance = owner, balance
        assert balance >= 0, f"negative {balance!r:>10}"

    @property
    def interest(self) -> float:
        return self.balance * self.rate if self.balance > 100 else 0.0

    async def sync(self, others):
        async with others as o, open("x") as f:
            async for item in o:
                await item.push(*[x ** 2 for x in f if x], **{"k": lambda y=1: y})

def classify(value):
    global counter
    try:
        while value > 1 and not value == 7:
            if value % 2: value = 3 * value + 1
            elif value in (4, 8): break
            else: value //= 2; continue
        else:
            raise ValueError(value) from None
    except (TypeError, KeyError) as error:
        del error
    finally:
        counter += 1
    match value:
        case {"kind": "a", **rest} if rest: return rest
        case [1, 2, *tail] | (tail): return tail
    def inner():
        nonlocal value
        yield from (a @ b for a, b in zip(value[1:], value[::2]) if a is not b)
    return {k: v for k, v in inner()}, {*(), 1}, (n := 10) and ~n << 2
'''
REPEATED = SOURCE * 4


def work():
    total = 0
    for _ in range(3):
        code = compile(REPEATED, "text", "exec", dont_inherit=True)
        total += len(code.co_consts) > 4
        total += len(code.co_names)
    for i in range(60):
        total += eval(f"({i} + 3) * 2 - {i}")
    return total


if __name__ == "__main__":
    main(work, 2154)
