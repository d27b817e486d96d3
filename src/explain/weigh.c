/* Finds the cause of every executed instruction.
 *
 * Merges two lists sorted by address. One is callgrind's: (address, executions) for each object.
 * The other is the code of the same file, as code_each() reads it: functions, and their
 * instructions, each with its class. Where they meet, the instruction's executions are added to the
 * cause of its class. Addresses that are only in callgrind's list (in a function that has neither a
 * symbol nor an .eh_frame entry, or in the middle of an instruction) are EXPLAIN_UNKNOWN, so
 * nothing is lost. For other objects, the C library and extension modules, only the name matters.
 *
 * PLT stubs complicate this. callgrind books them under "???", from where settle.c takes them. A
 * stub is a few instructions and a jump through a GOT slot. The slot tells whether the stub leads
 * to the same file, to another, or to __tls_get_addr, so the executions of the first instructions
 * wait
 * (`pending`) for the jump.
 *
 * Everything is summed twice, by cause and by class, and both sums are compared with callgrind's
 * total at the end. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "elf/elf.h"
#include "explain/explain-internal.h"

/* Limit on functions and sites of the interpreter's files; real ones have some 30,000. */
#define MAX_LIST ((size_t)8 << 20)
/* Stubs in an x86 PLT are aligned to this size, or two share a block of it. */
#define STUB_BLOCK 16

struct weigher {
	struct explain_weights *weights;
	struct explain_object *object;
	const struct elf_facts *facts;
	struct callgrind_object costs; /* of this object */
	size_t next;
	/* The current function, the last in the list; NULL outside all functions. */
	struct explain_function *function;
	uint64_t function_addr;
	const struct code_alias *aliases; /* of it */
	size_t n_aliases;
	bool place_computed; /* the last instruction called to compute a thread-local address */
	/* In a PLT: executions that belong to the stub whose jump comes next. */
	int64_t pending;
	uint64_t pending_block, last_block;
	enum explain_cause last_stub;
	bool has_last;
};

/* ---- the interpreter's files --------------------------------------------------------------- */

static void count(struct weigher *w, enum explain_cause cause, int64_t n)
{
	w->weights->causes[cause] += n;
	w->object->total += n;
	if (w->function) {
		w->function->causes[cause] += n;
		w->function->total += n;
	}
}

/* The next function reuses the slot of one without executions. */
static void end_function(struct weigher *w)
{
	struct explain_weights *weights = w->weights;

	if (w->function && w->function->total == 0)
		free(weights->functions[--weights->n_functions].name);
	else if (w->function)
		for (size_t i = 0; i < w->n_aliases && weights->n_aliases < MAX_LIST; i++) {
			const char *name = w->aliases[i].name;

			*ARRAY_ADD(weights->aliases, weights->n_aliases) = (struct explain_alias){
				xstrndup(name, explain_fold(name)), xstrdup(w->function->name)};
		}
	w->function = NULL;
}

static int start_function(struct weigher *w, const struct code_function *f, struct err *err)
{
	struct explain_weights *weights = w->weights;
	const char *name = f->name ? f->name : "";

	if (w->function && w->function_addr == f->addr)
		return 0;
	end_function(w);
	if (weights->n_functions == MAX_LIST)
		return err_set(err, ERR_UNSUPPORTED, "too many functions");
	w->function = ARRAY_ADD(weights->functions, weights->n_functions);
	w->function->name = xstrndup(name, explain_fold(name));
	w->place_computed = false;
	w->function_addr = f->addr;
	w->aliases = f->aliases;
	w->n_aliases = f->n_aliases;
	return 0;
}

/* Costs before `to` are in no instruction that was read. */
static void pass_unknown(struct weigher *w, size_t to)
{
	struct explain_function *function = w->function;

	w->function = NULL;
	for (; w->next < to; w->next++) {
		int64_t n = w->costs.costs[w->next].count;

		count(w, EXPLAIN_UNKNOWN, n);
		w->weights->classes[CODE_INSN_UNKNOWN] += n;
		w->object->unknown += n;
	}
	w->function = function;
}

static int64_t executions_at(struct weigher *w, uint64_t addr)
{
	const struct callgrind_object *o = &w->costs;
	size_t to = w->next;

	while (to < o->n && o->costs[to].addr < addr)
		to++;
	pass_unknown(w, to);
	return w->next < o->n && o->costs[w->next].addr == addr ? o->costs[w->next++].count : 0;
}

