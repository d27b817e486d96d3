"""What profiles are trained with shares nothing with what builds are measured by.

    python3 tests/training/apart.py

Functions are compared as digests of their syntax trees, in which every name and constant is the
same; lines as they are. What is too short to be anybody's own does not count. Each program of
training/ also runs twice, and prints the same both times.
"""
import ast
import hashlib
import os
import re
import subprocess
import sys

# A function with fewer nodes than this is found everywhere ("return self.x").
NODES_MIN = 25
LETTERS_MIN = 30
# Imports, and the heads of methods whose names and arguments Python and its library give.
NOBODYS = re.compile(r'import |from |#|if __name__ == |def (__\w+__|visit_\w+)\(')


class Nameless(ast.NodeTransformer):
    """Leaves the shape of a function."""

    def generic_visit(self, node):
        super().generic_visit(node)
        for field in ("id", "arg", "attr", "name", "asname", "value", "kind"):
            if isinstance(getattr(node, field, None), (str, bytes, int, float, complex, type(None), type(...))):
                setattr(node, field, "")
        return node


def functions(path):
    with open(path, encoding="utf-8") as f:
        tree = ast.parse(f.read())
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and sum(1 for _ in ast.walk(node)) >= NODES_MIN:
            name, line = getattr(node, "name", "lambda"), node.lineno
            shape = ast.dump(Nameless().visit(node))
            yield hashlib.sha256(shape.encode()).hexdigest(), f"{path}:{line}: {name}()"


def lines(path):
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            text = " ".join(line.split())
            if len(text) >= LETTERS_MIN and not NOBODYS.match(text):
                yield hashlib.sha256(text.encode()).hexdigest(), f"{path}:{number}: {text}"


def programs(*folders):
    return sorted(os.path.join(at, name) for folder in folders for at, _, names in os.walk(folder)
                  for name in names if name.endswith(".py"))


def shared(of, ours, theirs):
    there = {digest: place for path in theirs for digest, place in of(path)}
    mine = {digest: place for path in ours for digest, place in of(path)}
    for digest in sorted(mine.keys() & there.keys()):
        print(f"FAIL: {mine[digest]}\n      {there[digest]}")
    return len(mine), len(mine.keys() & there.keys())


def main():
    others = sys.argv[1:] or ["workloads"]
    ours, theirs = programs("training"), programs(*others)
    failed = passed = 0
    for of in functions, lines:
        n, same = shared(of, ours, theirs)
        good = n > 50 and not same
        passed, failed = passed + good, failed + (not good)
        print(f"{'ok' if good else 'FAIL'} {of.__name__}: {same} of {n} are in {', '.join(others)}, too")
    for path in ours if not sys.argv[1:] else ():
        said = [subprocess.run([sys.executable, "-I", path], capture_output=True, text=True, timeout=600, check=False)
                for _ in range(2)]
        good = said[0].returncode == 0 and said[0].stdout and said[0].stdout == said[1].stdout
        passed, failed = passed + bool(good), failed + (not good)
        print(f"{'ok' if good else 'FAIL'} {path}: {said[0].stdout.strip() or said[0].stderr[-500:]}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
