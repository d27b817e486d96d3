"""Makes the finished steps of a cache those of a machine that shares: seed.py PLAN FROM TO.

PLAN is what `solder build -n --json` says with the cache FROM, whose steps must all be there. The
entries of the cache TO are copies (hard links), with the names that this machine gives them: right
only if it is what it was when it made them.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from caches import copy_step

plan, source, target = sys.argv[1:]
with open(plan, encoding="utf-8") as f:
    steps = json.load(f)["steps"]
missing = [s["id"] for s in steps if s["state"] != "reuse"]
if missing:
    sys.exit(f"not in {source}: {' '.join(missing)}")
os.makedirs(target + "/logs", exist_ok=True)
for step in steps:
    entry = f"{target}/store/{step['id']}"
    copy_step(source, target, step["id"])
    with open(entry + "/shared.new", "w", encoding="utf-8") as f:
        f.write(step["shared"])
    os.rename(entry + "/shared.new", entry + "/shared")
    log = f"{source}/logs/{step['id']}.log"
    if os.path.exists(log):
        subprocess.run(["cp", log, target + "/logs/"], check=True)
print(f"{len(steps)} steps, made in {sum(s['took_ns'] or 0 for s in steps) / 1e9:.0f} s")
