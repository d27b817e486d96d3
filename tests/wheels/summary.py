"""Shows the result of `solder check --wheels --json`: a line for each wheel, and the counts, with
those of the control.

    summary.py RESULT CONTROL
"""

import json
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        model = json.load(f)
    with open(sys.argv[2], encoding="utf-8") as f:
        control = [line.split()[0] for line in f if not line.startswith(" ")]
    if not control:
        control = ["FAIL"]
    passed, failed, skipped = (control.count(word) for word in ("ok", "FAIL", "skip"))
    for w in model["wheels"]:
        verdict = w["verdict"]
        print(f"{verdict:17} {w['name']} {w['version'] or ''}: {w.get('prediction', '-')}"
              + (f"; {w['why']}" if "why" in w else ""))
        passed += verdict in ("works", "works only here", "fails on both")
        failed += verdict in ("breaks only here", "fails")
        skipped += verdict == "not checked"
    print("predictions:", model["summary"]["wheels"]["predictions"])
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return failed > 0 or not model["wheels"] or skipped == len(model["wheels"])


sys.exit(main())
