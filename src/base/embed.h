/* Embeds files of the source tree as strings: EMBED(page_css, "src/report/page.css") at the top of
 * a C file defines `page_css`, which ends in a NUL, and `page_css_end`, which points to that NUL.
 *
 * The assembler reads the file relative to the folder where make runs; the Makefile makes the
 * object depend on it. */
#ifndef SOLDER_BASE_EMBED_H
#define SOLDER_BASE_EMBED_H

#define EMBED(name, file)                                                                          \
	extern const char name[], name##_end[];                                                    \
	__asm__(".pushsection .rodata." #name ",\"a\",@progbits\n"                                 \
		"\t.globl " #name "\n\t.hidden " #name "\n"                                        \
		"\t.globl " #name "_end\n\t.hidden " #name "_end\n" #name ":\n"                    \
		"\t.incbin \"" file "\"\n" #name "_end:\n\t.byte 0\n"                              \
		"\t.popsection\n")

#endif
