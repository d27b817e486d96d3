"""Closures: inner functions that read and change the variables of outer ones, decorators, lambdas."""

from functools import wraps

from common import main


def counter(step):
    count = 0

    def advance():
        nonlocal count
        count += step
        return count

    return advance


def composed(*functions):
    def apply(value):
        for function in functions:
            value = function(value)
        return value

    return apply


def limited(limit):
    def decorate(function):
        @wraps(function)
        def inner(*arguments):
            return function(*arguments) % limit

        return inner

    return decorate


@limited(65521)
def mixed(a, b):
    return a * 31 + b


def adder(n):
    return lambda value: value + n


def work():
    total = 0
    counters = [counter(step) for step in range(1, 9)]
    pipeline = composed(adder(1), adder(2), lambda value: value ^ 5)
    for i in range(7000):
        for advance in counters[:3]:
            total += advance()
        total = mixed(total, pipeline(i))
        total += adder(i)(1)
    return total


if __name__ == "__main__":
    main(work, 54469)
