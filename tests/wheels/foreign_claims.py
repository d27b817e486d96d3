"""Damages of wheels for Linux: what they claim, bring along and ask for. See foreign.py."""

from foreign_frame import AARCH64, ELF_SO, INTEL_LINUX, MUSL, damage
from foreign_others import MUSL_SO, USES, bundled

ABI3 = "cp39-abi3-manylinux2014_aarch64"
ABI3_SO = "pkg/m.abi3.so"
THREADS = "cp313-cp313t-manylinux2014_aarch64"
THREADS_SO = "pkg/m.cpython-313t-aarch64-linux-gnu.so"
INTEL_SO = "pkg/m.cpython-313-x86_64-linux-gnu.so"


def calls(*names):
    return "".join(f"int {n}(void); int use_{n}(void) {{ return {n}(); }}\n" for n in names)


@damage("an executable stack", "elf-stack", tag=AARCH64, predicted="works works")
def _(c):
    c.elf("-z", "execstack")


@damage("relocations in code", "elf-text-relocations", tag=AARCH64, predicted="works works")
def _(c):
    c.elf("-z", "notext", text='int there; __asm__(".text\\n.quad there\\n");')


@damage("marked for CET", tag=INTEL_LINUX)
def _(c):
    c.elf(at=INTEL_SO, target="x86_64-linux-gnu")


@damage("not marked for CET", "elf-cet", tag=INTEL_LINUX, predicted="works works")
def _(c):
    c.elf(at=INTEL_SO, target="x86_64-linux-gnu", cet=False)


@damage("the stable ABI", tag=ABI3)
def _(c):
    c.elf(at=ABI3_SO, text=calls("PyList_New", "_Py_Dealloc", "PyType_GetSlot"))


@damage("what is not in the stable ABI", "elf-stable-abi", tag=ABI3, predicted="works works")
def _(c):
    c.elf(at=ABI3_SO, text=calls("_PyDict_NewPresized"))


@damage("a public function that is not in it", "elf-stable-abi", tag=ABI3)
def _(c):
    c.elf(at=ABI3_SO, text=calls("PyUnstable_Code_New"))


@damage("what came later than the tag says", "elf-stable-abi", tag=ABI3,
        says="claims 3.9, and uses what came later: PyUnicode_AsUTF8AndSize (3.10)")
def _(c):
    c.elf(at=ABI3_SO, text=calls("PyUnicode_AsUTF8AndSize"))


@damage("the same with a later tag", tag=ABI3.replace("cp39", "cp310"))
def _(c):
    c.elf(at=ABI3_SO, text=calls("PyUnicode_AsUTF8AndSize"))


@damage("the stable ABI by the file's name", "elf-stable-abi", tag=AARCH64)
def _(c):
    c.elf(at=ABI3_SO, text=calls("_PyDict_NewPresized"))


@damage("a weak symbol that is not in the stable ABI", tag=ABI3)
def _(c):
    c.elf(at=ABI3_SO, text="__attribute__((weak)) int _PyDict_NewPresized(void);\n"
          "int use(void) { return _PyDict_NewPresized ? _PyDict_NewPresized() : 0; }")


@damage("without a GIL, as it should be", tag=THREADS)
def _(c):
    c.elf(at=THREADS_SO, text=calls("_Py_DecRefShared", "_Py_MergeZeroLocalRefcount"))


@damage("compiled for a GIL", "elf-free-threading", tag=THREADS, predicted="breaks breaks")
def _(c):
    c.elf(at=THREADS_SO, text=calls("_Py_Dealloc"))


@damage("compiled without a GIL", "elf-free-threading", tag=AARCH64, predicted="breaks breaks")
def _(c):
    c.elf(text=calls("_Py_DecRefShared"))


@damage("calls neither", tag=THREADS)
def _(c):
    c.elf(at=THREADS_SO)


@damage("named for another version", "elf-module-name", tag=AARCH64, predicted="works works")
def _(c):
    c.elf(at="pkg/m.cpython-312-aarch64-linux-gnu.so")


