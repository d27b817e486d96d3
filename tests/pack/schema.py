"""Holds a PYTHON.json to version 8 of its format, and its paths to the archive's content.

    schema.py FULL_TREE     a folder with python/PYTHON.json

Prints one line for each thing that is wrong; exits with 1 if there is any. Readers of the format
refuse keys that they do not know, so unknown ones are wrong, too.
"""
import json
import os
import re
import sys

TEXT, TEXTS, NUMBER, TRUTH = "text", "list of texts", "number", "truth value"
MAP, MAP_OF_LISTS = "object of texts", "object of lists of texts"

MAIN = {  # key: (kind, required)
    "version": (TEXT, True),
    "target_triple": (TEXT, True),
    "build_options": (TEXT, True),
    "optimizations": (TEXT, True),
    "crt_features": (TEXTS, True),
    "libpython_link_mode": (TEXT, True),
    "python_tag": (TEXT, True),
    "python_version": (TEXT, True),
    "python_major_minor_version": (TEXT, True),
    "python_exe": (TEXT, True),
    "python_platform_tag": (TEXT, True),
    "python_paths": (MAP, True),
    "python_paths_abstract": (MAP, True),
    "python_config_vars": (MAP, True),
    "python_suffixes": (MAP_OF_LISTS, True),
    "python_bytecode_magic_number": (TEXT, True),
    "python_symbol_visibility": (TEXT, True),
    "python_extension_module_loading": (TEXTS, True),
    "python_stdlib_test_packages": (TEXTS, True),
    "python_implementation_cache_tag": (TEXT, True),
    "python_implementation_hex_version": (NUMBER, True),
    "python_implementation_name": (TEXT, True),
    "python_implementation_version": (TEXTS, True),
    "run_tests": (TEXT, True),
    "build_info": (dict, True),
    "python_abi_tag": (TEXT, False),
    "python_stdlib_platform_config": (TEXT, False),
    "licenses": (TEXTS, False),
    "license_path": (TEXT, False),
    "tcl_library_path": (TEXT, False),
    "tcl_library_paths": (TEXTS, False),
}
BUILD = {
    "core": (dict, True),
    "extensions": (dict, True),
    "inittab_object": (TEXT, True),
    "inittab_source": (TEXT, True),
    "inittab_cflags": (TEXTS, True),
    "object_file_format": (TEXT, True),
}
CORE = {
    "objs": (TEXTS, True),
    "links": (list, True),
    "shared_lib": (TEXT, False),
    "static_lib": (TEXT, False),
}
EXTENSION = {
    "in_core": (TRUTH, True),
    "init_fn": (TEXT, True),
    "links": (list, True),
    "objs": (TEXTS, True),
    "required": (TRUTH, True),
    "variant": (TEXT, True),
    "licenses": (TEXTS, False),
    "license_paths": (TEXTS, False),
    "license_public_domain": (TRUTH, False),
    "static_lib": (TEXT, False),
    "shared_lib": (TEXT, False),
}
LINK = {
    "name": (TEXT, True),
    "path_static": (TEXT, False),
    "path_dynamic": (TEXT, False),
    "framework": (TRUTH, False),
    "system": (TRUTH, False),
}
PATTERNS = {
    "version": r"8",
    "target_triple": r"[a-z0-9_]+-unknown-linux-(gnu|musl)",
    "libpython_link_mode": r"shared|static",
    "python_tag": r"cp3\d+",
    "python_major_minor_version": r"3\.\d+",
    "python_bytecode_magic_number": r"[0-9a-f]{8}",
    "python_symbol_visibility": r"global-default|dllexport",
}

wrong = []


def texts(value):
    return isinstance(value, list) and all(isinstance(x, str) for x in value)


def fits(kind, value):
    if isinstance(kind, type):
        return isinstance(value, kind)
    return {
        TEXT: lambda: isinstance(value, str),
        TEXTS: lambda: texts(value),
        NUMBER: lambda: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
        TRUTH: lambda: isinstance(value, bool),
        MAP: lambda: isinstance(value, dict)
        and all(isinstance(x, str) for x in value.values()),
        MAP_OF_LISTS: lambda: isinstance(value, dict) and all(map(texts, value.values())),
    }[kind]()


