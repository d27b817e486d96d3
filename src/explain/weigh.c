#include "explain/weigh-internal.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "code/code.h"
#include "elf/elf.h"
#include "explain/callgrind-internal.h"

/* Of functions and sites of the interpreter's files; real ones have some 30,000. */
#define MAX_LIST ((size_t)8 << 20)
/* PLT stubs of x86 begin at multiples of it, or two of them lie in one such block. */
#define STUB_BLOCK 16

struct weigher {
	struct explain_weights *weights;
	struct explain_object *object;
	const struct elf_facts *facts;
	const struct callgrind_cost *costs; /* of this object */
	size_t n, next;
	size_t cap_functions, cap_sites;
	/* What callgrind assigns to no object, at absolute addresses; what is given a place is set
	 * to 0. With `loaded` it is known where this object was. */
	struct callgrind_cost *loose;
	size_t n_loose, next_loose;
	bool loaded;
	uint64_t load;
	int64_t taken; /* of it, for this object */
	/* The function whose pieces come. */
	uint64_t function_addr;
	bool in_function;
	bool place_computed; /* the last instruction called for a thread-local variable's place */
	/* In a PLT: executions that belong to the stub whose jump comes next. */
	int64_t pending;
	uint64_t pending_block, last_block;
	enum explain_cause last_stub;
	bool has_last;
};

static struct explain_function *current(struct weigher *w)
{
	return &w->weights->functions[w->weights->n_functions - 1];
}

static void count(struct weigher *w, enum explain_cause cause, int64_t n)
{
	w->weights->causes[cause] += n;
	w->object->total += n;
	if (w->in_function) {
		current(w)->causes[cause] += n;
		current(w)->total += n;
	}
}

static int start_function(struct weigher *w, const struct code_function *f, struct err *err)
{
	struct explain_weights *weights = w->weights;
	const char *name = f->name ? f->name : "";

	if (w->in_function && w->function_addr == f->addr)
		return 0;
	/* One in which nothing was executed gives its place to the next. */
	if (w->in_function && current(w)->total == 0)
		free(weights->functions[--weights->n_functions].name);
	if (weights->n_functions == MAX_LIST)
		return err_set(err, ERR_UNSUPPORTED, "too many functions");
	if (weights->n_functions >= w->cap_functions) {
		w->cap_functions = w->cap_functions ? w->cap_functions * 2 : 1024;
		weights->functions = xreallocarray(
			weights->functions, w->cap_functions, sizeof(*weights->functions));
	}
	weights->functions[weights->n_functions++] =
		(struct explain_function){.name = xstrndup(name, explain_fold(name))};
	w->in_function = true;
	w->place_computed = false;
	w->function_addr = f->addr;
	return 0;
}

static int64_t take_loose(struct weigher *w, uint64_t addr)
{
	struct callgrind_cost *c;
	int64_t count;

	if (!w->loaded)
		return 0;
	while (w->next_loose < w->n_loose && w->loose[w->next_loose].addr < addr + w->load)
		w->next_loose++;
	if (w->next_loose == w->n_loose || w->loose[w->next_loose].addr != addr + w->load)
		return 0;
	c = &w->loose[w->next_loose];
	count = c->count;
	c->count = 0;
	w->taken += count;
	return count;
}

/* What is passed lies in no instruction that was read. */
static void pass(struct weigher *w, size_t to)
{
	bool in_function = w->in_function;

	w->in_function = false;
	for (; w->next < to; w->next++) {
		count(w, EXPLAIN_UNKNOWN, w->costs[w->next].count);
		w->weights->classes[CODE_INSN_UNKNOWN] += w->costs[w->next].count;
		w->object->unknown += w->costs[w->next].count;
	}
	w->in_function = in_function;
}

static int64_t executions_at(struct weigher *w, uint64_t addr)
{
	size_t to = w->next;

	while (to < w->n && w->costs[to].addr < addr)
		to++;
	pass(w, to);
	if (w->next == w->n || w->costs[w->next].addr != addr)
		return 0;
	return w->costs[w->next++].count;
}

static int add_site(struct weigher *w, const struct code_insn *insn, int64_t n, struct err *err)
{
	struct explain_weights *weights = w->weights;

	weights->class_sites[insn->class]++;
	weights->class_executions[insn->class] += n;
	if (weights->n_sites == MAX_LIST)
		return err_set(err, ERR_UNSUPPORTED, "too many sites");
	if (weights->n_sites >= w->cap_sites) {
		w->cap_sites = w->cap_sites ? w->cap_sites * 2 : 4096;
		weights->sites =
			xreallocarray(weights->sites, w->cap_sites, sizeof(*weights->sites));
	}
	weights->sites[weights->n_sites++] = (struct explain_site){
		.function = xstrdup(current(w)->name),
		.class = code_class_name(insn->class),
		.kind = insn->class,
		.symbol = xstrdup(insn->symbol ? insn->symbol : ""),
		.sites = 1,
		.executions = n,
	};
	return 0;
}

