"""bill.py SBOM TREE: what the bill of materials leaves out, one line each."""
import json
import os
import re
import sys

LIBRARIES = {  # a name that the library has in its text, wherever it is linked in
    "openssl": rb"OpenSSL 3\.\d+\.\d+",
    "sqlite": rb"SQLite format 3",
    "bzip2": rb"bzip2/libbzip2",
    "zlib": rb"(de|in)flate 1\.\d",
    "xz": rb"liblzma|\xfd7zXZ",
    "expat": rb"expat_2\.\d+\.\d+",
    "ncurses": rb"ncurses \d+\.\d+",
    "libedit": rb"EDITRC|editrc",
    "bdb": rb"Berkeley DB",
    "mpdecimal": rb"mpd_setminalloc|MPD_MINALLOC",
}


def main(bill, tree):
    with open(bill, encoding="utf-8") as f:
        sbom = json.load(f)
    with open(os.path.join(tree, "share/solder/build.json"), encoding="utf-8") as f:
        build = json.load(f)
    packages = {p["name"]: p for p in sbom["packages"]}
    ids = {p["SPDXID"]: p["name"] for p in sbom["packages"]}
    for p in build["packages"]:
        there = packages.get(p["name"])
        if not there:
            print(f"{p['name']} is missing")
        elif (there["versionInfo"] != p["version"] or there["licenseDeclared"] != p["licence"]
              or there["checksums"][0]["checksumValue"] != p["sha256"]):
            print(f"{p['name']} is not described as build.json does")
    linked = {}
    for r in sbom["relationships"]:
        if r["relationshipType"] == "STATIC_LINK":
            linked.setdefault(ids[r["spdxElementId"]], set()).add(ids[r["relatedSpdxElement"]])
    found = 0
    for folder, _, names in os.walk(os.path.join(tree, "lib")):
        for name in names:
            path = os.path.join(folder, name)
            rel = os.path.relpath(path, tree)
            if not re.search(r"\.so(\.|$)", name) or os.path.islink(path) or "site-" in rel:
                continue
            if rel not in packages:
                print(f"{rel} is missing")
            if "lib-dynload" not in rel:
                continue
            with open(path, "rb") as f:
                text = f.read()
            for library, pattern in LIBRARIES.items():
                if re.search(pattern, text) and not name.startswith("_test"):
                    found += 1
                    if library not in linked.get(rel, ()):
                        print(f"{rel} has {library} linked in, and the bill does not say so")
    if found < 8:
        print(f"only {found} linked-in libraries were recognised: the patterns are out of date")
    if not any(r["relationshipType"] == "BUILD_TOOL_OF" for r in sbom["relationships"]):
        print("the toolchain is missing")


main(*sys.argv[1:])
