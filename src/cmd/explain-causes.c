/* The causes of one interpreter's instructions, and what each cause is. */
#include <stdlib.h>
#include <string.h>

#include "cmd/explain-internal.h"
#include "elf/elf.h"

/* Causes below that share of all instructions are no advice. */
#define WORTH 0.0005

/* What brings a cause down. NULL: nothing that is known. */
static const char *remedy(enum explain_cause cause, const struct explain_weights *w)
{
	int64_t dynamic = w->classes[CODE_SITE_TLS_GD] + w->classes[CODE_SITE_TLS_LD] +
			  w->classes[CODE_SITE_TLS_DESC];

	switch (cause) {
	case EXPLAIN_TLS:
		return dynamic ? "a static interpreter, or -ftls-model=initial-exec"
		       : w->classes[CODE_SITE_TLS_IE]
			       ? "is initial-exec: only a static interpreter is cheaper"
			       : "is local-exec: as cheap as it gets";
	case EXPLAIN_PLT_OWN:
		return "a static interpreter, or -Bsymbolic-functions";
	case EXPLAIN_PLT_OTHER:
		return "-fno-plt";
	case EXPLAIN_GOT_OWN:
	case EXPLAIN_GOT:
		return "a static interpreter turns most into lea, at the same count; without "
		       "position independence some go away";
	case EXPLAIN_CALL:
	case EXPLAIN_FRAME:
		return "inlining: profile-guided and link-time optimization";
	case EXPLAIN_GUARD:
		return "-fno-stack-protector";
	case EXPLAIN_MARKER:
		return "-fcf-protection=none, -mbranch-protection=none";
	default:
		return NULL;
	}
}

struct share {
	const char *name;
	double percent;
};

static int larger_first(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	return (x->percent < y->percent) - (x->percent > y->percent);
}

static void add_picture(struct doc *doc, const struct explain_weights *w)
{
	static const struct chart_words words = {.title = "What its instructions are spent on",
		.about =
			"The share of each cause in all executed instructions, the largest first."};
	struct share shares[EXPLAIN_N_CAUSES];
	const char *names[EXPLAIN_N_CAUSES];
	double values[EXPLAIN_N_CAUSES];
	size_t n = 0;
	CLEANUP_FREE char *svg = NULL;

	for (unsigned i = 0; i < EXPLAIN_N_CAUSES; i++) {
		if (w->causes[i] > 0)
			shares[n++] = (struct share){
				explain_cause_words(i), 100 * cell_share(w->causes[i], w->total)};
	}
	sort_array(shares, n, sizeof(*shares), larger_first);
	for (size_t i = 0; i < n; i++) {
		names[i] = shares[i].name;
		values[i] = shares[i].percent;
	}
	svg = chart_stack(&words, &(struct chart_stack){.unit = "%",
					  .parts = names,
					  .n_parts = n,
					  .bars = (const char *[]){"executed"},
					  .values = values,
					  .n_bars = 1});
	doc_picture(doc, svg, "Shares of all executed instructions, the largest first.", false);
}

void explain_page_causes(struct doc *doc, const struct explain_page *p)
{
	static const struct doc_column columns[] = {{"cause", DOC_WRAP | DOC_TERM},
		{"executed", DOC_RIGHT}, {"of all", DOC_RIGHT}, {"what would remove it", DOC_WRAP}};
	const struct explain_weights *w = &p->a->weights;
	struct cell c[2];

	doc_table(doc, "Where its instructions are", columns, ARRAY_SIZE(columns));
	for (unsigned i = 0; i < EXPLAIN_N_CAUSES; i++) {
		bool worth = cell_share(w->causes[i], w->total) >= WORTH;
		const char *cells[] = {explain_cause_words(i), cell_whole(&c[0], w->causes[i]),
			cell_percent(&c[1], w->causes[i], w->total), worth ? remedy(i, w) : NULL};

		if (w->causes[i])
			doc_row(doc, cells);
	}
	add_picture(doc, w);
}

static const char *const about[EXPLAIN_N_CAUSES] = {
	[EXPLAIN_TLS] = "Computing the place of a thread-local variable: the instructions of the "
			"sequence, PLT stubs that lead to __tls_get_addr, and all that is executed "
			"in it.",
	[EXPLAIN_PLT_OWN] = "Stubs for functions that the same file defines and another file might "
			    "take over. The call instruction itself is among the calls.",
	[EXPLAIN_PLT_OTHER] = "Stubs for functions of other files, and what lazy binding adds.",
	[EXPLAIN_GOT_OWN] = "Loading the address of a symbol that the library itself exports, "
			    "because another file might take it over.",
	[EXPLAIN_GOT] = "Loading any other address from the global offset table.",
	[EXPLAIN_ADDRESS] = "Computing an address beside the code: what the linker makes of a load "
			    "from the GOT when the symbol cannot be elsewhere.",
	[EXPLAIN_CALL] = "Call instructions: direct, through the PLT, through the GOT, indirect; "
			 "and tail calls.",
	[EXPLAIN_FRAME] = "push, pop, moving the stack pointer, returning: what inlining saves.",
	[EXPLAIN_SPILL] = "Values that are kept on the stack because registers are short.",
	[EXPLAIN_GUARD] = "Storing and testing the canary that tells overwritten stacks.",
	[EXPLAIN_MARKER] = "Landing pads of control-flow protection: endbr64, bti.",
	[EXPLAIN_WORK] = "Everything else that the interpreter does. How the files were linked and "
			 "loaded does not explain it.",
	[EXPLAIN_UNKNOWN] = "Executed in code that neither symbols nor .eh_frame tell of.",
	[EXPLAIN_LIBC] = "Executed in the C library and its parts.",
	[EXPLAIN_LOADER] = "Executed in ld.so, without __tls_get_addr.",
	[EXPLAIN_OBJECTS] =
		"Executed in extension modules and other libraries. What is built in on "
		"the other side is work of the interpreter there.",
	[EXPLAIN_NOWHERE] = "Stubs of other files and code in no file: callgrind knows files by "
			    "their .text alone.",
};

void explain_page_glossary(struct doc *doc, const struct explain_page *p)
{
	const struct explain_result *r = p->result;
	/* Of two, entry and exit are told apart by where functions run. */
	bool split = p->b && r->matched && !p->function;

	doc_glossary(doc, "What the causes are");
	for (size_t i = 0; split && i < r->n_rows; i++) {
		if (!strncmp(r->rows[i].name, "frame", 5))
			doc_term(doc, r->rows[i].words, NULL, about[EXPLAIN_FRAME]);
	}
	for (unsigned i = 0; i < EXPLAIN_N_CAUSES; i++) {
		if (split && i == EXPLAIN_FRAME)
			continue;
		if (p->a->weights.causes[i] || (p->b && p->b->weights.causes[i]))
			doc_term(doc, explain_cause_words(i), NULL, about[i]);
	}
}
