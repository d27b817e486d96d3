"""subinterpreters.py FOLDER MODULE...: imports the modules in four interpreters at a time."""

import sys
import threading

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

CODE = """
import sys
sys.path.insert(0, {folder!r})
for name in {names!r}:
    __import__(name)
import {first} as module
assert module.answer == 42
assert module.origin(None)[1]
assert sum(range(100000)) == 4999950000
open({mark!r}, "a").write("x")
"""


def run(number, code):
    failed = interpreters.run_string(number, code)
    if failed:
        print(failed, file=sys.stderr)
        problems.append(failed)


def main():
    folder, names = sys.argv[1], sys.argv[2:]
    # A single-phase module may refuse an interpreter of its own GIL: that is not our question.
    names = [n for n in names if n.startswith("plain")] if sys.version_info >= (3, 12) else names
    code = CODE.format(folder=folder, names=names, first=names[0], mark="marks")
    for _ in range(3):
        numbers = [interpreters.create() for _ in range(4)]
        threads = [threading.Thread(target=run, args=(n, code)) for n in numbers]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for n in numbers:
            interpreters.destroy(n)
    with open("marks") as f:
        assert f.read() == "x" * 12
    assert not problems


problems = []
main()
