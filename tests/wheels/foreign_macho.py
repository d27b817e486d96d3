"""Damages of wheels for macOS. See foreign.py."""

import os
import shutil
import struct

from machos import FRAMEWORK, MODULE, PYTHON

from foreign_frame import (BOTH, INTEL, SO, commands, cut, damage, edit, in_command, ordinal,
                           put32)

LIBPYTHON = "@rpath/libpython3.13.dylib"


# ---- nothing is wrong ------------------------------------------------------------------------

@damage("as it should be, arm64")
def _(c):
    c.module()


@damage("as it should be, x86_64", tag=INTEL)
def _(c):
    c.module()


@damage("as it should be, universal2", tag=BOTH)
def _(c):
    c.universal()


@damage("a library of the wheel, by @loader_path")
def _(c):
    c.uses(c.library("@loader_path/.dylibs/libx.dylib", at="pkg/.dylibs/libx.dylib"))


@damage("a library of the wheel, by @rpath")
def _(c):
    c.uses(c.library("@rpath/libx.dylib", at="pkg.libs/libx.dylib"),
           "-rpath", "@loader_path/../pkg.libs")


@damage("a library that another found")
def _(c):
    low = c.library("@rpath/libx.dylib", at="pkg/.dylibs/libx.dylib")
    mid = c.library("@loader_path/.dylibs/liby.dylib", low, at="pkg/.dylibs/liby.dylib",
                    text="int helper(int); int two(int x) { return helper(x); }")
    c.module(mid, "-rpath", "@loader_path/.dylibs",
             text="extern int two(int);\nint use(int x) { return two(x); }\n")


@damage("32-bit code besides", tag=INTEL)
def _(c):
    old = c.kit.object(PYTHON, "i386-apple-macos10.9")
    new = c.kit.module("x.so", minimum="10.9")
    os.makedirs(c.kit.at("out/pkg"))
    c.kit.universal(os.path.join("out", SO), new, old)


# ---- Python ----------------------------------------------------------------------------------

@damage("links the framework, arm64", "macho-libpython", predicted="breaks breaks works")
def _(c):
    c.module(c.python())


@damage("links the framework, x86_64", "macho-libpython", tag=INTEL,
        predicted="breaks breaks works")
def _(c):
    c.module(c.python())


for what, install, shared in (
        ("the framework of another version", FRAMEWORK.replace("3.13", "3.12"), "breaks"),
        ("Homebrew's framework", "/opt/homebrew/opt/python@3.13/Frameworks" + FRAMEWORK[19:],
         "breaks"),
        ("Xcode's framework", "@rpath/Python3.framework/Versions/3.9/Python3", "breaks"),
        ("a free-threaded framework",
         "/Library/Frameworks/PythonT.framework/Versions/3.13/PythonT", "breaks"),
        ("libpython by its path", "/usr/local/lib/libpython3.13.dylib", "unsure"),
        ("a free-threaded libpython", "@rpath/libpython3.13t.dylib", "unsure")):
    @damage(f"links {what}", "macho-libpython", predicted=f"breaks {shared} breaks")
    def _(c, install=install):
        c.module(c.python(install))


@damage("links libpython by @rpath", "macho-libpython", predicted="breaks unsure breaks")
def _(c):
    c.module(c.python(LIBPYTHON), "-rpath", "@loader_path/..")


@damage("links libpython weakly", "macho-libpython", predicted="breaks unsure breaks")
def _(c):
    c.module("-weak_library", c.python(LIBPYTHON))


@damage("names libpython for nothing", "macho-libpython", predicted="unsure unsure unsure")
def _(c):
    c.module(c.library(LIBPYTHON))


@damage("brings a libpython (torchcodec 657)", "macho-libpython", predicted="breaks breaks breaks")
def _(c):
    c.module(c.python("@loader_path/.dylibs/libpython3.13.dylib",
                      at="pkg/.dylibs/libpython3.13.dylib"))


