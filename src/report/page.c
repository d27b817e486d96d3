/* The page's style and script, as they are. The assembler reads the files below src/, from the
 * folder where make runs; the Makefile makes this object depend on them. */
#define EMBED(name, file)                                                                          \
	__asm__(".pushsection .rodata." #name ",\"a\",@progbits\n"                                 \
		"\t.globl " #name "\n\t.hidden " #name "\n"                                        \
		"\t.globl " #name "_end\n\t.hidden " #name "_end\n" #name ":\n"                    \
		"\t.incbin \"" file "\"\n" #name "_end:\n\t.byte 0\n"                              \
		"\t.popsection\n")

EMBED(page_css, "src/report/page.css");
EMBED(page_js, "src/report/page.js");
