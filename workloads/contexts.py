"""with statements: classes with __enter__, contextlib generators, ExitStack, suppress, context variables."""

from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from contextvars import ContextVar, copy_context

from common import main

LEVEL = ContextVar("level", default=0)


class Scope:
    depth = 0

    def __enter__(self):
        Scope.depth += 1
        return self

    def __exit__(self, kind, error, trace):
        Scope.depth -= 1
        return kind is LookupError

    def close(self):
        pass


@contextmanager
def raised(by):
    token = LEVEL.set(LEVEL.get() + by)
    try:
        yield LEVEL.get()
    finally:
        LEVEL.reset(token)


def nested():
    with raised(2) as level, Scope():
        return level + LEVEL.get()


def work():
    total = 0
    for i in range(2000):
        with Scope() as scope:
            with Scope(), nullcontext(i) as value:
                total += Scope.depth + (value & 1)
        with raised(1) as level:
            total += level
        with suppress(KeyError):
            total += {}[i]
        with Scope():
            raise LookupError
        with closing(scope):
            total += 1
    for i in range(300):
        with ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(Scope())
            stack.callback(len, "x")
            total += Scope.depth
        total += copy_context().run(nested)
    return total


if __name__ == "__main__":
    main(work, 11400)
