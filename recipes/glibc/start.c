/* crt1.o: where a program starts, position-independent or not, for the C library of the floor and
 * for every later one.
 *
 * Until glibc 2.34 the program runs its own constructors: __libc_start_main calls the function
 * that it is given. Since then it runs those of programs that give it none; those that were linked
 * with the older version of the function still say which. */
#include <stddef.h>

/* The start of the stack: the number of arguments, the arguments, NULL, the environment. `fini` is
 * the loader's, to be called at exit. */
#if defined(__x86_64__)
__asm__(".text\n.globl _start\n.type _start, @function\n_start:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined rip\n"
	"	endbr64\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	mov %rdx, %rsi\n"
	"	and $-16, %rsp\n"
	"	call start_c\n"
	"	hlt\n"
	"	.cfi_endproc\n"
	".size _start, . - _start\n");
#elif defined(__aarch64__)
__asm__(".text\n.globl _start\n.type _start, %function\n_start:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined x30\n"
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x1, x0\n"
	"	mov x0, sp\n"
	"	bl start_c\n"
	"	brk #1\n"
	"	.cfi_endproc\n"
	".size _start, . - _start\n");
#else
#error "there is no start for this architecture"
#endif

typedef void constructor(int argc, char **argv, char **envp);

extern int main(int argc, char **argv, char **envp);
extern int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
	constructor *init, void (*fini)(void), void (*loader_fini)(void), void *stack_end);

/* Says that the program knows stdio as it is since glibc 2.1. */
const int _IO_stdin_used = 0x20001;
/* Where the data begin, for those who look for it. */
int __data_start = 0;
extern int data_start __attribute__((weak, alias("__data_start")));

#if FLOOR_MINOR < 34
/* The linker defines these. */
extern constructor *__init_array_start[] __attribute__((visibility("hidden")));
extern constructor *__init_array_end[] __attribute__((visibility("hidden")));
extern void _init(void) __attribute__((visibility("hidden")));

static void construct(int argc, char **argv, char **envp)
{
	size_t n = (size_t)(__init_array_end - __init_array_start);

	_init();
	for (size_t i = 0; i < n; i++)
		__init_array_start[i](argc, argv, envp);
}
#else
#define construct NULL
#endif

__attribute__((used, noreturn, visibility("hidden"))) void start_c(
	void **stack, void (*loader_fini)(void))
{
	/* The loader runs destructors. */
	__libc_start_main(main, (int)(size_t)stack[0], (char **)(stack + 1), construct, NULL,
		loader_fini, stack);
	__builtin_trap();
}