static void count_stub(struct weigher *w, enum explain_cause cause, int64_t n)
{
	if (cause == EXPLAIN_TLS)
		w->weights->tls_stubs += n;
	count(w, cause, n);
}

/* What stands before a stub's jump belongs to it; what stands behind, and before no other jump in
 * the same block, too: lazy binding's way to the loader. */
static void end_stubs(struct weigher *w)
{
	if (w->pending)
		count_stub(w,
			w->has_last && w->last_block == w->pending_block ? w->last_stub
									 : EXPLAIN_PLT_OTHER,
			w->pending);
	w->pending = 0;
}

static void stub_insn(struct weigher *w, const struct code_insn *insn, int64_t n)
{
	uint64_t block = insn->addr / STUB_BLOCK;

	if (w->pending_block != block && w->facts->machine == EM_X86_64)
		end_stubs(w);
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
	count_stub(w, w->last_stub, w->pending);
	w->pending = 0;
}

static bool computes_place(const struct code_insn *insn)
{
	return insn->site && (insn->class == CODE_SITE_TLS_GD || insn->class == CODE_SITE_TLS_LD);
}

/* Is it a symbol of this file that the loader may bind to another's? Not in a program, which comes
 * first. */
static bool is_interposable(const struct elf_facts *facts, const char *symbol)
{
	return symbol && facts->kind == ELF_KIND_SHARED && !facts->symbolic &&
	       elf_exports(facts, symbol);
}

static enum explain_cause cause_of(struct weigher *w, const struct code_insn *insn)
{
	bool access = w->place_computed && insn->by_result;

	w->place_computed = computes_place(insn);
	if (access)
		return EXPLAIN_TLS;
	if (insn->address && insn->class == CODE_INSN_OTHER)
		return EXPLAIN_ADDRESS;
	if (insn->class == CODE_SITE_GOT_LOAD && is_interposable(w->facts, insn->symbol))
		return EXPLAIN_GOT_OWN;
	return weigh_cause_of_class(insn->class);
}

static int visit(void *ctx, const struct code_function *f, const struct code_insn *insns, size_t n,
	struct err *err)
{
	struct weigher *w = ctx;

