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
	"	hint #34\n" /* bti c */
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	mov x1, x0\n"
	"	mov x0, sp\n"
	"	bl start_c\n"
	"	brk #1\n"
	"	.cfi_endproc\n"
	".size _start, . - _start\n");
#elif defined(__riscv)
/* Programs reach small data by gp, which libraries leave alone. */
__asm__(".text\n.globl _start\n.type _start, @function\n_start:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined ra\n"
	"	.option push\n"
	"	.option norelax\n"
	"	lla gp, __global_pointer$\n"
	"	.option pop\n"
	"	mv a1, a0\n"
	"	mv a0, sp\n"
	"	andi sp, sp, -16\n"
	"	call start_c\n"
	"	ebreak\n"
	"	.cfi_endproc\n"
	".size _start, . - _start\n");
#elif defined(__s390x__)
__asm__(".text\n.globl _start\n.type _start, @function\n_start:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined %r14\n"
	"	lgr %r2, %r15\n"
	"	lgr %r3, %r14\n"
	"	lghi %r0, -16\n"
	"	ngr %r15, %r0\n"
	"	aghi %r15, -160\n"
	"	xc 0(8,%r15), 0(%r15)\n"
	"	brasl %r14, start_c\n"
	"	j .+2\n"
	"	.cfi_endproc\n"
	".size _start, . - _start\n");
#elif defined(__arm__)
__asm__(".text\n.globl _start\n.type _start, %function\n_start:\n"
	"	.fnstart\n"
	"	.cantunwind\n"
	"	mov fp, #0\n"
	"	mov lr, #0\n"
	"	mov r1, r0\n"
	"	mov r0, sp\n"
	"	mov r2, sp\n"
	"	bic r2, r2, #7\n"
	"	mov sp, r2\n"
	"	bl start_c\n"
	"	udf #0\n"
	"	.fnend\n"
	".size _start, . - _start\n");
#elif defined(__powerpc64__)
/* The arguments are in registers already, and the program's own functions in a structure. */
__asm__(".text\n.globl _start\n.type _start, @function\n_start:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined lr\n"
	"	addis 2, 12, .TOC.-_start@ha\n"
	"	addi 2, 2, .TOC.-_start@l\n"
	"	.localentry _start, .-_start\n"
	"	mr 9, 1\n"
	"	clrrdi 1, 1, 4\n"
	"	li 0, 0\n"
	"	stdu 1, -128(1)\n"
	"	mtlr 0\n"
	"	std 0, 0(1)\n"
	"	addis 8, 2, start_addresses@toc@ha\n"
	"	addi 8, 8, start_addresses@toc@l\n"
	"	bl __libc_start_main\n"
	"	nop\n"
	"	trap\n"
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
#if defined(__x86_64__) || defined(__aarch64__)
extern void _init(void) __attribute__((visibility("hidden")));
#else
/* See ends.c. */
#define _init() ((void)0)
#endif

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

#ifdef __powerpc64__
/* Small data, of which there is none, and what __libc_start_main is given elsewhere. */
__attribute__((used, visibility("hidden"))) const struct {
	const void *small_data;
	int (*main)(int, char **, char **);
	constructor *init;
	void (*fini)(void);
} start_addresses = {NULL, main, construct, NULL};
#else
__attribute__((used, noreturn, visibility("hidden"))) void start_c(
	void **stack, void (*loader_fini)(void))
{
	/* The loader runs destructors. */
	__libc_start_main(main, (int)(size_t)stack[0], (char **)(stack + 1), construct, NULL,
		loader_fini, stack);
	__builtin_trap();
}
#endif
