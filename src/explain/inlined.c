/* Finds where functions that ran in only one of the two are inlined in the other.
 *
 * Debug information is a tree: units contain functions (DW_TAG_subprogram), which contain inlined
 * copies (DW_TAG_inlined_subroutine), which may contain more of them. Every entry has address
 * ranges. The tree is walked once per file, skipping subtrees whose ranges were not executed. Each
 * copy of a wanted function yields its ranges as pieces, along with the function that contains it.
 * The executions in a range are then the difference of two prefix sums. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "explain/explain-internal.h"

/* Nesting of entries; compilers stay below 60. */
#define MAX_DEPTH 256
/* Executed address ranges of inlined functions; real files have some 100,000. */
#define MAX_PIECES ((size_t)4 << 20)
/* Ranges allowed beyond a unit's size: they are stored elsewhere, and small units may have many. */
#define MORE_RANGES 100000
#define NO_FUNCTION SIZE_MAX
/* Stubs and assembler have no debug information, and a program whose code is all in a library
 * executes little itself. */
#define WHOLE 0.9
#define NEGLIGIBLE 0.01

/* A range of addresses, partly executed, that was inlined from one function into another. */
struct piece {
	size_t function;
	const char *host; /* as in the debug information */
	uint64_t from, to;
};

/* Executions of one function inlined in another. */
struct tally {
	size_t function;
	char *host;
	int64_t executed;
};

struct finder {
	struct explain_inlined *wanted; /* sorted by name */
	size_t n_wanted;
	struct tally *tallies;
	size_t n_tallies;
	int64_t total; /* of the run */
	/* State for the current file. */
	struct callgrind_object costs;
	int64_t *sums; /* prefix sums of the counts */
	struct piece *pieces;
	size_t n_pieces;
	/* Each entry has at least one byte, so damaged debug information with cycles uses this
	 * up. */
	uint64_t left;
	int64_t known; /* executed in functions with debug information */
	const char *why;
};

static int broken(struct finder *f, const char *why)
{
	f->why = why ? why : dwarf_errmsg(-1);
	return -1;
}

static int spend(struct finder *f)
{
	return f->left-- ? 0 : broken(f, "it leads in circles");
}

static int64_t executed(const struct finder *f, uint64_t from, uint64_t to)
{
	return f->sums[callgrind_first_at(&f->costs, to)] -
	       f->sums[callgrind_first_at(&f->costs, from)];
}

/* True (1) if anything in the ranges of the entry was executed, else 0; -1 if unreadable. With
 * `as`, each such range becomes a piece, or counts as known if its function is not wanted. */
static int ranges(struct finder *f, Dwarf_Die *die, const struct piece *as)
{
	Dwarf_Addr base, from, to;
	ptrdiff_t at = 0;
	int touched = 0;

	while ((at = dwarf_ranges(die, at, &base, &from, &to)) > 0) {
		if (spend(f) < 0)
			return -1;
		if (callgrind_first_at(&f->costs, from) >= callgrind_first_at(&f->costs, to))
			continue;
		touched = 1;
		if (!as)
			continue;
		if (as->function == NO_FUNCTION) {
			f->known += executed(f, from, to);
			continue;
		}
		if (f->n_pieces == MAX_PIECES)
			return broken(f, "it has too many inlined functions");
		*ARRAY_ADD(f->pieces, f->n_pieces) =
			(struct piece){as->function, as->host, from, to};
	}
	return at < 0 ? broken(f, NULL) : touched;
}

/* The symbol name. The origin of an inlined copy is up to 16 references away (libdw follows no
 * more). */
static const char *name_of(Dwarf_Die *die)
{
	static const unsigned names[] = {DW_AT_linkage_name, DW_AT_name};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		Dwarf_Attribute attribute;
		const char *name =
			dwarf_formstring(dwarf_attr_integrate(die, names[i], &attribute));

		if (name && *name)
			return name;
	}
	return "";
}

static size_t find_wanted(const struct finder *f, const char *name)
{
	size_t len = explain_fold(name), low = 0, high = f->n_wanted;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int d = strncmp(f->wanted[mid].name, name, len);

		d = d ? d : f->wanted[mid].name[len] != '\0';
		if (d == 0)
			return mid;
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NO_FUNCTION;
}

