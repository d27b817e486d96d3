"""Damages of wheels for Windows and Linux. See foreign.py."""

import os

from foreign_frame import AARCH64, ELF_SO, MUSL, WINDOWS, cut, damage, edit

PYD = "out/pkg/m.pyd"
ABI3 = "cp311-abi3-win_amd64"
MUSL_SO = "pkg/m.cpython-313-x86_64-linux-musl.so"


# ---- Windows ---------------------------------------------------------------------------------

@damage("Windows, as it should be", tag=WINDOWS)
def _(c):
    c.kit.dll(PYD, "python313.dll", "KERNEL32.dll", "api-ms-win-crt-heap-l1-1-0.dll")


@damage("Windows, the limited API", tag=ABI3)
def _(c):
    c.kit.dll(PYD, "python3.dll", "VCRUNTIME140.dll")


@damage("a DLL of the wheel", tag=WINDOWS)
def _(c):
    c.kit.dll("out/pkg.libs/other-1234.dll", text="EXPORT int f1(void) { return 1; }")
    c.kit.dll(PYD, "python313.dll", "OTHER-1234.dll")


@damage("a DLL that is loaded later", tag=WINDOWS)
def _(c):
    c.kit.dll(PYD, "python313.dll", "other.dll", delayed=True)


@damage("the DLL of another version", "pe-python", tag=WINDOWS, predicted="breaks")
def _(c):
    c.kit.dll(PYD, "python312.dll")


@damage("the DLL of a debug build", "pe-python", tag=WINDOWS)
def _(c):
    c.kit.dll(PYD, "python313_d.dll")


@damage("the DLL of a free-threaded build", "pe-python", tag=WINDOWS)
def _(c):
    c.kit.dll(PYD, "python313t.dll")


@damage("a free-threaded wheel with the other DLL", "pe-python", tag="cp313-cp313t-win_amd64")
def _(c):
    c.kit.dll(PYD, "python313.dll")


@damage("not the limited API", "pe-limited-api", tag=ABI3, predicted="unsure")
def _(c):
    c.kit.dll(PYD, "python311.dll")


@damage("not the limited API, by the file's name", "pe-limited-api", tag=WINDOWS)
def _(c):
    c.kit.dll("out/pkg/m.abi3.pyd", "python313.dll")


@damage("needs the redistributable", "pe-runtime", tag=WINDOWS, predicted="unsure")
def _(c):
    c.kit.dll(PYD, "python313.dll", "MSVCP140.dll")


@damage("needs a DLL that is nowhere", "pe-missing-dll", tag=WINDOWS, predicted="unsure")
def _(c):
    c.kit.dll(PYD, "python313.dll", "libfoo-5.dll")


@damage("for another machine", "pe-machine", tag=WINDOWS, predicted="breaks")
def _(c):
    c.kit.dll(PYD, "python313.dll", machine="arm64")


@damage("for a Windows that is not", "pe-windows-version", tag=WINDOWS)
def _(c):
    c.kit.dll(PYD, "python313.dll", version="10.1")


@damage("a PE file cut off", "pe-damaged", tag=WINDOWS, predicted="breaks")
def _(c):
    edit(c.kit.dll(PYD, "python313.dll"), cut(700))


# ---- Linux -----------------------------------------------------------------------------------

@damage("AArch64, as it should be", tag=AARCH64)
def _(c):
    c.elf()


@damage("musl, as it should be", tag=MUSL)
def _(c):
    c.elf(c.elf_stub("libc.musl-x86_64.so.1", "x86_64-linux-musl"), at=MUSL_SO,
          target="x86_64-linux-musl", text="int helper(int); int u(void) { return helper(1); }")


USES = "int helper(int); int use(void) { return helper(1); }"


def bundled(c, name="libx.so.1", at="pkg.libs", soname=None):
    """A library of the wheel."""
    made = c.elf("-soname", soname or name, at=f"{at}/{name}", init="nothing",
                 text="int helper(int x) { return x; }")
    return made


@damage("a library of the wheel, by $ORIGIN", tag=AARCH64)
def _(c):
    c.elf(bundled(c), "-rpath", "$ORIGIN/../pkg.libs", text=USES)