@damage("named for a Python with a GIL", "elf-module-name", tag=THREADS)
def _(c):
    c.elf(at=ELF_SO)


@damage("named for one version, with the stable ABI", "elf-module-name", tag=ABI3)
def _(c):
    c.elf(at="pkg/m.cpython-39-aarch64-linux-gnu.so")


@damage("named for several versions, one of them the tag's", tag=AARCH64)
def _(c):
    c.elf(at="pkg/m.cpython-312-aarch64-linux-gnu.so")
    c.elf(at=ELF_SO)


@damage("names that another wheel may define", tag=ABI3, predicted="unsure unsure")
def _(c):
    c.elf(c.elf_stub("libother.so.1"), "-rpath", "$ORIGIN/../other", at=ABI3_SO,
          text=USES + calls("PyOther_New"))


@damage("takes nothing from a library of the wheel", "elf-overlinked", tag=AARCH64,
        predicted="works works")
def _(c):
    c.elf(bundled(c), "-rpath", "$ORIGIN/../pkg.libs")


@damage("takes nothing from the system's", "elf-overlinked", tag=AARCH64)
def _(c):
    c.elf(c.elf_stub("libm.so.6", version="GLIBC_2.17"))


@damage("takes something", tag=AARCH64)
def _(c):
    c.elf(c.elf_stub("libm.so.6", version="GLIBC_2.17"), text=USES)


@damage("musl's libraries have no versions", tag=MUSL)
def _(c):
    c.elf(c.elf_stub("libc.musl-x86_64.so.1", "x86_64-linux-musl"), at=MUSL_SO,
          target="x86_64-linux-musl")


@damage("a known library by its text", "elf-bundled", tag=AARCH64, predicted="works works",
        says="has OpenSSL 3.0.13\"")
def _(c):
    c.elf(text='const char banner[] = "OpenSSL 3.0.13 30 Jan 2024";')


@damage("a text that only speaks of it", tag=AARCH64)
def _(c):
    c.elf(text='const char banner[] = "needs OpenSSL 1.1.1 or later";')


@damage("a known library by its name", "elf-bundled", tag=AARCH64, says="has zlib 1.2.13")
def _(c):
    c.elf(bundled(c, "libz-1a2b.so.1.2.13"), "-rpath", "$ORIGIN/../pkg.libs", text=USES)


@damage("libz3 is not zlib", tag=AARCH64)
def _(c):
    c.elf(bundled(c, "libz3.so.4.13.1"), "-rpath", "$ORIGIN/../pkg.libs", text=USES)


def intel(c, text):
    c.elf(at=INTEL_SO, target="x86_64-linux-gnu", text=text)


PERMUTE = 'void permute(void) { __asm__ volatile("vpermq $0x4e, %ymm0, %ymm0"); }\n'


@damage("instructions that not all processors have", "elf-isa", tag=INTEL_LINUX,
        predicted="works works",
        says="needs x86-64-v3 in 1 of 2 functions (vpermq in permute); nothing in it asks")
def _(c):
    intel(c, PERMUTE)


@damage("the same where something asks the processor", "elf-isa", tag=INTEL_LINUX,
        says="(vpermq in permute); it asks the processor what it has")
def _(c):
    intel(c, PERMUTE + 'void ask(void) { __asm__ volatile("cpuid"); }')


@damage("two levels", "elf-isa", tag=INTEL_LINUX,
        says="needs x86-64-v4 in 1 of 3 functions (vpaddd in wide); x86-64-v2 in 1 of 3 functions "
             "(popcnt in count); nothing")
def _(c):
    intel(c, 'void wide(void) { __asm__ volatile("vpaddd %zmm0, %zmm0, %zmm0"); }\n'
          'void count(void) { __asm__ volatile("popcnt %eax, %eax"); }')


@damage("what every processor has", tag=INTEL_LINUX)
def _(c):
    intel(c, 'void add(void) { __asm__ volatile("paddd %xmm0, %xmm0\\n\\trep bsf %eax, %ecx"); }')
