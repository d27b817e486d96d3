"""A reader and evaluator of a small Lisp, and programs for it: recursion, dictionaries in chains."""
import math
import operator
import sys

PROGRAMS = """
(define (len l) (if (null? l) 0 (+ 1 (len (cdr l)))))
(define (map f l) (if (null? l) l (cons (f (car l)) (map f (cdr l)))))
(define (range a b) (if (>= a b) (list) (cons a (range (+ a 1) b))))
(define (fold f s l) (if (null? l) s (fold f (f s (car l)) (cdr l))))
(define (compose f g) (lambda (x) (f (g x))))
(define (ack m n) (if (= m 0) (+ n 1) (if (= n 0) (ack (- m 1) 1) (ack (- m 1) (ack m (- n 1))))))
(define (hanoi n a b c) (if (= n 0) 0 (+ (hanoi (- n 1) a c b) 1 (hanoi (- n 1) c b a))))
(fold + 0 (map (compose (lambda (x) (* x x)) (lambda (x) (- x 3))) (range 0 50)))
(ack 2 4)
(hanoi 8 1 2 3)
(let ((x 5) (y (len (range 0 30)))) (* x y))
"""


class Env(dict):
    def __init__(self, names=(), values=(), outer=None):
        self.outer = outer
        self.update(zip(names, values))

    def holder(self, name):
        env = self
        while env is not None and name not in env:
            env = env.outer
        if env is None:
            raise NameError(name)
        return env


def tokens(text):
    return text.replace("(", " ( ").replace(")", " ) ").split()


def read(words):
    word = words.pop()
    if word == "(":
        form = []
        while words[-1] != ")":
            form.append(read(words))
        words.pop()
        return form
    try:
        return int(word)
    except ValueError:
        return sys.intern(word)


def evaluate(form, env):
    while True:
        if type(form) is str:
            return env.holder(form)[form]
        if not isinstance(form, list):
            return form
        head = form[0]
        if head == "if":
            form = form[2] if evaluate(form[1], env) else form[3]
        elif head == "define":
            (name, *names), body = form[1], form[2]
            env[name] = (names, body, env)
            return name
        elif head == "lambda":
            return (form[1], form[2], env)
        elif head == "let":
            env = Env([n for n, _ in form[1]], [evaluate(v, env) for _, v in form[1]], env)
            form = form[2]
        else:
            function, *values = [evaluate(part, env) for part in form]
            if callable(function):
                return function(*values)
            names, form, outer = function
            env = Env(names, values, outer)


def basis():
    env = Env()
    env.update({"+": lambda *v: sum(v), "-": operator.sub, "*": lambda *v: math.prod(v), "=": operator.eq,
                ">=": operator.ge, "car": lambda l: l[0], "cdr": lambda l: l[1:], "cons": lambda a, l: (a, *l),
                "list": lambda *v: v, "null?": lambda l: not l})
    return env


if __name__ == "__main__":
    results = []
    for _ in range(9):
        words, env = tokens(PROGRAMS)[::-1], basis()
        while words:
            result = evaluate(read(words), env)
            if isinstance(result, int):
                results.append(result)
    print(sum(results), results[:4])
