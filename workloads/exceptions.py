"""Exceptions: raise and catch, through several frames, finally, chaining, groups of handlers."""

from common import main


class Refused(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Retry(Refused):
    pass


def refuse(number):
    if number % 3 == 0:
        raise Retry(number)
    if number % 3 == 1:
        raise Refused(number)
    return number


def deep(level, number):
    if level == 0:
        return refuse(number)
    try:
        return deep(level - 1, number)
    finally:
        level += 1


def guarded(number):
    try:
        return refuse(number)
    except Retry as error:
        return error.code
    except Refused as error:
        raise ValueError(number) from error


def work():
    total = 0
    table = {}
    for i in range(2500):
        try:
            total += deep(5, i)
        except Refused as error:
            total -= error.code & 7
        try:
            total += guarded(i)
        except ValueError as error:
            total += error.__cause__.code & 3
        try:
            total += table[i]
        except KeyError:
            total += 1
        try:
            int("x")
        except (TypeError, ValueError):
            total += 1
        else:
            total = 0
    return total


if __name__ == "__main__":
    main(work, 3125004)