static void count_stub(struct weigher *w, enum explain_cause cause)
{
	if (cause == EXPLAIN_TLS)
		w->weights->tls_stubs += w->pending;
	count(w, cause, w->pending);
	w->pending = 0;
}

/* Instructions before a stub's jump belong to the stub, and so do those after the last jump of a
 * block: the path of lazy binding to the loader. */
static void end_stub(struct weigher *w)
{
	if (w->pending)
		count_stub(w, w->has_last && w->last_block == w->pending_block ? w->last_stub
									       : EXPLAIN_PLT_OTHER);
}

static void weigh_stub(struct weigher *w, const struct code_insn *insn, int64_t n)
{
	uint64_t block = insn->addr / STUB_BLOCK;

	if (w->pending_block != block && w->facts->machine == EM_X86_64)
		end_stub(w);
	w->pending_block = block;
	w->pending += n;
	w->weights->classes[CODE_INSN_PLT_STUB] += n;
	if (!insn->symbol)
		return;
	w->last_stub = !strcmp(insn->symbol, "__tls_get_addr") ? EXPLAIN_TLS
		       : elf_exports(w->facts, insn->symbol)   ? EXPLAIN_PLT_OWN
							       : EXPLAIN_PLT_OTHER;
	w->last_block = block;
	w->has_last = true;
	count_stub(w, w->last_stub);
}

static enum explain_cause cause_of(struct weigher *w, const struct code_insn *insn)
{
	const struct elf_facts *facts = w->facts;
	bool access = w->place_computed && insn->by_result;

	w->place_computed =
		insn->site && (insn->class == CODE_SITE_TLS_GD || insn->class == CODE_SITE_TLS_LD);
	if (access)
		return EXPLAIN_TLS;
	if (insn->address && insn->class == CODE_INSN_OTHER)
		return EXPLAIN_ADDRESS;
	/* A symbol of this file that the loader may bind to another file's: not in a program, which
	 * comes first. */
	if (insn->class == CODE_SITE_GOT_LOAD && insn->symbol && facts->kind == ELF_KIND_SHARED &&
		!facts->symbolic && elf_exports(facts, insn->symbol))
		return EXPLAIN_GOT_OWN;
	return explain_cause_of_class(insn->class);
}

