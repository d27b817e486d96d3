"""Unpacks Debian's binary packages of Python, with the C library and the libraries that they need, into
folders that run beside the system's own:

    python3 tests/peers/fetch.py FOLDER [SUITE:VERSION...]     (trixie:3.13 forky:3.14 forky:3.15)

makes FOLDER/debian-trixie-3.13 and so on, each with usr/bin/pythonX.Y and peer.json, which names the
packages and what was done to make it run. apt downloads, with a state of its own, so that neither the
system's packages nor its sources change; it checks every package against the signed index. A folder that
is complete is left as it is. For each peer a line is printed: its name and its interpreter, or "missing"
with the reason.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys

DEFAULT = ("trixie:3.13", "forky:3.14", "forky:3.15")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DONE = "its interpreter's PT_INTERP and DT_RPATH name the folder's own C library (patchelf)"


class Missing(Exception):
    """Why a peer cannot be had."""


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("E:")] or lines or ["no message"]
        raise Missing(f"{os.path.basename(words[0])}: {errors[-1].strip()}")
    return done.stdout


def mirror():
    """The mirror that the system's apt uses."""
    files = glob.glob("/etc/apt/sources.list") + sorted(glob.glob("/etc/apt/sources.list.d/*"))
    for name in files:
        with open(name, encoding="utf-8") as f:
            found = re.search(r"^(?:deb\s+(?:\[[^\]]*\]\s+)?|URIs:\s*)(http\S*/debian)/?\s", f.read(), re.M)
        if found:
            return found.group(1)
    raise Missing("the system's apt names no mirror of Debian")


def apt_options(state, suite):
    """Options of an apt that knows of this suite and of no installed package."""
    if not os.path.exists(KEYRING):
        raise Missing(f"there is no {KEYRING} (package debian-archive-keyring)")
    for name in ("state/lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(state, name), exist_ok=True)
    with open(os.path.join(state, "status"), "w", encoding="utf-8"):
        pass
    with open(os.path.join(state, "sources.list"), "w", encoding="utf-8") as f:
        f.write(f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n")
    settings = {"Dir::State": f"{state}/state", "Dir::State::status": f"{state}/status",
                "Dir::Cache": f"{state}/cache", "Dir::Etc::sourcelist": f"{state}/sources.list",
                "Dir::Etc::sourceparts": "-", "Acquire::Languages": "none",
                "APT::Sandbox::User": "root", "APT::Install-Recommends": "false",
                "Acquire::Retries": "2"}
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def download(state, suite, package):
    """The packages that this one needs to run, itself included, each as a file."""
    options = apt_options(state, suite)
    run("apt-get", *options, "-qq", "update")
    run("apt-get", *options, "-qq", "-y", "--download-only", "install", package)
    return sorted(glob.glob(f"{state}/cache/archives/*.deb"))


def elf_type(path):
    with open(path, "rb") as f:
        return {2: "not position-independent", 3: "position-independent"}[f.read(18)[16]]


def unpack(folder, name, suite, version):
    """Makes FOLDER/NAME, complete or not at all."""
    place, part = os.path.join(folder, name), os.path.join(folder, name + ".part")
    if not shutil.which("patchelf") or not shutil.which("dpkg-deb"):
        raise Missing("patchelf and dpkg-deb are needed")
    shutil.rmtree(part, ignore_errors=True)
    state = os.path.join(part, "apt")
    packages = {}
    for deb in download(state, suite, f"python{version}"):
        run("dpkg-deb", "-x", deb, part)
        found = run("dpkg-deb", "-f", deb, "Package", "Version")
        fields = dict(line.split(": ", 1) for line in found.splitlines())
        packages[fields["Package"]] = fields["Version"]
    shutil.rmtree(state)
    python = os.path.join("usr", "bin", f"python{version}")
    triple = os.path.basename(glob.glob(os.path.join(part, "usr/lib/*-linux-gnu"))[0])
    libraries = os.path.join("usr", "lib", triple)
    loader = [found for found in glob.glob(os.path.join(part, libraries, "ld-linux*.so.*"))]
    if not loader or not os.path.exists(os.path.join(part, python)):
        raise Missing("its packages have no interpreter or no loader at the expected place")
    kind = elf_type(os.path.join(part, python))
    run("patchelf", "--set-interpreter",
        os.path.join(place, libraries, os.path.basename(loader[0])), "--force-rpath",
        "--set-rpath", os.path.join(place, libraries), os.path.join(part, python))
    shutil.rmtree(place, ignore_errors=True)
    os.rename(part, place)
    with open(os.path.join(place, "peer.json"), "w", encoding="utf-8") as f:
        json.dump({"python": python, "from": f"Debian {suite}", "done": DONE, "kind": kind,
                   "version": packages[f"python{version}"], "libc": packages["libc6"],
                   "packages": packages}, f, indent=1)


def works(place):
    """The interpreter of a complete folder that runs and uses its own libraries, or None."""
    try:
        with open(os.path.join(place, "peer.json"), encoding="utf-8") as f:
            python = os.path.join(place, json.load(f)["python"])
    except (FileNotFoundError, ValueError):
        return None
    code = ("import ssl, sqlite3, zlib, _decimal, _ctypes\n"
            "print(open('/proc/self/maps').read())")
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing("it does not run: " + (done.stderr.strip().splitlines() or ["no message"])[-1])
    foreign = {line.split()[-1] for line in done.stdout.splitlines()
               if ".so" in line and place not in line}
    if foreign:
        raise Missing("it loads the system's " + ", ".join(sorted(foreign)))
    return python


def peer(folder, suite, version):
    name = f"debian-{suite}-{version}"
    place = os.path.join(folder, name)
    python = works(place)
    if not python:
        unpack(folder, name, suite, version)
        python = works(place)
    return python


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = os.path.realpath(sys.argv[1])
    for word in sys.argv[2:] or DEFAULT:
        suite, _, version = word.partition(":")
        try:
            print(f"debian-{version}\t{peer(folder, suite, version)}", flush=True)
        except (Missing, OSError) as problem:
            print(f"debian-{version}\tmissing: {problem}", flush=True)


if __name__ == "__main__":
    main()