@damage("needs libpython", "elf-libpython", tag=AARCH64, predicted="unsure works")
def _(c):
    c.elf(c.elf_stub("libpython3.13.so.1.0"), text=USES)


@damage("needs a library that is nowhere", "elf-missing-library", tag=AARCH64,
        predicted="breaks breaks")
def _(c):
    c.elf(c.elf_stub("libfoo.so.5"), text=USES)


@damage("needs what musl has not", "elf-missing-library", tag=MUSL)
def _(c):
    c.elf(c.elf_stub("libstdc++.so.6", "x86_64-linux-musl"), at=MUSL_SO,
          target="x86_64-linux-musl", text=USES)


@damage("needs what glibc's systems have", tag=AARCH64)
def _(c):
    c.elf(c.elf_stub("libstdc++.so.6", version="GLIBCXX_3.4"), text=USES)


@damage("for glibc in a wheel for musl", "elf-libc", tag=MUSL, predicted="breaks breaks")
def _(c):
    c.elf(c.elf_stub("libc.so.6", "x86_64-linux-musl"), at=MUSL_SO, target="x86_64-linux-musl",
          text=USES)


@damage("for musl in a wheel for glibc", "elf-libc", tag=AARCH64)
def _(c):
    c.elf(c.elf_stub("libc.musl-aarch64.so.1"), text=USES)


@damage("a later glibc than the tag's", "elf-glibc-tag", tag=AARCH64,
        predicted="unsure unsure")
def _(c):
    c.elf(c.elf_stub("libc.so.6", version="GLIBC_2.34"), text=USES)


@damage("initial-exec storage under musl", "elf-musl-tls", tag=MUSL, predicted="breaks breaks")
def _(c):
    c.elf(at=MUSL_SO, target="x86_64-linux-musl",
          text='__thread int v __attribute__((tls_model("initial-exec")));\n'
               "int next(void) { return ++v; }")


@damage("the same under glibc", tag=AARCH64)
def _(c):
    c.elf(text='__thread int v __attribute__((tls_model("initial-exec")));\n'
               "int next(void) { return ++v; }")


@damage("a library on no search path", "elf-off-path", tag=AARCH64, predicted="unsure unsure")
def _(c):
    c.elf(bundled(c), text=USES)


def chain(c, *flags, at=ELF_SO, target="aarch64-linux-gnu"):
    """A module that finds a library, which needs another and has no search path."""
    low = c.elf("-soname", "libb.so.1", at="pkg.libs/libb.so.1", init="nothing", target=target,
                text="int low(int x) { return x; }")
    mid = c.elf("-soname", "liba.so.1", low, at="pkg.libs/liba.so.1", init="nothing",
                target=target, text="int low(int); int helper(int x) { return low(x); }")
    c.elf(mid, "-rpath", "$ORIGIN/../pkg.libs", *flags, at=at, text=USES, target=target)


@damage("DT_RUNPATH does not serve what it loads", "elf-off-path", tag=AARCH64)
def _(c):
    chain(c)


@damage("DT_RPATH does", tag=AARCH64)
def _(c):
    chain(c, "--disable-new-dtags")


@damage("with musl both do", tag=MUSL)
def _(c):
    chain(c, at=MUSL_SO, target="x86_64-linux-musl")


@damage("an absolute search path", "elf-search-paths", tag=AARCH64, predicted="works works")
def _(c):
    c.elf("-rpath", "/deps/build")


@damage("a search path out of the wheel", "elf-search-paths", tag=AARCH64)
def _(c):
    c.elf("-rpath", "$ORIGIN/../../other")


@damage("for another processor", "elf-machine", tag=AARCH64, predicted="breaks breaks")
def _(c):
    c.elf(target="x86_64-linux-gnu")


@damage("an ELF file cut off", "elf-damaged", tag=AARCH64, predicted="breaks breaks")
def _(c):
    edit(c.elf(), cut(300))
    assert os.path.getsize(c.kit.at(os.path.join("out", ELF_SO))) == 300