static int weigh_insns(void *ctx, const struct code_function *f, const struct code_insn *insns,
	size_t n, struct err *err)
{
	struct weigher *w = ctx;
	struct explain_weights *weights = w->weights;

	bool part = f->name && code_part_of(f->name);

	if (start_function(w, f, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct code_insn *insn = &insns[i];
		int64_t executed = executions_at(w, insn->addr);

		if (!executed)
			continue;
		if (f->name)
			w->object->in_named += executed;
		if (part)
			w->object->in_parts += executed;
		else if (f->left)
			w->object->in_left += executed;
		if (f->plt) {
			weigh_stub(w, insn, executed);
			continue;
		}
		weights->classes[insn->class] += executed;
		count(w, cause_of(w, insn), executed);
		if (insn->class == CODE_INSN_UNKNOWN)
			w->object->unknown += executed;
		if (insn->addr == f->addr && !part)
			w->function->entries += executed;
		if (!insn->site || insn->class >= CODE_N_SITES)
			continue;
		weights->class_sites[insn->class]++;
		weights->class_executions[insn->class] += executed;
		if (weights->n_sites == MAX_LIST)
			return err_set(err, ERR_UNSUPPORTED, "too many sites");
		*ARRAY_ADD(weights->sites, weights->n_sites) =
			(struct explain_site){.function = xstrdup(w->function->name),
				.kind = insn->class,
				.symbol = xstrdup(insn->symbol ? insn->symbol : ""),
				.sites = 1,
				.executions = executed};
	}
	if (f->plt)
		end_stub(w);
	return 0;
}

/* Py_Version is PY_VERSION_HEX: one byte per number, then four bits for the level, alpha (0xa) to
 * final (0xf), and four for its serial. */
static int read_version(struct explain_weights *weights, const char *path, struct err *err)
{
	static const char *const levels[16] = {[0xa] = "a", [0xb] = "b", [0xc] = "rc"};
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *level;
	uint64_t word;
	int found = elf_export_word(path, "Py_Version", &word, err);

	if (found <= 0 || !word || weights->version)
		return found < 0 ? -1 : 0;
	level = levels[word >> 4 & 0xf];
	buf_addf(&text, "%u.%u.%u", (unsigned)(word >> 24 & 0xff), (unsigned)(word >> 16 & 0xff),
		(unsigned)(word >> 8 & 0xff));
	if (level)
		buf_addf(&text, "%s%u", level, (unsigned)(word & 0xf));
	weights->version = buf_steal(&text);
	return 0;
}

static int weigh_interpreter(struct weigher *w, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	struct explain_weights *weights = w->weights;
	const char *path = w->costs.path;
	struct code_counts code;

	if (elf_facts_read(path, &facts, err) < 0 || read_version(weights, path, err) < 0)
		return -1;
	w->object = ARRAY_ADD(weights->objects, weights->n_objects);
	w->object->path = xstrdup(path);
	if (facts.bolt.applied)
		w->object->bolt = xstrdup(facts.bolt.revision ? facts.bolt.revision : "");
	w->facts = &facts;
	w->next = 0;
	w->has_last = false;
	w->pending = 0;
	if (code_each(path, weigh_insns, w, &code, err) < 0)
		return -1;
	for (unsigned i = 0; i < CODE_N_SITES; i++)
		weights->class_in_files[i] += code.sites[i];
	pass_unknown(w, w->costs.n);
	end_function(w);
	w->object->named = w->object->in_named / 99 >= w->object->total / 100;
	return 0;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void weigh_other(struct weigher *w, const struct callgrind *run)
{
	enum explain_cause cause = explain_cause_of_object(w->costs.path);
	bool entered = false;

	for (size_t i = 0; i < w->costs.n; i++) {
		const struct callgrind_cost *cost = &w->costs.costs[i];
		const char *function = run->functions.v[cost->function];
		bool tls = explain_is_tls_function(function);

		w->weights->causes[tls ? EXPLAIN_TLS : cause] += cost->count;
		if (!tls)
			continue;
		w->weights->tls_get_addr += cost->count;
		if (!entered && !strcmp(function, "__tls_get_addr")) {
			entered = true;
			w->weights->tls_calls += cost->count;
		}
	}
}

static int64_t sum_of(const int64_t *v, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum;
}

/* Weighs either the interpreter's files, or all others, also those of no file. The causes must grow
 * by what each object executed; if not, this is where counts get lost. */
static int weigh_objects(
	struct weigher *w, const struct callgrind *run, bool interpreter, struct err *err)
{
	for (w->costs = (struct callgrind_object){0}; callgrind_next_object(run, &w->costs);) {
		int64_t before = sum_of(w->weights->causes, EXPLAIN_N_CAUSES), expected = 0, grown;

		if (w->costs.interpreter != interpreter)
			continue;
		if (!interpreter)
			weigh_other(w, run);
		else if (weigh_interpreter(w, err) < 0)
			return -1;
		for (size_t i = 0; i < w->costs.n; i++)
			expected += w->costs.costs[i].count;
		grown = sum_of(w->weights->causes, EXPLAIN_N_CAUSES) - before;
		if (grown != expected)
			return err_set(err, ERR_UNSUPPORTED,
				"of %lld instructions executed in '%s', %lld were given a cause",
				(long long)expected, w->costs.path, (long long)grown);
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct explain_function *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int explain_compare_sites(const void *a, const void *b)
{
	const struct explain_site *x = a, *y = b;
	int d = strcmp(x->function, y->function);

	if (d == 0)
		d = strcmp(code_class_name(x->kind), code_class_name(y->kind));
	return d ? d : strcmp(x->symbol, y->symbol);
}

static int by_alias(const void *a, const void *b)
{
	const struct explain_alias *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : strcmp(x->of, y->of);
}

void explain_merge_equal(struct explain_weights *w)
{
	size_t kept = 0;

	sort_array(w->functions, w->n_functions, sizeof(*w->functions), by_name);
	for (size_t i = 0; i < w->n_functions; i++) {
		struct explain_function *f = &w->functions[i];
		struct explain_function *last = kept ? &w->functions[kept - 1] : NULL;

		if (!last || by_name(last, f) != 0) {
			w->functions[kept++] = *f;
			continue;
		}
		last->entries += f->entries;
		last->total += f->total;
		for (size_t c = 0; c < EXPLAIN_N_CAUSES; c++)
			last->causes[c] += f->causes[c];
		free(f->name);
	}
	w->n_functions = kept;
	sort_array(w->sites, w->n_sites, sizeof(*w->sites), explain_compare_sites);
	kept = 0;
	for (size_t i = 0; i < w->n_sites; i++) {
		struct explain_site *s = &w->sites[i], *last = kept ? &w->sites[kept - 1] : NULL;

		if (!last || explain_compare_sites(last, s) != 0) {
			w->sites[kept++] = *s;
			continue;
		}
		last->sites += s->sites;
		last->executions += s->executions;
		free(s->function);
		free(s->symbol);
	}
	w->n_sites = kept;
	sort_array(w->aliases, w->n_aliases, sizeof(*w->aliases), by_alias);
}

static int check_sums(const struct callgrind *run, const struct explain_weights *w, struct err *err)
{
	int64_t causes = sum_of(w->causes, EXPLAIN_N_CAUSES), objects = 0;
	int64_t classes = sum_of(w->classes, CODE_N_CLASSES);
	int64_t calls = w->class_executions[CODE_SITE_CALL_PLT_OWN] +
			w->class_executions[CODE_SITE_CALL_PLT_OTHER];
	int64_t stubs = w->classes[CODE_INSN_PLT_STUB] + w->causes[EXPLAIN_NOWHERE] +
			w->causes[EXPLAIN_UNKNOWN];

	for (size_t i = 0; i < w->n_objects; i++)
		objects += w->objects[i].total;
	if (causes != run->total)
		return err_set(err, ERR_UNSUPPORTED,
			"the causes add up to %lld of %lld executed instructions",
			(long long)causes, (long long)run->total);
	if (classes != objects)
		return err_set(err, ERR_UNSUPPORTED,
			"the classes add up to %lld of the %lld instructions executed in the interpreter's files",
			(long long)classes, (long long)objects);
	/* A call through the PLT executes at least one instruction there, unless callgrind was told
	 * to leave stubs out (its default). Then it counts them at the calls, and every cause would
	 * be wrong. If the load address is unknown, the stubs are in no file; without section
	 * headers they are in no function. */
	if (calls / 2 <= stubs)
		return 0;
	err_set(err, ERR_UNSUPPORTED,
		"%lld calls go through the PLT, but only %lld instructions were executed there",
		(long long)calls, (long long)stubs);
	return err_hint(err, "run callgrind with --skip-plt=no");
}

int explain_weigh(struct callgrind *run, struct explain_weights *weights, struct err *err)
{
	struct weigher w = {.weights = weights};
	int result;

	*weights = (struct explain_weights){.total = run->total, .forked = run->forked};
	if (callgrind_settle(run, err) < 0)
		return -1;
	for (size_t i = 0; i < run->n_costs; i++) {
		if (run->costs[i].count >= 0)
			continue;
		weights->n_less++;
		weights->less += run->costs[i].count;
	}
	result = weigh_objects(&w, run, true, err);
	if (result == 0 && !weights->n_objects)
		result = err_set(err, ERR_INPUT, "nothing was executed in '%s' or in a libpython",
			run->command ? run->command : "python");
	if (result == 0)
		result = weigh_objects(&w, run, false, err);
	if (result == 0)
		result = check_sums(run, weights, err);
	if (result == 0)
		explain_merge_equal(weights);
	else
		explain_weights_release(weights);
	return result;
}

static void release_aliases(struct explain_alias *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].name);
		free(v[i].of);
	}
	free(v);
}

void explain_weights_release(struct explain_weights *w)
{
	for (size_t i = 0; i < w->n_functions; i++)
		free(w->functions[i].name);
	for (size_t i = 0; i < w->n_sites; i++) {
		free(w->sites[i].function);
		free(w->sites[i].symbol);
	}
	for (size_t i = 0; i < w->n_objects; i++) {
		free(w->objects[i].path);
		free(w->objects[i].bolt);
	}
	release_aliases(w->aliases, w->n_aliases);
	release_aliases(w->joined, w->n_joined);
	free(w->version);
	free(w->functions);
	free(w->sites);
	free(w->objects);
	*w = (struct explain_weights){0};
}

const struct explain_function *explain_find_function(
	const struct explain_weights *w, const char *name)
{
	static const struct explain_function none = {0};

	for (size_t i = 0; i < w->n_functions; i++)
		if (!strcmp(w->functions[i].name, name))
			return &w->functions[i];
	return &none;
}