/* Walks the children of an entry. `host` is the enclosing function; NULL at top level. */
static int walk(struct finder *f, Dwarf_Die *parent, const char *host, unsigned depth)
{
	static const struct piece any = {.function = NO_FUNCTION};
	Dwarf_Die die;
	int end;

	if (depth > MAX_DEPTH)
		return broken(f, "it is nested too deeply");
	for (end = dwarf_child(parent, &die); end == 0; end = dwarf_siblingof(&die, &die)) {
		struct piece as = {.host = host};
		const char *inside = host;
		int touched = 0;

		if (spend(f) < 0)
			return -1;
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			touched = ranges(f, &die, &any);
			if (touched > 0)
				inside = name_of(&die);
			break;
		case DW_TAG_inlined_subroutine:
			touched = host ? ranges(f, &die, NULL) : 0;
			as.function = touched > 0 ? find_wanted(f, name_of(&die)) : NO_FUNCTION;
			if (as.function != NO_FUNCTION)
				touched = ranges(f, &die, &as);
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
		case DW_TAG_namespace:
			touched = 1;
			break;
		}
		if (touched < 0 || (touched && walk(f, &die, inside, depth + 1) < 0))
			return -1;
	}
	return end < 0 ? broken(f, NULL) : 0;
}

static int visit_units(struct finder *f, Dwarf *dwarf, size_t *units, struct err *err)
{
	Dwarf_Off at = 0, next;
	size_t header;
	int end;

	for (; (end = dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL)) == 0; at = next) {
		Dwarf_Addr base, from, to;
		Dwarf_Die unit;
		int touched;

		if (interrupt_check(err) < 0)
			return -1;
		++*units;
		f->left = next - at + MORE_RANGES;
		if (!dwarf_offdie(dwarf, at + header, &unit)) {
			broken(f, NULL);
			continue;
		}
		/* A unit without addresses may still contain functions that have them. */
		touched = ranges(f, &unit, NULL);
		if (touched > 0 || (touched == 0 && dwarf_ranges(&unit, 0, &base, &from, &to) <= 0))
			walk(f, &unit, NULL, 0);
	}
	if (end < 0)
		broken(f, NULL);
	return 0;
}

static int by_place(const void *x, const void *y)
{
	const struct piece *a = x, *b = y;

	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->to < b->to) - (a->to > b->to);
}

/* A function may be inlined into itself: count each address only once. */
static void tally_pieces(struct finder *f)
{
	uint64_t done = 0;

	sort_array(f->pieces, f->n_pieces, sizeof(*f->pieces), by_place);
	for (size_t i = 0; i < f->n_pieces; i++) {
		const struct piece *p = &f->pieces[i];
		uint64_t from = p->from;

		if (i == 0 || p[-1].function != p->function)
			done = 0;
		from = from < done ? done : from;
		if (from >= p->to)
			continue;
		done = p->to;
		*ARRAY_ADD(f->tallies, f->n_tallies) = (struct tally){p->function,
			xstrndup(p->host, explain_fold(p->host)), executed(f, from, p->to)};
	}
}

static int find_in_file(struct finder *f, struct strv *missing, struct err *err)
{
	CLEANUP_SOURCE struct source *source = NULL;
	CLEANUP_FREE int64_t *sums = xcalloc(f->costs.n + 1, sizeof(*sums));
	const char *path = f->costs.path;
	CLEANUP_CODE_FUNCTIONS struct code_functions functions = {0};
	size_t units = 0;
	int64_t all = 0;
	double share;

	if (source_open(path, &source, err) < 0 || code_functions_read(path, &functions, err) < 0)
		return -1;
	f->n_pieces = 0;
	f->known = 0;
	f->why = NULL;
	f->sums = sums;
	for (size_t i = 0; i < f->costs.n; i++)
		sums[i + 1] = sums[i] + f->costs.costs[i].count;
	if (source_debug(source) && visit_units(f, source_debug(source), &units, err) < 0)
		return -1;
	tally_pieces(f);
	/* Without PLT stubs, of which debug information knows nothing. */
	for (size_t i = 0; i < functions.n; i++)
		all += executed(f, functions.v[i].addr, functions.v[i].addr + functions.v[i].size);
	share = all > 0 ? (double)f->known / (double)all : 1;
	if (f->why)
		strv_addf(missing, "the debug information of '%s' cannot be read whole (%s)", path,
			f->why);
	else if (!units)
		strv_addf(missing, "'%s' has no debug information", path);
	else if (share < WHOLE && (double)(all - f->known) > NEGLIGIBLE * (double)f->total)
		strv_addf(missing,
			"%.0f %% of what was executed in '%s' lies in no function that its debug information tells of",
			100 * (1 - share), path);
	return 0;
}

static int by_host(const void *x, const void *y)
{
	const struct tally *a = x, *b = y;

	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	return strcmp(a->host, b->host);
}

