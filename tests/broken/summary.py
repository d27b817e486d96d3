"""Checks the JSON that `solder build --json` prints: summary.py FILE STEPS-RUN STEPS-REUSED."""
import json
import sys

with open(sys.argv[1]) as f:
    model = json.load(f)


def need(where, value, **keys):
    for key, kind in keys.items():
        if key not in value:
            sys.exit(f"{where} has no '{key}'")
        if not isinstance(value[key], kind):
            sys.exit(f"{where}.{key} is {value[key]!r}")


need("", model, distribution=dict, artifacts=list, build=dict)
need("distribution", model["distribution"], python=str, link=str, optimisation=str, tls=str,
     compiler=str, triple=str, path=str, sources=str, sandbox=str)
need("build", model["build"], took_ns=int, run=int, reused=int, steps=list)
for step in model["build"]["steps"]:
    need("build.steps", step, name=str, id=str, title=str, reason=str, took_ns=int)
names = [a["name"] for a in model["artifacts"]]
if names != ["interpreter", "shared library", "static library"]:
    sys.exit(f"the artifacts are {names}")
for artifact in model["artifacts"]:
    need(artifact["name"], artifact, file=str, size=int, kind=str, link=str,
         tls=(str, type(None)), exports=int, needed=list, glibc=(str, type(None)))
count = (model["build"]["run"], model["build"]["reused"])
if count != (int(sys.argv[2]), int(sys.argv[3])):
    sys.exit(f"{count[0]} steps run, {count[1]} reused; expected {sys.argv[2]}, {sys.argv[3]}")
