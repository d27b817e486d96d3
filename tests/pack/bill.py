"""bill.py TREE: what the bill of materials of an unpacked archive leaves out or invents, one line
each.

Every digest must be the one of the file that is there. Which libraries a module has linked in is
read from the functions in its symbol table, hidden ones included; the bill must say exactly that.
"""
import hashlib
import json
import os
import re
import subprocess
import sys

LIBRARIES = {  # functions that a library defines wherever it is linked in
    "openssl": r"(OPENSSL_init_crypto|EVP_MD_fetch|ERR_put_error|ERR_set_error)",
    "sqlite": r"sqlite3(_step|Malloc|RunParser)",
    "bzip2": r"BZ2_(bzCompress|bzDecompress|compressBlock)",
    "zlib": r"((de|in)flate|z_(de|in)flate|crc32_z|adler32_z)",
    "zlib-ng": r"(init_functable|zng_inflate_table|crc32_fold_(c|stub))",
    "xz": r"lzma_(code|block_decoder_init|lzma_decoder_init)",
    "zstd": r"ZSTD_(compress|decompress)Stream2?",
    "expat": r"XML_Parse(Buffer)?",
    "ncurses": r"(_nc_setupterm|_nc_read_entry2?|_nc_init_keytry)",
    "libedit": r"(el_init|el_wgets|terminal_init)",
    "bdb": r"__(db_open|bam_search|ham_open|memp_fget)",
    "mpdecimal": r"mpd_(qmul|qadd|setminalloc)",
    "libffi": r"ffi_(prep_cif|call|closure_alloc)",
    "tcl": r"Tcl_(CreateInterp|CreateObjCommand)",
    "tk": r"Tk_(Init|MainWindow)",
    "libx11": r"X(OpenDisplay|CreateWindow|NextEvent)",
    "xtrans": r"_XimXTrans(Connect|OpenCOTSClient|Write)",
    "libxcb": r"xcb_(connect_to_fd|wait_for_event)",
    "libxau": r"Xau(GetBestAuthByAddr|ReadAuth)",
    "libxrender": r"XRender(QueryExtension|FindFormat|CompositeString32)",
    "libxft": r"Xft(FontOpenPattern|DrawCreate|DrawGlyphFontSpec)",
    "fontconfig": r"Fc(FontMatch|ConfigSubstitute)",
    "freetype": r"FT_(Init_FreeType|Open_Face|Load_Glyph)",
    "libpng": r"png_(create_read_struct|read_image)",
    "libuuid": r"uuid_(generate_time_safe|generate_random|parse)",
}
# What is built with, or no code.
NO_CODE = {"cpython", "xorgproto", "xcb-proto", "xcbgen", "dejavu"}


def functions(path):
    out = subprocess.run(["readelf", "-sW", path], capture_output=True, text=True, check=True)
    for line in out.stdout.splitlines():
        words = line.split()
        if len(words) >= 8 and words[3] in ("FUNC", "IFUNC") and words[6] != "UND":
            yield words[7].split("@")[0].split(".")[0]


def libraries(path):
    names = set(functions(path))
    found = {lib for lib, pattern in LIBRARIES.items()
             if any(re.fullmatch(pattern, name) for name in names)}
    # Which has zlib's functions, by the same names.
    return found - {"zlib"} if "zlib-ng" in found else found


def check_packages(packages, build):
    for p in build["packages"]:
        there = packages.get(p["name"])
        if not there:
            print(f"{p['name']} is missing")
        elif (there["versionInfo"] != p["version"] or there["licenseDeclared"] != p["licence"]
              or there["checksums"][0]["checksumValue"] != p["sha256"]):
            print(f"{p['name']} is not described as build.json does")
        for patch in p.get("patches", []):
            if patch["file"] not in there.get("comment", ""):
                print(f"{p['name']} is said to be without {patch['file']}")
        if p["name"] not in LIBRARIES and p["name"] not in NO_CODE:
            print(f"no function of {p['name']} is known here")


def is_elf(path):
    with open(path, "rb") as f:
        return f.read(4) == b"\x7fELF"


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def check_digests(sbom, tree):
    contained = {r["relatedSpdxElement"] for r in sbom["relationships"]
                 if r["relationshipType"] == "CONTAINS"}
    for p in sbom["packages"]:
        if p["SPDXID"] not in contained:
            continue
        if p["SPDXID"].startswith("SPDXRef-installed-"):
            continue
        path = os.path.join(tree, p["packageFileName"])
        if not os.path.isfile(path) or os.path.islink(path):
            print(f"{p['name']} is no file of the archive")
        elif p["checksums"][0]["checksumValue"] != digest(path):
            print(f"{p['name']} has another digest than the bill says")


def main(tree):
    with open(os.path.join(tree, "share/solder/sbom.spdx.json"), encoding="utf-8") as f:
        sbom = json.load(f)
    with open(os.path.join(tree, "share/solder/build.json"), encoding="utf-8") as f:
        build = json.load(f)
    packages = {p["name"]: p for p in sbom["packages"]}
    files = {p.get("packageFileName") for p in sbom["packages"]}
    ids = {p["SPDXID"]: p["name"] for p in sbom["packages"]}
    check_packages(packages, build)
    check_digests(sbom, tree)
    linked = {}
    for r in sbom["relationships"]:
        # Tcl and Tk are files of their own.
        if r["relationshipType"] == "STATIC_LINK" or (
                r["relationshipType"] == "GENERATED_FROM" and
                ids[r["relatedSpdxElement"]] in ("tcl", "tk")):
            linked.setdefault(ids[r["spdxElementId"]], set()).add(ids[r["relatedSpdxElement"]])
    seen = set()
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            rel = os.path.relpath(path, tree)
            if os.path.islink(path) or "/site-packages/" in rel:
                continue
            if name.endswith((".a", ".whl")) and rel not in files:
                print(f"{rel} is missing")
            if name.endswith((".o", ".a")) or not is_elf(path):
                continue
            if rel not in files:
                print(f"{rel} is missing")
            found, said = libraries(path), linked.get(rel, set())
            seen |= found
            for library in sorted(found - said):
                print(f"{rel} has {library} linked in, and the bill does not say so")
            for library in sorted(said - found):
                print(f"{rel} is said to have {library} linked in, and has not")
    for p in build["packages"]:
        if p["name"] not in NO_CODE and p["name"] not in seen:
            print(f"{p['name']} was found in no file")
    if not any(r["relationshipType"] == "BUILD_TOOL_OF" for r in sbom["relationships"]):
        print("the toolchain is missing")


main(*sys.argv[1:])
