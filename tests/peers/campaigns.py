"""What the campaigns of make bench-peers and make bench-factors share: trees, runs, tables."""

import json
import os
import subprocess
import sys

END = "<!-- end of table -->\n"
# Groups of workloads, each a filter of solder bench.
GROUPS = {"own": "-pyperformance:,-startup,-dlopens", "dlopens": "dlopens",
          "pyperformance": "pyperformance:,-startup", "startup": "startup"}


def reason(done):
    """What a failed program said: its error, not its hints."""
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("solder: ", "E: "))] or lines[-1:]
    return said[0].removeprefix("solder: ") if said else f"exit code {done.returncode}"


def build(solder, options, place):
    """Builds a tree unless it is there; returns None, or why there is none. The step cache keeps what
    was finished, so that an interrupted build goes on."""
    if os.path.exists(os.path.join(place, "bin")):
        return None
    print(f"  building {os.path.basename(place)}: {' '.join(options)}", flush=True)
    done = subprocess.run([solder, "build", *options, "-o", place], capture_output=True, text=True,
                          check=False)
    return reason(done) if done.returncode else None


def campaign(solder, arms, place, flags):
    """Runs or continues the campaign PLACE.json; returns None, or why it has no result."""
    name = place + ".json"
    fixed = {"--suite", "--packages", "--filter", "--rounds", "--seed", "--quick"}
    if os.path.exists(name):
        words, skip = ["--resume"], False
        for i, flag in enumerate(flags):
            if skip or flag.split("=")[0] in fixed:
                skip = not skip and "=" not in flag and flag not in ("--packages", "--quick")
                continue
            words.append(flags[i])
    else:
        words = [*(f"{arm}={python}" for arm, python in arms.items()), *flags]
    print("  " + " ".join(["solder", "bench", *words, "-o", os.path.basename(name)]), flush=True)
    code = subprocess.run([solder, "bench", *words, "-o", name, "--html", place + ".html"],
                          stdout=subprocess.DEVNULL, check=False).returncode
    return None if code in (0, 1, 2) and os.path.exists(name) else f"solder bench: exit code {code}"


def evaluate(solder, file):
    """The result of each group of workloads that the campaign has."""
    found = {}
    for group, words in GROUPS.items():
        words = words.split(",")
        while words:
            done = subprocess.run([solder, "bench", "--from", file, "--filter=" + ",".join(words),
                                   "--json"], capture_output=True, text=True, check=False)
            if done.stdout.startswith("{"):
                found[group] = json.loads(done.stdout)
                break
            # There is nothing that this word could leave out; or nothing that it could choose.
            lacking = [word for word in words if f"like '{word.lstrip('-')}'" in done.stderr]
            words = [word for word in words if word not in lacking]
            if not lacking or not lacking[0].startswith("-"):
                break
    return found


def arm_of(model, name):
    return next((arm for arm in model["result"]["arms"] if arm["name"] == name), None)


def cell(model, name):
    arm = model and arm_of(model, name)
    if not arm or arm["interval_suite"][0] is None:
        return "-"
    low, high = arm["interval_suite"]
    return f"{arm['ratio']:.3f} ({low:.3f} to {high:.3f})"


def gates(found):
    """One line for each group: how far it can be trusted."""
    words = {"own": "own workloads", "dlopens": "after 120 dlopens"}
    lines = []
    for group, model in found.items():
        result = model["result"]
        gate = result["gates"]["copy"]
        lines.append(f"{words.get(group, group)}: {result['workloads']} workload{'s' * (result['workloads'] != 1)}, {result['rounds']} "
                     f"rounds ({result['dropped']} dropped), level {100 * result['alpha']:.3g} %; A/A gate "
                     f"{gate['outcome']}: {gate['reason']}")
    return lines


def machine(model):
    described = model["machine"]
    return (f"{described.get('processor', 'unknown processor')}, {described.get('processors', '?')} "
            f"{'virtual ' if described.get('virtual') else ''}processors")


def put_table(document, command, text):
    """Replaces what stands between the markers of this command, or prints it without a document."""
    if not document:
        print(text, end="")
        return
    begin = f"<!-- table: {command} -->\n"
    with open(document, encoding="utf-8") as f:
        before, found, rest = f.read().partition(begin)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        sys.exit(f"'{document}' lacks the lines\n{begin}{END}")
    with open(document, "w", encoding="utf-8") as f:
        f.write(before + begin + text + END + after)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"
