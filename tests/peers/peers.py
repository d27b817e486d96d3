"""One campaign: a release, builds like other projects' from the same source, and real Pythons.

    python3 tests/peers/peers.py SOLDER RELEASE FOLDER [--presets pbs,debian,...] [--document FILE]
                                 [--table-only] [flags of solder bench]

RELEASE is the tree to judge, FOLDER keeps trees, peers, the campaign (peers.json, peers.html) and what
is missing (missing.json); all of them are reused, an interrupted campaign goes on. Presets are built by
`solder build --like NAME`; the real ones are Debian's (fetch.py), the system's python3 and pyenv's
newest. Whatever cannot be had is a row of the table, with the reason. Without flags, the campaign runs
our workloads and all of pyperformance: --suite own,pyperformance --packages.
"""

import argparse
import glob
import json
import os
import re
import subprocess
import sys

import campaigns

PRESETS = "pbs,debian,fedora,docker,conda,pyenv"
ARMS_MAX = 12
COMMAND = "make bench-peers"


def version(python):
    done = subprocess.run([python, "-I", "-c", "import sys; print(sys.version.split()[0])"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def presets(options, about, missing):
    for name in filter(None, options.presets.split(",")):
        place = os.path.join(options.folder, "like-" + name)
        about["like-" + name] = f"`solder build --like {name}`"
        why = campaigns.build(options.solder, ["--like", name], place)
        if why:
            missing["like-" + name] = why
        else:
            yield "like-" + name, place


def real(options, about, missing):
    here = os.path.dirname(os.path.abspath(__file__))
    said = subprocess.run([sys.executable, os.path.join(here, "fetch.py"), options.folder],
                          stdout=subprocess.PIPE, text=True, check=False).stdout
    for line in said.splitlines():
        name, _, python = line.partition("\t")
        about[name] = "Debian's binary packages"
        if python.startswith("missing: "):
            missing[name] = python.removeprefix("missing: ")
            continue
        root = os.path.dirname(os.path.dirname(os.path.dirname(python)))
        with open(os.path.join(root, "peer.json"), encoding="utf-8") as f:
            peer = json.load(f)
        about[name] = (f"{peer['from']}'s {peer['version']}, {peer['kind']}, with its glibc "
                       f"{peer['libc']}; {peer['done']}")
        yield name, python
    newest = sorted((tuple(map(int, re.findall(r"\d+", os.path.basename(place)))), place)
                    for place in glob.glob(os.path.expanduser("~/.pyenv/versions/3.*"))
                    if re.fullmatch(r"3\.\d+\.\d+", os.path.basename(place)))
    for name, python, words in (
            ("system", "/usr/bin/python3", "the system's python3"),
            ("pyenv", newest[-1][1] + "/bin/python3" if newest else "", "pyenv's newest")):
        about[name] = words
        if not python or not version(python):
            missing[name] = f"there is no {python or '~/.pyenv/versions/3.*'} that runs"
        else:
            yield name, python


def collect(options):
    """The arms by name, what each is, and why others are missing."""
    arms, about, missing = {"release": options.release}, {"release": "the release"}, {}
    for source in (presets, real):
        for name, python in source(options, about, missing):
            if len(arms) < ARMS_MAX:
                arms[name] = python
            else:
                missing[name] = f"a campaign has at most {ARMS_MAX} arms: leave out a preset"
    return arms, about, missing


def slower(found):
    """Workloads on which the release is slower than a peer by more than the interval."""
    for group, model in found.items():
        for arm in model["result"]["arms"]:
            for work in arm["workloads"] if arm["role"] == "arm" else []:
                high = work["interval"][1]
                if work["verdict"] == "faster" and high is not None and high < 1:
                    yield arm["name"], work["name"], work["ratio"], high, group


def text_of(found, about, missing):
    first = next(iter(found.values()))
    head = ["Python", "version", "link", "what it is", "own workloads", "pyperformance", "start-up"]
    rows, arms = [], first["arms"]
    for arm in arms:
        if arm["role"] == "arm":
            cells = ["1" if arm is arms[0] else campaigns.cell(found.get(group), arm["name"])
                     for group in ("own", "pyperformance", "startup")]
            rows.append([arm["name"], arm["version"] or "?", arm["link"] or "?",
                         about.get(arm["name"], "?"), *cells])
    rows += [[name, "", "", about.get(name, ""), "missing: " + why.replace("|", "\\|"), "", ""]
             for name, why in missing.items()]
    lines = ["", "Time relative to the release, with its interval at the level below; above 1 the release is faster. "
             f"{first['suite']}. {campaigns.machine(first)}.", ""]
    lines += ["- " + line for line in campaigns.gates(found)]
    out = sorted({(work["name"], work["why"]) for model in found.values()
                  for work in model["result"]["left_out"]})
    lines += [f"- left out: {name} ({why})" for name, why in out]
    worse = list(slower(found))
    lines += [f"- the release is slower than {arm} on {name}: {ratio:.3f} (at most {high:.3f})"
              for arm, name, ratio, high, _ in worse]
    if not worse:
        lines.append("- on no workload is the release slower than a peer by more than the interval")
    return campaigns.table(head, rows) + "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("solder")
    parser.add_argument("release")
    parser.add_argument("folder")
    parser.add_argument("--presets", default=PRESETS)
    parser.add_argument("--document")
    parser.add_argument("--table-only", action="store_true")
    options, flags = parser.parse_known_args()
    options.folder = os.path.realpath(options.folder)
    os.makedirs(options.folder, exist_ok=True)
    place, notes = (os.path.join(options.folder, name) for name in ("peers", "missing.json"))
    if not options.table_only:
        arms, about, missing = collect(options)
        with open(notes, "w", encoding="utf-8") as f:
            json.dump({"about": about, "missing": missing}, f, indent=1)
        if not any(flag.startswith(("--suite", "--quick", "--filter")) for flag in flags):
            flags = ["--suite", "own,pyperformance", "--packages", *flags]
        why = campaigns.campaign(options.solder, arms, place, flags)
        if why:
            sys.exit(why)
    with open(notes, encoding="utf-8") as f:
        notes = json.load(f)
    found = campaigns.evaluate(options.solder, place + ".json")
    if not found:
        sys.exit(f"'{place}.json' has no result")
    campaigns.put_table(options.document, COMMAND, text_of(found, notes["about"], notes["missing"]))


if __name__ == "__main__":
    main()
