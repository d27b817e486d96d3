"""An interpreter in Python: a stack machine whose loop tests opcodes one after the other."""

from common import main

PUSH, LOAD, STORE, ADD, SUB, MUL, MOD, LESS, JUMP, UNLESS, CALL, RETURN, HALT = range(13)

# Sums i*i mod 7 below a limit by a subroutine; the labels are positions in the list.
PROGRAM = [
    (PUSH, 0), (STORE, "i"), (PUSH, 0), (STORE, "sum"),
    (LOAD, "i"), (PUSH, 2600), (LESS, None), (UNLESS, 17),
    (LOAD, "i"), (CALL, 20), (LOAD, "sum"), (ADD, None), (STORE, "sum"),
    (LOAD, "i"), (PUSH, 1), (ADD, None), (JUMP, 19),
    (LOAD, "sum"), (HALT, None),
    (JUMP, 27),
    (STORE, "n"), (LOAD, "n"), (LOAD, "n"), (MUL, None), (PUSH, 7), (MOD, None), (RETURN, None),
    (STORE, "i"), (JUMP, 4),
]


def run(program):
    stack, calls, variables = [], [], {}
    push, pop = stack.append, stack.pop
    at = 0
    while True:
        code, argument = program[at]
        at += 1
        if code == PUSH:
            push(argument)
        elif code == LOAD:
            push(variables[argument])
        elif code == STORE:
            variables[argument] = pop()
        elif code == ADD:
            right = pop()
            push(pop() + right)
        elif code == SUB:
            right = pop()
            push(pop() - right)
        elif code == MUL:
            right = pop()
            push(pop() * right)
        elif code == MOD:
            right = pop()
            push(pop() % right)
        elif code == LESS:
            right = pop()
            push(pop() < right)
        elif code == JUMP:
            at = argument
        elif code == UNLESS:
            if not pop():
                at = argument
        elif code == CALL:
            calls.append(at)
            at = argument
        elif code == RETURN:
            at = calls.pop()
        else:
            return pop()


def work():
    return run(PROGRAM)


if __name__ == "__main__":
    main(work, 5199)
