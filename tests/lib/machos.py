"""Small Mach-O and PE files, made by clang and lld: for oracles, damages and seeds.

    machos.py SEEDS       writes the seeds of fuzz_macho and fuzz_pe into SEEDS/macho, SEEDS/pe
"""

import os
import shutil
import subprocess
import sys

MODULE = """
typedef struct o PyObject;
extern PyObject *PyModule_Create2(void *, int);
extern PyObject _Py_NoneStruct;
EXPORT PyObject *PyInit_NAME(void) { return PyModule_Create2(&_Py_NoneStruct, 1013); }
"""
PYTHON = """
int _Py_NoneStruct;
void *PyModule_Create2(void *a, int b) { return b ? a : 0; }
"""
FRAMEWORK = "/Library/Frameworks/Python.framework/Versions/3.13/Python"
SYSTEM = """--- !tapi-tbd
tbd-version: 4
targets: [ arm64-macos, x86_64-macos ]
install-name: /usr/lib/libSystem.B.dylib
exports:
  - targets: [ arm64-macos, x86_64-macos ]
    symbols: [ dyld_stub_binder, _puts ]
...
"""


def tool(name):
    """The newest of LLVM's programs, or None."""
    for version in ("-22", "-14", ""):
        if shutil.which(name + version):
            return name + version
    return None


def missing():
    """What the machine lacks for this, or None."""
    for name in ("clang", "ld64.lld", "lld-link", "llvm-lipo", "llvm-dlltool"):
        if not tool(name):
            return name
    return None


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    return done.stdout


class Kit:
    """Makes files in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.count = 0
        self.write("libSystem.tbd", SYSTEM)

    def at(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.at(name), "w") as f:
            f.write(text)
        return self.at(name)

    def object(self, text, target, *flags):
        self.count += 1
        source = self.write(f"{self.count}.c", text)
        run(tool("clang"), "-target", target, "-O1", "-ffreestanding", *flags, "-c", source,
            "-o", source[:-1] + "o")
        return source[:-1] + "o"

    def macho(self, name, text, *flags, arch="x86_64", minimum="11.0"):
        """Linked by ld64.lld with these flags; returns the path."""
        path = self.at(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        made = self.object(text, f"{arch}-apple-macos{minimum}")
        run(tool("ld64.lld"), "-arch", arch, "-platform_version", "macos", minimum, "14.0", made,
            self.at("libSystem.tbd"), "-o", path, *flags)
        return path

    def module(self, path, *flags, name="m", kind="-bundle", text="", **more):
        """An extension module. Python's symbols are looked up dynamically, unless flags name a
        library that has them."""
        source = MODULE.replace("NAME", name).replace("EXPORT ", "") + text
        return self.macho(path, source, kind, "-undefined", "dynamic_lookup", *flags, **more)

    def library(self, path, install, *flags, text=PYTHON, **more):
        return self.macho(path, text, "-dylib", "-install_name", install, *flags, **more)

    def universal(self, path, *thin):
        run(tool("llvm-lipo"), "-create", *thin, "-output", self.at(path))
        return self.at(path)

    def dll(self, path, *imports, text=None, machine="x64", delayed=False, version="6.0",
            name="m"):
        """A DLL that takes Python's two symbols from the first library named, and a function
        from each of the others."""
        target = {"x64": "x86_64", "arm64": "aarch64", "x86": "i686"}[machine]
        source = (text or MODULE.replace("NAME", name)).replace(
            "EXPORT", "__declspec(dllexport)").replace("extern", "__declspec(dllimport) extern")
        libraries = []
        for i, library in enumerate(imports):
            names = ["PyModule_Create2", "_Py_NoneStruct DATA"] if i == 0 else [f"f{i}"]
            made = self.write(f"{library}.def", "\n".join(
                [f"LIBRARY {library}", "EXPORTS", *names, ""]))
            run(tool("llvm-dlltool"), "-m", {"x64": "i386:x86-64", "arm64": "arm64",
                                             "x86": "i386"}[machine],
                "-d", made, "-l", made + ".lib", "-D", library)
            libraries.append(made + ".lib")
            if i:
                source += f"\n__declspec(dllimport) extern int f{i}(void);" \
                          f"\nint g{i}(void) {{ return f{i}(); }}\n"
        flags = ["/include:g%d" % i for i in range(1, len(imports))]
        if delayed:
            source += "\nvoid *__delayLoadHelper2(void *a, void *b) { return a ? a : b; }\n"
            source += "\nvoid *h(void);\n"
            flags += [f"/delayload:{imports[-1]}"]
        out = self.at(path)
        os.makedirs(os.path.dirname(out), exist_ok=True)
        run(tool("lld-link"), "/dll", "/noentry", f"/implib:{self.at('made.lib')}", f"/subsystem:windows,{version}",
            f"/machine:{machine}", self.object(source, f"{target}-pc-windows-msvc"), *libraries,
            *flags, f"/out:{out}")
        return out


def write_seeds(folder):
    work = Kit(os.path.join(folder, "work"))
    for kind in ("macho", "pe"):
        os.makedirs(os.path.join(folder, kind), exist_ok=True)
    at = os.path.join
    macho, pe = at("..", "macho"), at("..", "pe")
    python = work.library("python.dylib", FRAMEWORK)
    work.module(at(macho, "bundle"), "-rpath", "@loader_path/../lib")
    work.module(at(macho, "framework"), python, "-rpath", "/usr/local/lib")
    work.module(at(macho, "chained"), "-fixup_chains", python, minimum="12.0")
    work.module(at(macho, "flat"), "-flat_namespace")
    work.library(at(macho, "reexport"), "@rpath/librx.dylib", "-reexport_library", python,
                 text="int x;")
    work.library(at(macho, "weak"), "@rpath/libw.dylib", "-weak_library", python,
                 text=MODULE.replace("EXPORT ", ""), minimum="10.9")
    shutil.copy(work.object(MODULE.replace("EXPORT ", ""), "arm64-apple-macos11"),
                at(folder, "macho", "object"))
    shutil.copy(work.object(PYTHON, "i386-apple-macos10.9"), at(folder, "macho", "bits32"))
    work.universal(at(macho, "universal"),
                   work.object(MODULE.replace("EXPORT ", ""), "arm64-apple-macos11"),
                   work.object(PYTHON, "x86_64-apple-macos11"),
                   work.object(PYTHON, "i386-apple-macos10.9"))
    with open(at(folder, "macho", "java"), "wb") as f:
        f.write(b"\xca\xfe\xba\xbe\0\0\0\x34\0\x10" + bytes(16))
    work.dll(at(pe, "module.pyd"), "python313.dll")
    work.dll(at(pe, "abi3.pyd"), "python3.dll", "MSVCP140.dll")
    work.dll(at(pe, "delayed.dll"), "python313.dll", "other.dll", delayed=True)
    work.dll(at(pe, "arm64.pyd"), "python313.dll", machine="arm64", version="10.0")
    work.dll(at(pe, "exports.dll"), text="".join(
        f"EXPORT int e{i}(void) {{ return {i}; }}\n" for i in range(20)))
    with open(at(folder, "pe", "dos"), "wb") as f:
        f.write(b"MZ" + bytes(62))
    shutil.rmtree(work.folder)


if __name__ == "__main__":
    write_seeds(sys.argv[1])
