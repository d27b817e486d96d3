"""argparse and inspect: parsers with groups and subcommands, help texts, signatures and binding."""

import argparse
import inspect

from common import main

LINES = [["-vv", "add", "a", "b", "--into", "x"], ["--level=3", "list"], ["--quick", "drop", "c"]]


def parser():
    made = argparse.ArgumentParser(prog="tool", add_help=False)
    made.add_argument("--verbose", "-v", action="count", default=0)
    made.add_argument("--level", type=int, choices=range(5), default=1)
    group = made.add_mutually_exclusive_group()
    group.add_argument("--quick", action="store_true")
    group.add_argument("--slow", action="store_true")
    commands = made.add_subparsers(dest="command")
    for name in ("add", "list", "drop"):
        command = commands.add_parser(name, add_help=False)
        command.add_argument("files", nargs="*")
        command.add_argument("--into", metavar="DIR", default=".")
    return made


def target(first, /, second=2, *rest, third=3, **others):
    return first + second + len(rest) + third + len(others)


def work():
    total = 0
    for i in range(6):
        made = parser()
        for line in LINES:
            found = made.parse_args(line)
            total += found.verbose + found.level + len(found.files) + len(found.command)
        total += "add" in made.format_usage()
    for i in range(40):
        signature = inspect.signature(target)
        bound = signature.bind(i, 5, 6, third=7, extra=8)
        total += len(signature.parameters) + target(*bound.args, **bound.kwargs) + len(str(signature))
    return total


if __name__ == "__main__":
    main(work, 3512)
