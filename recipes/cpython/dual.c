/* What makes an interpreter of libpython.so: the loader's name (LOADER), and where it starts.

   The C library's own start files are for programs: what they take from the linker, such as the
   table of constructors, it gives to no shared object.  Until glibc 2.34 a program runs its own
   constructors; since then one may, and musl does it all itself.  As a library this file has its
   constructors run by the loader. */
#include <elf.h>
#include <link.h>
#include <stddef.h>

__attribute__((section(".interp"), used)) static const char loader[] = LOADER;

/* The start of the stack: the number of arguments, the arguments, NULL, the environment. */
#if defined(__x86_64__)
__asm__(".text\n.globl _start\n.hidden _start\n.type _start, @function\n_start:\n"
        "\t.cfi_startproc\n\t.cfi_undefined rip\n"
        "\tendbr64\n"
        "\txor %ebp, %ebp\n"
        "\tmov %rsp, %rdi\n"
        "\tmov %rdx, %rsi\n"
        "\tand $-16, %rsp\n"
        "\tcall start_c\n"
        "\thlt\n"
        "\t.cfi_endproc\n.size _start, . - _start\n");
#elif defined(__aarch64__)
__asm__(".text\n.globl _start\n.hidden _start\n.type _start, %function\n_start:\n"
        "\t.cfi_startproc\n\t.cfi_undefined x30\n"
        "\thint #34\n" /* bti c */
        "\tmov x29, #0\n"
        "\tmov x30, #0\n"
        "\tmov x1, x0\n"
        "\tmov x0, sp\n"
        "\tbl start_c\n"
        "\tbrk #1\n"
        "\t.cfi_endproc\n.size _start, . - _start\n");
#else
#error "--link dual: there is no start for this architecture"
#endif

typedef void constructor(int argc, char **argv, char **envp);

/* Nobody else's: a program that was linked with the library has its own. */
extern int main(int argc, char **argv, char **envp) __attribute__((visibility("hidden")));
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
                             constructor *init, void (*fini)(void), void (*loader_fini)(void),
                             void *stack_end);

static void
construct(int argc, char **argv, char **envp)
{
    constructor **array = NULL;
    size_t n = 0;
    void (*init)(void) = NULL;

    for (const ElfW(Dyn) *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
        void *at = (void *)(__ehdr_start + d->d_un.d_ptr);
        switch (d->d_tag) {
        case DT_INIT: *(void **)&init = at; break;
        case DT_INIT_ARRAY: array = at; break;
        case DT_INIT_ARRAYSZ: n = d->d_un.d_val / sizeof(*array); break;
        }
    }
    if (init != NULL) {
        init();
    }
    for (size_t i = 0; i < n; i++) {
        array[i](argc, argv, envp);
    }
}

__attribute__((used, noreturn, visibility("hidden"))) void
start_c(void **stack, void (*loader_fini)(void))
{
    __libc_start_main(main, (int)(size_t)stack[0], (char **)(stack + 1), construct, NULL,
                      loader_fini, stack);
    __builtin_trap();
}
