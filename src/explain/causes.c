/* The causes: their names, descriptions and remedies, and the classification of code into them. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "explain/explain-internal.h"

/* No advice on causes below this share of all instructions. */
#define WORTH 0.0005

static const struct {
	const char *name, *words;
	bool explains;
	const char *about;
} causes[EXPLAIN_N_CAUSES] = {
	[EXPLAIN_TLS] = {"tls", "thread-local access", true,
		"Computing the place of a thread-local variable: the instructions of the sequence, PLT stubs that lead to __tls_get_addr, and all that is executed in it."},
	[EXPLAIN_PLT_OWN] = {"plt-own", "PLT stubs to the same file", true,
		"Stubs for functions that the same file defines and another file might take over (interposition). The call instruction itself is among the calls."},
	[EXPLAIN_PLT_OTHER] = {"plt-other", "PLT stubs to other files", true,
		"Stubs for functions of other files, and what lazy binding adds."},
	[EXPLAIN_GOT_OWN] = {"got-own", "GOT loads of its own symbols", true,
		"Loading the address of a symbol that the library itself exports, because another file might take it over (interposition)."},
	[EXPLAIN_GOT] = {"got", "other GOT loads", true,
		"Loading any other address from the global offset table."},
	[EXPLAIN_ADDRESS] = {"address", "addresses without the GOT (lea)", true,
		"Computing an address next to the code: what the linker makes of a load from the GOT when the symbol cannot be elsewhere."},
	[EXPLAIN_CALL] = {"call", "call instructions", true,
		"Call instructions: direct, through the PLT, through the GOT, indirect; and tail calls."},
	[EXPLAIN_FRAME] = {"frame", "entry and exit of functions", true,
		"push, pop, moving the stack pointer, returning: what inlining saves."},
	[EXPLAIN_SPILL] = {"spill", "registers to and from the stack", true,
		"Values that are kept on the stack because registers are short."},
	[EXPLAIN_GUARD] = {"stack-protector", "stack protector", true,
		"Storing and testing the canary that detects overwritten stacks."},
	[EXPLAIN_MARKER] = {"control-flow-marker", "control-flow markers", true,
		"Landing pads of control-flow protection: endbr64, bti."},
	[EXPLAIN_WORK] = {"work", "all other work of the interpreter", false,
		"Everything else that the interpreter does. How the files were linked and loaded does not explain it."},
	[EXPLAIN_UNKNOWN] = {"unknown", "in no known function", false,
		"Executed in code that neither symbols nor .eh_frame cover."},
	[EXPLAIN_LIBC] = {"libc", "C library", true, "Executed in the C library and its parts."},
	[EXPLAIN_LOADER] = {"loader", "loader", true, "Executed in ld.so, without __tls_get_addr."},
	[EXPLAIN_OBJECTS] = {"objects", "extension modules and libraries", false,
		"Executed in extension modules and other libraries. What is built in on the other side is work of the interpreter there."},
	[EXPLAIN_NOWHERE] = {"nowhere", "other files' stubs, code in no file", false,
		"Stubs of other files and code in no file: callgrind knows files by their .text alone."},
};

const char *explain_cause_name(enum explain_cause cause)
{
	return causes[cause].name;
}

const char *explain_cause_words(enum explain_cause cause)
{
	return causes[cause].words;
}

bool explain_cause_explains(enum explain_cause cause)
{
	return causes[cause].explains;
}

enum explain_cause explain_cause_of_class(unsigned class)
{
	static const uint8_t of_class[CODE_N_CLASSES] = {
		[CODE_SITE_TLS_LE] = EXPLAIN_TLS,
		[CODE_SITE_TLS_IE] = EXPLAIN_TLS,
		[CODE_SITE_TLS_GD] = EXPLAIN_TLS,
		[CODE_SITE_TLS_LD] = EXPLAIN_TLS,
		[CODE_SITE_TLS_DESC] = EXPLAIN_TLS,
		[CODE_SITE_CALL_DIRECT] = EXPLAIN_CALL,
		[CODE_SITE_CALL_PLT_OWN] = EXPLAIN_CALL,
		[CODE_SITE_CALL_PLT_OTHER] = EXPLAIN_CALL,
		[CODE_SITE_CALL_GOT] = EXPLAIN_CALL,
		[CODE_SITE_CALL_INDIRECT] = EXPLAIN_CALL,
		[CODE_SITE_GOT_LOAD] = EXPLAIN_GOT,
		[CODE_INSN_STACK_PROTECTOR] = EXPLAIN_GUARD,
		[CODE_INSN_CONTROL_FLOW] = EXPLAIN_MARKER,
		[CODE_INSN_FRAME] = EXPLAIN_FRAME,
		[CODE_INSN_SPILL] = EXPLAIN_SPILL,
		[CODE_INSN_PLT_STUB] = EXPLAIN_PLT_OTHER,
		[CODE_INSN_JUMP_INDIRECT] = EXPLAIN_WORK,
		[CODE_INSN_OTHER] = EXPLAIN_WORK,
		[CODE_INSN_UNKNOWN] = EXPLAIN_UNKNOWN,
	};