	if (start_function(w, f, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct code_insn *insn = &insns[i];
		int64_t executed = executions_at(w, insn->addr) + take_loose(w, insn->addr);

		if (!executed)
			continue;
		if (f->name)
			w->object->in_named += executed;
		if (f->plt) {
			stub_insn(w, insn, executed);
			continue;
		}
		w->weights->classes[insn->class] += executed;
		count(w, cause_of(w, insn), executed);
		if (insn->class == CODE_INSN_UNKNOWN)
			w->object->unknown += executed;
		if (insn->addr == f->addr && (!f->name || !strstr(f->name, ".cold")))
			current(w)->entries += executed;
		if (insn->site && insn->class < CODE_N_SITES &&
			add_site(w, insn, executed, err) < 0)
			return -1;
	}
	if (f->plt)
		end_stubs(w);
	return 0;
}

/* Py_Version is PY_VERSION_HEX: a byte for each number, four bits for alpha (0xa) to final (0xf),
 * four for the number of that. */
static int read_version(struct weigher *w, const char *path, struct err *err)
{
	static const char *const levels[16] = {[0xa] = "a", [0xb] = "b", [0xc] = "rc"};
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *level;
	uint64_t word;
	int found = elf_export_word(path, "Py_Version", &word, err);

	if (found <= 0 || !word || w->weights->version)
		return found < 0 ? -1 : 0;
	level = levels[word >> 4 & 0xf];
	buf_addf(&text, "%u.%u.%u", (unsigned)(word >> 24 & 0xff), (unsigned)(word >> 16 & 0xff),
		(unsigned)(word >> 8 & 0xff));
	if (level)
		buf_addf(&text, "%s%u", level, (unsigned)(word & 0xf));
	w->weights->version = buf_steal(&text);
	return 0;
}

static int weigh_interpreter(
	struct weigher *w, const struct callgrind *run, const char *path, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	struct explain_weights *weights = w->weights;
	struct code_counts code;

	if (elf_facts_read(path, &facts, err) < 0 || read_version(w, path, err) < 0)
		return -1;
	weights->objects =
		xreallocarray(weights->objects, weights->n_objects + 1, sizeof(*weights->objects));
	w->object = &weights->objects[weights->n_objects++];
	*w->object = (struct explain_object){.path = xstrdup(path),
		.machine = xstrdup(elf_machine_name(facts.machine) ? elf_machine_name(facts.machine)
								   : "unknown")};
	w->facts = &facts;
	w->next = w->next_loose = 0;
	w->in_function = w->has_last = false;
	w->pending = 0;
	if (weigh_find_load(run, w->costs[0].object, &w->loaded, &w->load, err) < 0 ||
		code_each(path, visit, w, &code, err) < 0)
		return -1;
	for (unsigned i = 0; i < CODE_N_SITES; i++)
		weights->class_in_files[i] += code.sites[i];
	pass(w, w->n);
	if (w->in_function && current(w)->total == 0)
		free(weights->functions[--weights->n_functions].name);
	w->in_function = false;
	w->object->named = w->object->in_named / 99 >= w->object->total / 100;
	return 0;
}

static void weigh_other(struct weigher *w, const struct callgrind *run, const char *path)
{
	enum explain_cause cause = weigh_cause_of_object(path);
	bool entered = false;

	for (size_t i = 0; i < w->n; i++) {
		const char *function = run->functions.v[w->costs[i].function];
		bool tls = cause != EXPLAIN_NOWHERE && weigh_is_tls_function(function);

		if (tls) {
			w->weights->tls_get_addr += w->costs[i].count;
			if (!entered && !strcmp(function, "__tls_get_addr")) {
				entered = true;
				w->weights->tls_calls += w->costs[i].count;
			}
		}
		w->weights->causes[tls ? EXPLAIN_TLS : cause] += w->costs[i].count;
	}
}

/* "python", "python3", "python3.13t": it may have been started through a link of any name. */
static bool is_python(const char *base)
{
	if (strncmp(base, "python", 6) != 0)
		return false;
	base += 6;
	base += strspn(base, "0123456789.");
	base += strspn(base, "dt");
	return !*base;
}

bool weigh_is_interpreter(const char *object, const char *command)
{
	const char *base = path_base(object);
	size_t n = strlen(object), word;
	const char *last;

	if (!strncmp(base, "libpython", 9) || is_python(base))
		return true;
	if (!command)
		return false;
	/* A path may hold blanks, but it is the beginning then. */
	if (!strncmp(command, object, n) && (command[n] == ' ' || command[n] == '\0'))
		return true;
	word = strcspn(command, " ");
	last = memrchr(command, '/', word);
	last = last ? last + 1 : command;
	word -= (size_t)(last - command);
	return strlen(base) == word && !strncmp(base, last, word);
}

static int by_name(const void *a, const void *b)
{
	const struct explain_function *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void merge_functions(struct explain_weights *w)
{
	size_t kept = 0;

	sort_array(w->functions, w->n_functions, sizeof(*w->functions), by_name);
	for (size_t i = 0; i < w->n_functions; i++) {
		struct explain_function *f = &w->functions[i];
		struct explain_function *last = kept ? &w->functions[kept - 1] : NULL;

		if (!last || strcmp(last->name, f->name) != 0) {
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
}

static int by_site(const void *a, const void *b)
{
	const struct explain_site *x = a, *y = b;
	int d = strcmp(x->function, y->function);

	if (d == 0)
		d = strcmp(x->class, y->class);
	return d ? d : strcmp(x->symbol, y->symbol);
}

static void merge_sites(struct explain_weights *w)
{
	size_t kept = 0;

	sort_array(w->sites, w->n_sites, sizeof(*w->sites), by_site);
	for (size_t i = 0; i < w->n_sites; i++) {
		struct explain_site *s = &w->sites[i];

		if (!kept || by_site(&w->sites[kept - 1], s) != 0) {
			w->sites[kept++] = *s;
			continue;
		}
		w->sites[kept - 1].sites += s->sites;
		w->sites[kept - 1].executions += s->executions;
		free(s->function);
		free(s->symbol);
	}
	w->n_sites = kept;
}

static int check_sum(const struct callgrind *run, const struct explain_weights *w, struct err *err)
{
	int64_t causes = 0, classes = 0, objects = 0;

	for (size_t c = 0; c < EXPLAIN_N_CAUSES; c++)
		causes += w->causes[c];
	for (size_t c = 0; c < CODE_N_CLASSES; c++)
		classes += w->classes[c];
	for (size_t i = 0; i < w->n_objects; i++)
		objects += w->objects[i].total;
	if (causes != run->total)
		return err_set(err, ERR_UNSUPPORTED,
			"the causes add up to %lld of %lld executed instructions",
			(long long)causes, (long long)run->total);
	if (classes != objects)
		return err_set(err, ERR_UNSUPPORTED,
			"the classes add up to %lld of the %lld instructions executed in the "
			"interpreter's files",
			(long long)classes, (long long)objects);
	return 0;
}

/* A call through the PLT executes an instruction there at least, unless callgrind was told to leave
 * stubs out (which it does if nothing is said). Then it counts them at the calls, and every cause
 * would be wrong. Where the file was loaded may be unknown, and its stubs are in no file; without
 * section headers they are in no function. */
static int check_stubs(const struct explain_weights *w, struct err *err)
{
	int64_t calls = w->class_executions[CODE_SITE_CALL_PLT_OWN] +
			w->class_executions[CODE_SITE_CALL_PLT_OTHER];
	int64_t stubs = w->classes[CODE_INSN_PLT_STUB] + w->causes[EXPLAIN_NOWHERE] +
			w->causes[EXPLAIN_UNKNOWN];

	if (calls / 2 <= stubs)
		return 0;
	err_set(err, ERR_UNSUPPORTED,
		"%lld calls go through the PLT, but only %lld instructions were executed there",
		(long long)calls, (long long)stubs);
	return err_hint(err, "run callgrind with --skip-plt=no");
}

/* The causes must have grown by what the object executed; if not, here is where counts are lost. */
static int check_object(const struct weigher *w, const char *path, int64_t before, struct err *err)
{
	int64_t expected = before + w->taken, sum = 0;

	for (size_t i = 0; i < w->n; i++)
		expected += w->costs[i].count;
	for (size_t c = 0; c < EXPLAIN_N_CAUSES; c++)
		sum += w->weights->causes[c];
	if (sum == expected)
		return 0;
	return err_set(err, ERR_UNSUPPORTED,
		"of %lld instructions executed in '%s', %lld were given a cause",
		(long long)(expected - before), path, (long long)(sum - before));
}

static int weigh_object(
	struct weigher *w, const struct callgrind *run, bool interpreter, struct err *err)
{
	const char *path = run->objects.v[w->costs[0].object];
	int64_t before = 0;

	w->taken = 0;
	for (size_t c = 0; c < EXPLAIN_N_CAUSES; c++)
		before += w->weights->causes[c];
	if (!interpreter)
		weigh_other(w, run, path);
	else if (weigh_interpreter(w, run, path, err) < 0)
		return -1;
	return check_object(w, path, before, err);
}

static bool is_nowhere(const struct callgrind *run, size_t i)
{
	return !strcmp(run->objects.v[run->costs[i].object], "???");
}

static void gather_loose(struct weigher *w, const struct callgrind *run)
{
	w->loose = xcalloc(run->n_costs ? run->n_costs : 1, sizeof(*w->loose));
	for (size_t i = 0; i < run->n_costs; i++)
		if (is_nowhere(run, i))
			w->loose[w->n_loose++] = run->costs[i];
}

/* The interpreter's files first: they take from what is loose. */
static int weigh_all(
	struct weigher *w, const struct callgrind *run, bool interpreter, struct err *err)
{
	for (size_t i = 0; i < run->n_costs; i += w->n) {
		const char *path = run->objects.v[run->costs[i].object];

		w->costs = &run->costs[i];
		w->n = callgrind_of_object(run, i);
		if (is_nowhere(run, i) || weigh_is_interpreter(path, run->command) != interpreter)
			continue;
		if (weigh_object(w, run, interpreter, err) < 0)
			return -1;
	}
	return 0;
}

static void count_less(const struct callgrind *run, struct explain_weights *weights)
{
	for (size_t i = 0; i < run->n_costs; i++) {
		if (run->costs[i].count >= 0)
			continue;
		weights->n_less++;
		weights->less += run->costs[i].count;
	}
}

int explain_weigh(const struct callgrind *run, struct explain_weights *weights, struct err *err)
{
	struct weigher w = {.weights = weights};
	int result;

	*weights = (struct explain_weights){.total = run->total, .forked = run->forked};
	count_less(run, weights);
	gather_loose(&w, run);
	result = weigh_all(&w, run, true, err);
	if (result == 0 && !weights->n_objects)
		result = err_set(err, ERR_INPUT, "nothing was executed in '%s' or in a libpython",
			run->command ? run->command : "python");
	if (result == 0)
		result = weigh_all(&w, run, false, err);
	for (size_t i = 0; i < w.n_loose; i++)
		weights->causes[EXPLAIN_NOWHERE] += w.loose[i].count;
	free(w.loose);
	if (result == 0 && (check_sum(run, weights, err) < 0 || check_stubs(weights, err) < 0))
		result = -1;
	merge_functions(weights);
	merge_sites(weights);
	if (result < 0)
		explain_weights_release(weights);
	return result;
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
		free(w->objects[i].machine);
	}
	free(w->version);
	free(w->functions);
	free(w->sites);
	free(w->objects);
	*w = (struct explain_weights){0};
}
