"""Python about Python: sources made, parsed, changed, compiled, run and looked at."""
import ast
import dis
import inspect
import io
import linecache
import random
import symtable
import tokenize
import traceback


def source(draw, functions):
    lines = ["import math", "CONST = {'a': 1, 'b': (2, 3)}", ""]
    for n in range(functions):
        names = draw.sample("pqrstuvw", 3)
        a, b, c = names
        lines += [f"def f{n}({a}, {b}=2, *{c}, key=None, **rest):", f"    '''Number {n}.'''",
                  f"    total = {a} * {draw.randrange(9)} + {b} ** 2 - sum({c})",
                  f"    for i in range({a} % 7):", f"        if i % 2 and not key:",
                  f"            total += [x * i for x in ({b}, {draw.randrange(50)}) if x > i][0] if {b} > i else -i",
                  f"        elif key == 'stop':", f"            break", f"    else:", f"        total ^= {draw.randrange(64)}",
                  f"    try:", f"        return total + CONST[key] if key in CONST else (lambda z: z + {a})(total)",
                  f"    except TypeError as e:", f"        return len(str(e)) + len(rest)", ""]
    return "\n".join(lines)


class Bigger(ast.NodeTransformer):
    def visit_Constant(self, node):
        if type(node.value) is int:
            return ast.copy_location(ast.Constant(node.value + 1), node)
        return node

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.name += "_"
        return node


def names(table):
    yield from (s.get_name() for s in table.get_symbols() if s.is_local())
    for child in table.get_children():
        yield from names(child)


def fail(depth):
    if depth:
        return fail(depth - 1)
    return {}["no such"]


if __name__ == "__main__":
    total = 0
    for seed in range(4):
        text = source(random.Random(seed), 12)
        tree = ast.parse(text)
        changed = ast.fix_missing_locations(Bigger().visit(ast.parse(text)))
        space = {}
        for code in (compile(tree, "made", "exec"), compile(changed, "made", "exec")):
            exec(code, space)
        assert ast.dump(ast.parse(ast.unparse(tree))) == ast.dump(tree)
        total += sum(1 for _ in tokenize.generate_tokens(io.StringIO(text).readline))
        total += len(set(names(symtable.symtable(text, "made", "exec"))))
        functions = [f for name, f in sorted(space.items()) if inspect.isfunction(f)]
        for f in functions:
            signature = inspect.signature(f)
            bound = signature.bind(7, 3, 4, key="a", other=None)
            bound.apply_defaults()
            total += f(*bound.args, **bound.kwargs) + f(13, key="b") + len(signature.parameters)
            total += sum(1 for i in dis.get_instructions(f) if i.opname.startswith("LOAD"))
        for depth in range(20):
            try:
                fail(depth)
            except KeyError as e:
                total += len(traceback.format_exception(e))
        total += sum(eval(f"{i} + {i} * 2 if {i} > 3 else len('{i}')") for i in range(60))
        linecache.clearcache()
    print(total > 0, len(functions))