@damage("brings a libpython for nothing", "macho-libpython", predicted="works works works")
def _(c):
    c.module(c.library("@loader_path/.dylibs/libpython3.13.dylib",
                       at="pkg/.dylibs/libpython3.13.dylib"))


@damage("a library to be filled by another wheel", predicted="unsure unsure unsure")
def _(c):
    c.uses(c.library("@rpath/libx.dylib"), "-rpath", "@loader_path/lib")


@damage("a plugin that lacks a library", "macho-missing-library", predicted="unsure unsure unsure")
def _(c):
    c.module()
    c.library("@loader_path/libp.dylib", c.library("/opt/lib/libx.dylib"), at="pkg/libp.dylib",
              text="int helper(int); int p(int x) { return helper(x); }")


@damage("a library below the module links it (pybind11 3907)", "macho-libpython",
        predicted="breaks unsure breaks")
def _(c):
    c.uses(c.library("@loader_path/libx.dylib", c.python(LIBPYTHON), at="pkg/libx.dylib",
                     text=MODULE.replace("EXPORT ", "").replace("NAME", "other")
                     + "int helper(int x) { return x; }"))


@damage("a library re-exports it", "macho-libpython", predicted="breaks unsure breaks")
def _(c):
    c.module()
    c.library("@loader_path/libx.dylib", "-reexport_library", c.python(LIBPYTHON),
              at="pkg/libx.dylib")


@damage("one slice links it", "macho-libpython", tag=BOTH, predicted="breaks unsure breaks")
def _(c):
    c.universal(arm=(c.kit.library("py.dylib", LIBPYTHON, arch="arm64"),))


def python_program(c):
    path = c.kit.macho("python", PYTHON + "int main(void) { return 0; }", arch=c.arch,
                       minimum=c.minimum)
    return path


@damage("wants Python of the program", "macho-bundle-loader", predicted="works breaks breaks")
def _(c):
    c.module("-bundle_loader", python_program(c))


@damage("wants one symbol of the program", "macho-bundle-loader",
        predicted="works breaks breaks")
def _(c):
    edit(c.module(), ordinal("_PyModule_Create2", 0xff))


# ---- namespaces ------------------------------------------------------------------------------

@damage("a flat namespace", "macho-flat-namespace", predicted="unsure unsure unsure")
def _(c):
    c.module("-flat_namespace")


@damage("the flag of two levels cleared", "macho-flat-namespace", tag=INTEL)
def _(c):
    path = c.module()
    edit(path, lambda data: put32(24, struct.unpack_from("<I", data, 24)[0] & ~0x80)(data))


@damage("a library with a flat namespace", "macho-flat-namespace")
def _(c):
    c.uses(c.library("@loader_path/libx.dylib", "-flat_namespace", at="pkg/libx.dylib"))


@damage("one slice with a flat namespace", "macho-flat-namespace", tag=BOTH)
def _(c):
    c.universal(intel=("-flat_namespace",))


@damage("a symbol that nothing has", "macho-dynamic-lookup", predicted="unsure unsure unsure")
def _(c):
    c.uses()


@damage("many symbols that nothing has", "macho-dynamic-lookup")
def _(c):
    names = [f"nowhere{i}" for i in range(9)]
    c.module(text="".join(f"int {n}(void);\n" for n in names) +
             "int use(void) { return " + " + ".join(f"{n}()" for n in names) + "; }\n")


@damage("a symbol of OpenMP's that nothing has", "macho-dynamic-lookup", tag=INTEL)
def _(c):
    c.module(text="int omp_get_num_threads(void);\n"
             "int use(void) { return omp_get_num_threads(); }\n")


@damage("a symbol that looks like Python's", "macho-dynamic-lookup")
def _(c):
    c.module(text="int Pyrex_no(void);\nint use(void) { return Pyrex_no(); }\n")


@damage("a symbol that a library of the wheel has")
def _(c):
    c.library("@loader_path/libx.dylib", at="pkg/libx.dylib")
    c.uses()