def hold(where, value, schema):
    for key, (kind, required) in schema.items():
        if key not in value:
            if required:
                wrong.append(f"{where}: '{key}' is missing")
        elif not fits(kind, value[key]):
            wrong.append(f"{where}: '{key}' is no {kind}")
    for key in value:
        if key not in schema:
            wrong.append(f"{where}: '{key}' is not a key of the format")


def path_of(root, where, path):
    if path.startswith("/") or ".." in path.split("/"):
        wrong.append(f"{where}: '{path}' leads elsewhere")
    elif not os.path.exists(os.path.join(root, path)):
        wrong.append(f"{where}: '{path}' is not in the archive")


def check_links(root, where, links):
    for link in links:
        hold(f"{where}.links", link, LINK)
        for key in ("path_static", "path_dynamic"):
            if key in link:
                path_of(root, where, link[key])


def check_build(root, info):
    hold("build_info", info, BUILD)
    for key in ("inittab_object", "inittab_source"):
        path_of(root, f"build_info.{key}", info[key])
    core = info["core"]
    hold("build_info.core", core, CORE)
    check_links(root, "build_info.core", core["links"])
    for path in core["objs"] + [core[k] for k in ("shared_lib", "static_lib") if k in core]:
        path_of(root, "build_info.core", path)
    if len(core["objs"]) < 50:
        wrong.append("build_info.core: names hardly any object")
    with open(os.path.join(root, info["inittab_source"]), encoding="utf-8") as f:
        table = dict(re.findall(r'\{"(\w+)", (\w+)\}', f.read()))
    built_in = {name for name, variants in info["extensions"].items()
                if any("shared_lib" not in e for e in variants)}
    if built_in != set(table):
        wrong.append(f"inittab: {sorted(built_in ^ set(table))} stand in one of both alone")
    seen = set(core["objs"])
    for name, variants in info["extensions"].items():
        where = f"build_info.extensions.{name}"
        if not variants:
            wrong.append(f"{where}: has no variant")
        for e in variants:
            hold(where, e, EXTENSION)
            check_links(root, where, e["links"])
            paths = e["objs"] + e.get("license_paths", [])
            for path in paths + [e[k] for k in ("static_lib", "shared_lib") if k in e]:
                path_of(root, where, path)
            if e["init_fn"] != table.get(name, f"PyInit_{name}"):
                wrong.append(f"{where}: init_fn is not what the inittab has")
            if seen & set(e["objs"]):
                wrong.append(f"{where}: shares objects with the core")
            if not e["in_core"] and not e["objs"] and "shared_lib" not in e:
                wrong.append(f"{where}: neither built in nor a library")
    return core


def main(tree):
    root = os.path.join(tree, "python")
    with open(os.path.join(root, "PYTHON.json"), encoding="utf-8") as f:
        text = f.read()
    j = json.loads(text)
    hold("PYTHON.json", j, MAIN)
    for key, pattern in PATTERNS.items():
        if not re.fullmatch(pattern, j.get(key, "")):
            wrong.append(f"'{key}' is '{j.get(key)}'")
    core = check_build(root, j["build_info"])
    shared = os.path.exists(os.path.join(root, core.get("shared_lib", "nowhere")))
    if (j["libpython_link_mode"] == "shared") != shared:
        wrong.append("libpython_link_mode does not say what ships")
    for key in ("python_exe", "run_tests", "license_path", "python_stdlib_platform_config"):
        if key in j:
            path_of(root, key, j[key])
    for key, path in j["python_paths"].items():
        path_of(root, f"python_paths.{key}", path)
    for package in j["python_stdlib_test_packages"]:
        path_of(root, "python_stdlib_test_packages",
                os.path.join(j["python_paths"]["stdlib"], *package.split(".")))
    objects = {os.path.relpath(os.path.join(d, f), root)
               for d, _, files in os.walk(os.path.join(root, "build")) for f in files
               if f.endswith(".o")}
    named = set(core["objs"]) | {j["build_info"]["inittab_object"]}
    for variants in j["build_info"]["extensions"].values():
        for e in variants:
            named |= set(e["objs"])
    for path in sorted(objects - named):
        wrong.append(f"'{path}' is in the archive and not in PYTHON.json")
    if re.search(r"/(tmp|home|root)/", text):
        wrong.append("PYTHON.json names a place of the machine that built it")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
