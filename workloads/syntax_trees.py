"""Syntax trees: ast.parse, visitors and transformers in Python, unparse and compile of the result."""

import ast

from common import main

SOURCE = """
def area(width, height=2, *, scale=1.0):
    total = 0
    for i in range(width):
        if i % 2 == 0 and height > i:
            total += (i * height - 3) * scale
        else:
            total -= len(str(i)) + 1 * 2 + 3
    return [total, {"w": width, "h": height}, (1 + 2) * 4, f"{total:.2f}"]

class Box:
    def volume(self, depth):
        return area(self.w, self.h)[0] * depth if depth else None
"""


class Names(ast.NodeVisitor):
    def __init__(self):
        self.found = {}

    def visit_Name(self, node):
        self.found[node.id] = self.found.get(node.id, 0) + 1

    def visit_FunctionDef(self, node):
        self.found[node.name] = len(node.args.args)
        self.generic_visit(node)


class Fold(ast.NodeTransformer):
    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant):
            if isinstance(node.op, ast.Add):
                return ast.copy_location(ast.Constant(node.left.value + node.right.value), node)
            if isinstance(node.op, ast.Mult):
                return ast.copy_location(ast.Constant(node.left.value * node.right.value), node)
        return node


def work():
    total = 0
    for _ in range(4):
        tree = ast.parse(SOURCE)
        names = Names()
        names.visit(tree)
        total += sum(names.found.values())
        folded = ast.fix_missing_locations(Fold().visit(tree))
        total += len(ast.unparse(folded))
        space = {}
        exec(compile(folded, "folded", "exec"), space)
        total += int(space["area"](9)[0])
        total += sum(isinstance(node, ast.Load) for node in ast.walk(tree))
    return total


if __name__ == "__main__":
    main(work, 1580)