# ---- kinds -----------------------------------------------------------------------------------

@damage("a module that is a library", "macho-dylib-module", predicted="works works works")
def _(c):
    c.module("-install_name", "@rpath/m.so", kind="-dylib")


@damage("a bundle called a library", "macho-dylib-module")
def _(c):
    edit(c.module(), put32(12, 6))


@damage("for iOS", "macho-platform", predicted="breaks breaks breaks")
def _(c):
    edit(c.module(), in_command(0x32, 8, 2))


@damage("for a simulator", "macho-platform", tag="cp313-cp313-macosx_11_0_x86_64")
def _(c):
    edit(c.module(minimum="11.0"), in_command(0x32, 8, 7))


@damage("not signed", "macho-signature", predicted="breaks breaks breaks")
def _(c):
    c.module("-no_adhoc_codesign")


@damage("the signature's command is another", "macho-signature")
def _(c):
    edit(c.module(), lambda data: put32(
        next(at for k, at, _ in commands(data) if k == 0x1d), 0x1e)(data))


@damage("one slice is not signed", "macho-signature", tag=BOTH)
def _(c):
    c.universal(arm=("-no_adhoc_codesign",))


# ---- libraries -------------------------------------------------------------------------------

for where in ("/opt/homebrew/opt/libomp/lib/libomp.dylib", "/usr/local/lib/libx.dylib",
              "/opt/local/lib/libx.dylib", "@rpath/libx.dylib", "@loader_path/libx.dylib",
              "@executable_path/../lib/libx.dylib", "libx.dylib"):
    @damage(f"needs {where}", "macho-missing-library", predicted="breaks breaks breaks")
    def _(c, where=where):
        c.uses(c.library(where))


@damage("needs a library weakly that is nowhere")
def _(c):
    c.uses("-weak_library", c.library("/usr/local/lib/libx.dylib"))


@damage("one slice needs a library that is nowhere", "macho-missing-library", tag=BOTH)
def _(c):
    text = "extern int helper(int);\nint use(int x) { return helper(x); }\n"
    thin = [c.kit.module("thin/a.so", c.library("@rpath/a.dylib", arch="arm64", minimum="11.0"),
                         arch="arm64", text=text),
            c.kit.module("thin/b.so", c.library("/usr/lib/b.dylib", arch="x86_64"),
                         arch="x86_64", minimum="10.9", text=text)]
    os.makedirs(c.kit.at("out/pkg"))
    c.kit.universal(os.path.join("out", SO), *thin)


@damage("a library of the wheel without a search path", "macho-off-path",
        predicted="unsure unsure unsure")
def _(c):
    c.uses(c.library("@rpath/libx.dylib", at="pkg/.dylibs/libx.dylib"))


@damage("a library of the wheel by where it was built", "macho-off-path")
def _(c):
    c.uses(c.library("/deps/build/libx.dylib", at="pkg/.dylibs/libx.dylib"))


@damage("a library of the wheel by a wrong path", "macho-off-path")
def _(c):
    c.uses(c.library("@loader_path/../.dylibs/libx.dylib", at="pkg/.dylibs/libx.dylib"))


@damage("a search path that misses the library", "macho-off-path")
def _(c):
    c.uses(c.library("@rpath/libx.dylib", at="pkg/.dylibs/libx.dylib"),
           "-rpath", "@loader_path/dylibs")


for where in ("/usr/local/lib", "/deps/build", "@loader_path/../..", "@executable_path/../lib",
              "relative/lib"):
    @damage(f"looks in {where}", "macho-search-paths", predicted="works works works")
    def _(c, where=where):
        c.module("-rpath", where)


@damage("another wheel's library", "macho-search-paths", predicted="unsure unsure unsure")
def _(c):
    c.uses(c.library("@rpath/libx.dylib"), "-rpath", "@loader_path/../../other")


