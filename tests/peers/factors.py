"""Builds each variant of tests/peers/factors.txt and measures it against the base of its group.

    python3 tests/peers/factors.py SOLDER FOLDER [--groups link,code] [--table FILE] [--document FILE]
                                   [--table-only] [flags of solder bench]

FOLDER keeps the trees and one campaign for each group (GROUP.json, GROUP.html); what is there is used
again, interrupted builds and campaigns go on. A variant that cannot be built here, or whose options this
solder does not know, is a row of the table with the reason. By default our own workloads are run, those
that open 120 shared objects first included; flags choose others.
"""

import argparse
import json
import os
import re
import sys

import campaigns

COMMAND = "make bench-factors"
ARMS_MAX = 12


def read_table(path):
    """For each group: the options of its base, and those of each variant."""
    groups, current = {}, None
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.split("#")[0].strip()
            begun = re.fullmatch(r"\[([\w-]+)\]\s*(.*)", line)
            if begun:
                current = groups[begun.group(1)] = {"base": begun.group(2).split(), "variants": {}}
            elif line:
                name, equals, options = line.partition("=")
                if not current or not equals or name.strip() in current["variants"]:
                    sys.exit(f"{path}:{number}: neither [GROUP] OPTIONS nor a new NAME = OPTIONS")
                current["variants"][name.strip()] = options.split()
    for name, group in groups.items():
        if len(group["variants"]) >= ARMS_MAX:
            sys.exit(f"{path}: [{name}] has more than {ARMS_MAX - 1} variants")
    return groups


def merged(base, options):
    """All options are NAME VALUE pairs; a later one replaces an earlier one."""
    pairs = dict(zip(base[::2], base[1::2])) | dict(zip(options[::2], options[1::2]))
    return [word for pair in pairs.items() for word in pair]


def measure(options, flags, name, group):
    """Builds and runs one group; returns why variants are missing, by their names."""
    missing, arms = {}, {}
    for variant, words in {"base": [], **group["variants"]}.items():
        place = os.path.join(options.folder, "trees", f"{name}-{variant}")
        why = campaigns.build(options.solder, merged(group["base"], words), place)
        if why and variant == "base":
            return {other: f"the base cannot be built: {why}" for other in group["variants"]}
        if why:
            missing[variant] = why
        else:
            arms[variant] = place
    if len(arms) < 2:
        return missing
    why = campaigns.campaign(options.solder, arms, os.path.join(options.folder, name), flags)
    if why:
        missing |= {variant: why for variant in group["variants"] if variant not in missing}
    return missing


def text_of(options, name, group, missing):
    file = os.path.join(options.folder, name + ".json")
    found = campaigns.evaluate(options.solder, file) if os.path.exists(file) else {}
    head = ["factor", "options", "time", "verdict", "after 120 dlopens", "start-up"]
    main_group = "own" if "own" in found else next(iter(found), None)
    if "pyperformance" in found:
        head.insert(3, "pyperformance")
    rows = []
    for variant, words in group["variants"].items():
        words = "`" + " ".join(words) + "`"
        arm = main_group and campaigns.arm_of(found[main_group], variant)
        if not arm:
            rows.append([variant, words, "missing: " + missing.get(variant, "not measured")]
                        + [""] * (len(head) - 3))
            continue
        row = [variant, words, campaigns.cell(found[main_group], variant), arm["verdict"],
               campaigns.cell(found.get("dlopens"), variant), campaigns.cell(found.get("startup"), variant)]
        if "pyperformance" in found:
            row.insert(3, campaigns.cell(found["pyperformance"], variant))
        rows.append(row)
    lines = [f"### {name}", "", f"Base: `{' '.join(group['base'])}`. Time relative to it, with its "
             "interval at the level below; below 1 the variant is faster.", "", campaigns.table(head, rows)]
    lines += ["- " + line for line in campaigns.gates(found)]
    if found:
        lines.append("- " + campaigns.machine(found[main_group]))
    return "\n".join(lines) + "\n\n"


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("solder")
    parser.add_argument("folder")
    parser.add_argument("--groups")
    parser.add_argument("--table", default=os.path.join(here, "factors.txt"))
    parser.add_argument("--document")
    parser.add_argument("--table-only", action="store_true")
    options, flags = parser.parse_known_args()
    options.folder = os.path.realpath(options.folder)
    os.makedirs(os.path.join(options.folder, "trees"), exist_ok=True)
    groups = read_table(options.table)
    wanted = options.groups.split(",") if options.groups else list(groups)
    unknown = [name for name in wanted if name not in groups]
    if unknown:
        sys.exit(f"there is no group {', '.join(unknown)}; groups: {', '.join(groups)}")
    text, notes = "", os.path.join(options.folder, "missing.json")
    missing = {}
    if os.path.exists(notes):
        with open(notes, encoding="utf-8") as f:
            missing = json.load(f)
    for name, group in groups.items():
        if name in wanted and not options.table_only:
            print(name, flush=True)
            missing[name] = measure(options, flags, name, group)
            with open(notes, "w", encoding="utf-8") as f:
                json.dump(missing, f, indent=1)
        text += text_of(options, name, group, missing.get(name, {}))
    campaigns.put_table(options.document, COMMAND, text)


if __name__ == "__main__":
    main()