	return of_class[class];
}

enum explain_cause explain_cause_of_object(const char *path)
{
	static const struct {
		const char *start;
		enum explain_cause cause;
	} names[] = {{"ld-linux", EXPLAIN_LOADER}, {"ld-musl", EXPLAIN_LOADER},
		{"ld.so", EXPLAIN_LOADER}, {"ld-2.", EXPLAIN_LOADER}, {"ld64.so", EXPLAIN_LOADER},
		{"libc.so", EXPLAIN_LIBC}, {"libc-2.", EXPLAIN_LIBC}, {"libm.so", EXPLAIN_LIBC},
		{"libm-2.", EXPLAIN_LIBC}, {"libpthread", EXPLAIN_LIBC}, {"libdl.so", EXPLAIN_LIBC},
		{"libdl-2.", EXPLAIN_LIBC}, {"librt.so", EXPLAIN_LIBC}, {"librt-2.", EXPLAIN_LIBC},
		{"libutil.so", EXPLAIN_LIBC}};
	const char *base = path_base(path);

	if (!strcmp(path, "???"))
		return EXPLAIN_NOWHERE;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(base, names[i].start, strlen(names[i].start)))
			return names[i].cause;
	return EXPLAIN_OBJECTS;
}

bool explain_is_tls_function(const char *name)
{
	static const char *const names[] = {"__tls_get_addr", "__tls_get_addr_slow",
		"update_get_addr", "tls_get_addr_tail", "_dl_update_slotinfo", "allocate_dtv_entry",
		"allocate_and_init", "_dl_tlsdesc_return", "_dl_tlsdesc_undefweak",
		"_dl_tlsdesc_dynamic", "_dl_tlsdesc_dynamic_fxsave", "_dl_tlsdesc_dynamic_xsave",
		"_dl_tlsdesc_dynamic_xsavec", "__tlsdesc_static", "__tlsdesc_dynamic"};
	/* Callgrind appends a recursion count after an apostrophe. */
	size_t n = strcspn(name, "'");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == n && !memcmp(names[i], name, n))
			return true;
	return false;
}

bool explain_is_interpreter(const char *object, const char *command)
{
	const char *base = path_base(object), *rest, *last;
	size_t n = strlen(object), word;

	if (!strncmp(base, "libpython", 9))
		return true;
	/* "python", "python3", "python3.13t"; a link used to start it may have any other name. */
	if (!strncmp(base, "python", 6)) {
		rest = base + 6 + strspn(base + 6, "0123456789.");
		if (!rest[strspn(rest, "dt")])
			return true;
	}
	if (!command)
		return false;
	/* A path may contain blanks, but then the command starts with it. */
	if (!strncmp(command, object, n) && (command[n] == ' ' || command[n] == '\0'))
		return true;
	word = strcspn(command, " ");
	last = memrchr(command, '/', word);
	last = last ? last + 1 : command;
	word -= (size_t)(last - command);
	return strlen(base) == word && !strncmp(base, last, word);
}

size_t explain_fold(const char *name)
{
	static const char *const suffixes[] = {".lto_priv.", ".constprop.", ".isra.", ".part.",
		".cold", ".llvm.", ".localalias", ".warm", ".__uniq.", ".__part.", ".specialized.",
		".memprof."};
	size_t n = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		const char *at = strstr(name, suffixes[i]);

		if (at && at > name && (size_t)(at - name) < n)
			n = (size_t)(at - name);
	}
	return n;
}

/* ---- shown --------------------------------------------------------------------------------- */

