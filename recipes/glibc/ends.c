/* crti.o (with FIRST) and crtn.o: the first and the last instructions of _init and _fini, between
 * which linkers put what is in the sections .init and .fini. Today's compilers put nothing there,
 * so other architectures do without: their programs and libraries have no _init. */
#if defined(__x86_64__)
#define ENTER "endbr64\n sub $8, %rsp\n"
#define LEAVE "add $8, %rsp\n ret\n"
#elif defined(__aarch64__)
#define ENTER "hint #34\n stp x29, x30, [sp, -16]!\n mov x29, sp\n"
#define LEAVE "ldp x29, x30, [sp], 16\n ret\n"
#endif

#ifdef ENTER
#ifdef FIRST
#define PART(name)                                                                                 \
	__asm__(".section ." #name ",\"ax\",%progbits\n .globl _" #name "\n .hidden _" #name       \
		"\n .type _" #name ", %function\n_" #name ":\n " ENTER)
#else
#define PART(name) __asm__(".section ." #name ",\"ax\",%progbits\n " LEAVE)
#endif

PART(init);
PART(fini);
#endif
