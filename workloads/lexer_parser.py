"""A lexer and a recursive-descent parser of arithmetic, written by hand, character by character."""

from common import Numbers, main

LEVELS = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "^": 3}


def expression(numbers, depth):
    if depth == 0:
        return str(1 + numbers.below(99))
    left, right = expression(numbers, depth - 1), expression(numbers, depth - 1)
    text = f"{left} {'+-*/%^'[numbers.below(6)]} {right}"
    return f"({text})" if numbers.below(2) else text


TEXT = "; ".join(expression(Numbers(seed), 8) for seed in range(10))


def tokens(text):
    at, end = 0, len(text)
    while at < end:
        letter = text[at]
        if letter.isspace():
            at += 1
        elif letter.isdigit():
            start = at
            while at < end and text[at].isdigit():
                at += 1
            yield "number", int(text[start:at])
        else:
            at += 1
            yield letter, None
    yield "end", None


class Parser:
    def __init__(self, text):
        self.source = tokens(text)
        self.advance()

    def advance(self):
        self.kind, self.value = next(self.source)

    def atom(self):
        kind, value = self.kind, self.value
        self.advance()
        if kind == "number":
            return value
        if kind == "-":
            return ("negative", self.atom())
        if kind != "(":
            raise SyntaxError(kind)
        inside = self.binary(1)
        self.advance()
        return inside

    def binary(self, level):
        left = self.atom()
        while LEVELS.get(self.kind, 0) >= level:
            operator = self.kind
            self.advance()
            left = (operator, left, self.binary(LEVELS[operator] + 1))
        return left

    def program(self):
        while True:
            yield self.binary(1)
            if self.kind == "end":
                return
            self.advance()


def evaluate(tree):
    if isinstance(tree, int):
        return tree
    operator, left, right = tree[0], evaluate(tree[1]), evaluate(tree[2])
    if operator == "+":
        return (left + right) % 10007
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right % 10007
    if operator == "^":
        return pow(left, right % 5, 10007) if right % 5 else 1
    return left // right if operator == "/" and right else left % (right or 1)


def work():
    return sum(i * evaluate(tree) for i, tree in enumerate(Parser(TEXT).program(), 1))


if __name__ == "__main__":
    main(work, 184057)
