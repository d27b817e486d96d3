"""An interpreter in Python of another kind: a small Lisp, turned into nested closures and run."""

from common import main

SOURCE = """
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(define (count n total) (if (< n 1) total (count (- n 1) (+ total n))))
(define (twice f) (lambda (x) (f (f x))))
(+ (fib 16) (+ (count 150 0) ((twice (twice (lambda (x) (* x 3)))) 1)))
"""


def read(tokens):
    word = next(tokens)
    if word != "(":
        return int(word) if word.lstrip("-").isdigit() else word
    items = []
    while (item := read(tokens)) != ")":
        items.append(item)
    return items


def parse(text):
    tokens = iter(("( " + text + " )").replace("(", " ( ").replace(")", " ) ").split())
    return read(tokens)


class Scope(dict):
    def __init__(self, names, values, outer):
        super().__init__(zip(names, values))
        self.outer = outer

    def __missing__(self, name):
        return self.outer[name]


def function(names, body):
    code = build(body)
    return lambda scope: lambda *values: code(Scope(names, values, scope))


def build(form):
    if isinstance(form, int):
        return lambda scope: form
    if isinstance(form, str):
        return lambda scope: scope[form]
    head = form[0]
    if head == "if":
        test, yes, no = map(build, form[1:])
        return lambda scope: yes(scope) if test(scope) else no(scope)
    if head == "lambda":
        return function(form[1], form[2])
    if head == "define":
        name, *names = form[1]
        made = function(names, form[2])
        return lambda scope: scope.__setitem__(name, made(scope))
    called, *arguments = map(build, form)
    return lambda scope: called(scope)(*[argument(scope) for argument in arguments])


def work():
    scope = Scope((), (), {
        "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "<": lambda a, b: a < b,
    })
    result = None
    for form in parse(SOURCE):
        result = build(form)(scope)
    return result


if __name__ == "__main__":
    main(work, 12393)