/* Most executed host first. */
static int by_executed(const void *x, const void *y)
{
	const struct explain_host *a = x, *b = y;

	if (a->executed != b->executed)
		return a->executed > b->executed ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Turns the tallies, sorted by function and host, into the hosts of each function. */
static void give_hosts(struct finder *f)
{
	sort_array(f->tallies, f->n_tallies, sizeof(*f->tallies), by_host);
	for (size_t i = 0; i < f->n_tallies; i++) {
		struct tally *t = &f->tallies[i];
		struct explain_inlined *to = &f->wanted[t->function];
		struct explain_host *last = to->n_hosts ? &to->hosts[to->n_hosts - 1] : NULL;

		*(to->in_a ? &to->a : &to->b) += t->executed;
		if (last && !strcmp(last->name, t->host)) {
			last->executed += t->executed;
			free(t->host);
			continue;
		}
		*ARRAY_ADD(to->hosts, to->n_hosts) = (struct explain_host){t->host, t->executed};
	}
	free(f->tallies);
	for (size_t i = 0; i < f->n_wanted; i++)
		sort_array(f->wanted[i].hosts, f->wanted[i].n_hosts, sizeof(*f->wanted[i].hosts),
			by_executed);
}

/* Collects the functions that ran in `there` only: A's, or B's with `in_a`. Both lists are sorted
 * by name. */
static size_t gather(const struct explain_weights *here, const struct explain_weights *there,
	bool in_a, struct explain_inlined *v)
{
	size_t n = 0, j = 0;

	for (size_t i = 0; i < there->n_functions; i++) {
		const struct explain_function *f = &there->functions[i];

		while (j < here->n_functions && strcmp(here->functions[j].name, f->name) < 0)
			j++;
		if ((j < here->n_functions && !strcmp(here->functions[j].name, f->name)) ||
			!*f->name || *f->name == '.')
			continue;
		v[n++] = (struct explain_inlined){.name = f->name,
			.in_a = in_a,
			.entries = f->entries,
			.frame = f->causes[EXPLAIN_FRAME],
			.a = in_a ? 0 : f->total,
			.b = in_a ? f->total : 0};
	}
	return n;
}

/* Looks in this one for the functions that ran out of line in the other only. */
static int find_in(const struct explain_ran *here, const struct explain_weights *there, bool in_a,
	struct explain_inlining *ret, struct err *err)
{
	struct explain_alone *alone = &ret->alone[in_a];
	struct finder f = {.total = here->run->total,
		.wanted = xcalloc(there->n_functions + 1, sizeof(*f.wanted))};
	int result = 0;

	f.n_wanted = gather(here->weights, there, in_a, f.wanted);
	while (f.n_wanted && result == 0 && callgrind_next_object(here->run, &f.costs))
		if (f.costs.interpreter)
			result = find_in_file(&f, &ret->missing[!in_a], err);
	give_hosts(&f);
	for (size_t i = 0; i < f.n_wanted; i++) {
		const struct explain_inlined *w = &f.wanted[i];

		alone->functions++;
		alone->frame += w->frame;
		if (!w->n_hosts)
			continue;
		alone->inlined++;
		alone->inlined_frame += w->frame;
		ret->v[ret->n++] = *w;
	}
	free(f.pieces);
	free(f.wanted);
	return result;
}

/* Most called function first. */
static int by_entries(const void *x, const void *y)
{
	const struct explain_inlined *a = x, *b = y;

	if (a->entries != b->entries)
		return a->entries > b->entries ? -1 : 1;
	return strcmp(a->name, b->name);
}

int explain_find_inlined(const struct explain_ran *a, const struct explain_ran *b,
	struct explain_inlining *ret, struct err *err)
{
	*ret = (struct explain_inlining){
		.v = xcalloc(
			a->weights->n_functions + b->weights->n_functions + 1, sizeof(*ret->v))};
	if (find_in(a, b->weights, true, ret, err) < 0 ||
		find_in(b, a->weights, false, ret, err) < 0) {
		explain_inlining_release(ret);
		return -1;
	}
	sort_array(ret->v, ret->n, sizeof(*ret->v), by_entries);
	return 0;
}

void explain_inlining_release(struct explain_inlining *inlining)
{
	for (size_t i = 0; i < inlining->n; i++) {
		for (size_t h = 0; h < inlining->v[i].n_hosts; h++)
			free(inlining->v[i].hosts[h].name);
		free(inlining->v[i].hosts);
	}
	free(inlining->v);
	for (size_t side = 0; side < 2; side++)
		strv_release(&inlining->missing[side]);
	*inlining = (struct explain_inlining){0};
}
