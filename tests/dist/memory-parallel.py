"""Interpreters that do not share a lock take and give back memory at the same time."""

import _interpreters
import threading

CODE = """
for _ in range(6):
    kept = [bytes(400) for _ in range(60_000)]
    assert all(part == bytes(400) for part in kept)
    del kept
"""


def work(failures):
    interpreter = _interpreters.create("isolated")
    failed = _interpreters.exec(interpreter, CODE)
    if failed:
        failures.append(failed.formatted)
    _interpreters.destroy(interpreter)


def main():
    failures = []
    threads = [threading.Thread(target=work, args=(failures,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit("\n".join(failures))


main()