@damage("a search path twice", "macho-duplicate-rpath", predicted="unsure unsure unsure")
def _(c):
    path = c.module("-rpath", "@loader_path/a", "-rpath", "@loader_path/b")
    edit(path, lambda data: data.__setitem__(data.index(b"_path/b") + 6, ord("a")))


@damage("re-exports a library of the wheel", "macho-reexport", predicted="works works works")
def _(c):
    low = c.library("@loader_path/liby.dylib", at="pkg/liby.dylib")
    c.uses(c.library("@loader_path/libx.dylib", "-reexport_library", low, at="pkg/libx.dylib",
                     text="int x;"))


# ---- what the tag says -----------------------------------------------------------------------

@damage("for a later macOS, arm64", "macho-minimum", predicted="unsure unsure unsure")
def _(c):
    c.module(minimum="14.0")


@damage("for a later macOS, x86_64", "macho-minimum", tag=INTEL)
def _(c):
    c.module(minimum="10.15")


@damage("for a later macOS, by the old command", "macho-minimum", tag=INTEL)
def _(c):
    edit(c.module(), in_command(0x24, 8, 0x000a0d00))


@damage("a library for a later macOS", "macho-minimum")
def _(c):
    c.uses(c.library("@loader_path/libx.dylib", at="pkg/libx.dylib", minimum="13.0"))


@damage("10.9 for arm64 means 11.0", tag=BOTH)
def _(c):
    c.universal()


@damage("universal2, and for x86_64 alone", "macho-architecture", tag=BOTH,
        predicted="breaks breaks breaks")
def _(c):
    c.module(arch="x86_64", minimum="10.9")


@damage("universal2, and for arm64 alone", "macho-architecture", tag=BOTH)
def _(c):
    c.module(arch="arm64", minimum="11.0")


@damage("arm64, and for x86_64", "macho-architecture")
def _(c):
    c.module(arch="x86_64")


@damage("x86_64, and for arm64", "macho-architecture", tag=INTEL)
def _(c):
    c.module(arch="arm64", minimum="11.0")


@damage("32-bit code", "macho-architecture", tag=INTEL)
def _(c):
    os.makedirs(c.kit.at("out/pkg"))
    shutil.copy(c.kit.object(PYTHON, "i386-apple-macos10.9"), c.kit.at(os.path.join("out", SO)))


@damage("big-endian code", "macho-architecture")
def _(c):
    edit(c.module(), lambda data: data.__setitem__(slice(0, 4), data[3::-1]))


# ---- damaged ---------------------------------------------------------------------------------

@damage("cut in the load commands", "macho-damaged", predicted="breaks breaks breaks")
def _(c):
    edit(c.module(), cut(200))


@damage("cut in the symbols", "macho-damaged")
def _(c):
    edit(c.module(), lambda data: cut(
        next(struct.unpack_from("<I", data, at + 8)[0] for k, at, _ in commands(data)
             if k == 2))(data))


@damage("a load command without bytes", "macho-damaged")
def _(c):
    edit(c.module(), put32(36, 0))


@damage("more load commands than bytes", "macho-damaged")
def _(c):
    edit(c.module(), put32(16, 60000))


@damage("a name outside of its command", "macho-damaged")
def _(c):
    edit(c.module(), in_command(0xc, 8, 4096))


@damage("a library that is not there", "macho-damaged")
def _(c):
    edit(c.module(), ordinal("_PyModule_Create2", 17))


@damage("slices that overlap", "macho-damaged", tag=BOTH)
def _(c):
    c.universal()
    edit(c.kit.at(os.path.join("out", SO)),
         lambda data: data.__setitem__(slice(8 + 20 + 8, 8 + 20 + 12), data[16:20]))


@damage("a slice for another processor than it says", "macho-damaged", tag=BOTH)
def _(c):
    c.universal()
    edit(c.kit.at(os.path.join("out", SO)), lambda data: data.__setitem__(8 + 3, 18))