/* How to reduce a cause; NULL if no way is known. */
static const char *remedy_of(enum explain_cause cause, const struct explain_weights *w)
{
#define IF(site) (1u << (site))
	/* The first matching row applies; some need executed sites of a kind. */
	static const struct {
		enum explain_cause cause;
		unsigned sites; /* 0: always */
		const char *words;
	} remedies[] = {
		{EXPLAIN_TLS, IF(CODE_SITE_TLS_GD) | IF(CODE_SITE_TLS_LD) | IF(CODE_SITE_TLS_DESC),
			"a static interpreter, or -ftls-model=initial-exec"},
		{EXPLAIN_TLS, IF(CODE_SITE_TLS_IE),
			"is initial-exec: only a static interpreter is cheaper"},
		{EXPLAIN_TLS, 0, "is local-exec: as cheap as it gets"},
		{EXPLAIN_PLT_OWN, 0, "a static interpreter, or -Bsymbolic-functions"},
		{EXPLAIN_PLT_OTHER, 0, "-fno-plt"},
		{EXPLAIN_GOT_OWN, 0,
			"a static interpreter turns most into lea, at the same count; without position independence some go away"},
		{EXPLAIN_GOT, 0,
			"a static interpreter turns most into lea, at the same count; without position independence some go away"},
		{EXPLAIN_CALL, 0, "inlining: profile-guided and link-time optimization"},
		{EXPLAIN_FRAME, 0, "inlining: profile-guided and link-time optimization"},
		{EXPLAIN_GUARD, 0, "-fno-stack-protector"},
		{EXPLAIN_MARKER, 0, "-fcf-protection=none, -mbranch-protection=none"},
	};
#undef IF
	unsigned executed = 0;

	for (unsigned i = 0; i < CODE_N_SITES; i++)
		executed |= w->classes[i] ? 1u << i : 0;
	for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
		if (remedies[i].cause == cause &&
			(!remedies[i].sites || remedies[i].sites & executed))
			return remedies[i].words;
	return NULL;
}

static int larger_first(const void *a, const void *b)
{
	const struct explain_row *x = a, *y = b;

	return (x->a < y->a) - (x->a > y->a);
}

void explain_write_causes(const struct explain_answer *a, struct doc *doc)
{
	static const struct doc_column columns[] = {{"cause", DOC_WRAP | DOC_TERM},
		{"executed", DOC_RIGHT}, {"of all", DOC_RIGHT}, {"what would remove it", DOC_WRAP}};
	static const struct chart_words words = {.title = "What its instructions are spent on",
		.about =
			"The share of each cause in all executed instructions, the largest first."};
	const struct explain_weights *w = &a->a->weights;
	struct explain_row shares[EXPLAIN_N_CAUSES];
	const char *names[EXPLAIN_N_CAUSES];
	double values[EXPLAIN_N_CAUSES];
	CLEANUP_FREE char *svg = NULL;
	struct explain_cell c[2];
	size_t n = 0;

	doc_table(doc, "Where its instructions are", columns, ARRAY_SIZE(columns));
	for (unsigned i = 0; i < EXPLAIN_N_CAUSES; i++) {
		bool worth = explain_share(w->causes[i], w->total) >= WORTH;

		if (w->causes[i])
			doc_row(doc, (const char *[]){causes[i].words,
					     explain_cell_whole(&c[0], w->causes[i]),
					     explain_cell_percent(&c[1], w->causes[i], w->total),
					     worth ? remedy_of(i, w) : NULL});
		if (w->causes[i] > 0)
			shares[n++] =
				(struct explain_row){.words = causes[i].words, .a = w->causes[i]};
	}
	sort_array(shares, n, sizeof(*shares), larger_first);
	for (size_t i = 0; i < n; i++) {
		names[i] = shares[i].words;
		values[i] = 100 * explain_share(shares[i].a, w->total);
	}
	svg = chart_stack(&words, &(struct chart_stack){.unit = "%",
					  .parts = names,
					  .n_parts = n,
					  .bars = (const char *[]){"executed"},
					  .values = values,
					  .n_bars = 1});
	doc_picture(doc, svg, "Shares of all executed instructions, the largest first.", false);
}

void explain_write_glossary(const struct explain_answer *a, struct doc *doc)
{
	const struct explain_result *r = &a->result;

	doc_glossary(doc, "What the causes are");
	/* With two, entry and exit are split by where functions run. */
	for (size_t i = 0; !a->function && i < r->n_rows; i++)
		if (r->rows[i].words != causes[r->rows[i].cause].words)
			doc_term(doc, r->rows[i].words, NULL, causes[r->rows[i].cause].about);
	for (unsigned i = 0; i < EXPLAIN_N_CAUSES; i++)
		for (size_t k = 0; k < 2; k++) {
			const struct explain_weights *w = &a->pythons[k].weights;

			if (!(a->function ? explain_find_function(w, a->function)->causes
					  : w->causes)[i])
				continue;
			doc_term(doc, causes[i].words, NULL, causes[i].about);
			break;
		}
}
