/* How an interpreter starts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/below.h"
#include "base/embed.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "elf/elf.h"
#include "explain/run-internal.h"
#include "proc/proc.h"

/* Of the loader's words: some 400 KB for a Python. */
#define MAX_OUTPUT ((size_t)64 << 20)
/* The loader's cycles are those of the clock, with all that came between: the least of many runs
 * says what it needs, the one in the middle how far to trust that. */
#define TIMED_RUNS EXPLAIN_LD_RUNS
#define LIMIT_MS 60000

EMBED(list_modules, "src/explain/modules.py");

struct starter {
	const char *interpreter, *scratch;
	struct explain_startup *startup;
};

static int start(const struct starter *s, const char *code, const char *variable,
	struct buf *output, struct err *err)
{
	CLEANUP_STRV struct strv env = STRV_INIT;
	const struct py_program program = {.interpreter = s->interpreter,
		.code = code,
		.env = &env,
		.cwd = s->scratch,
		.max_output = MAX_OUTPUT,
		.limit_ms = LIMIT_MS};

	run_environment(&env);
	if (variable) {
		strv_add(&env, variable);
		strv_add(&env, "LD_DEBUG_OUTPUT=loader");
	}
	if (py_run(&program, output, err) == 0)
		return 0;
	return err_wrap(err, "'%s' does not start", s->interpreter);
}

/* The loader appends the number of the process to the name that it is given. */
static int take_output(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct buf *text = ctx;

	if (strncmp(e->rel, "loader.", 7) != 0)
		return 0;
	if (file_read_below(e->in, e->name, MAX_OUTPUT, text, err) < 0)
		return -1;
	unlinkat(e->in->fd, e->name, 0);
	return 0;
}

static int ask_loader(
	const struct starter *s, const char *what, struct explain_ld *ld, struct err *err)
{
	CLEANUP_BUF struct buf output = BUF_INIT, text = BUF_INIT;

	if (start(s, "pass", what, &output, err) < 0 ||
		tree_walk(s->scratch, take_output, &text, err) < 0)
		return -1;
	explain_ld_read(text.data ? text.data : "", text.len, ld);
	return 0;
}

static int by_cycles(const void *a, const void *b)
{
	const struct explain_ld *x = a, *y = b;

	return (x->cycles > y->cycles) - (x->cycles < y->cycles);
}

static int read_loader(const struct starter *s, struct err *err)
{
	struct explain_ld timed[TIMED_RUNS] = {0}, *ld = &s->startup->ld;

	for (size_t i = 0; i < TIMED_RUNS; i++)
		if (ask_loader(s, "LD_DEBUG=statistics", &timed[i], err) < 0)
			return -1;
	sort_array(timed, TIMED_RUNS, sizeof(timed[0]), by_cycles);
	*ld = timed[0];
	ld->cycles_middle = timed[TIMED_RUNS / 2].cycles;
	if (ask_loader(s, "LD_DEBUG=files,bindings,symbols", ld, err) < 0)
		return -1;
	if (!ld->statistics && !ld->bindings)
		s->startup->no_ld =
			xstrdup("its loader does not heed LD_DEBUG (only glibc's does)");
	return 0;
}

static int trace(const struct starter *s, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;

	run_environment(&env);
	strv_add(&argv, s->interpreter);
	strv_add(&argv, "-c");
	strv_add(&argv, "pass");
	return trace_run(&argv, &env, s->scratch, &s->startup->trace, &s->startup->no_trace, err);
}

static void count(struct explain_count **counts, size_t *n, const char *name, uint64_t add)
{
	for (size_t i = 0; i < *n; i++)
		if (!strcmp((*counts)[i].name, name)) {
			(*counts)[i].n += add;
			return;
		}
	*counts = xreallocarray(*counts, *n + 1, sizeof(**counts));
	(*counts)[(*n)++] = (struct explain_count){xstrdup(name), add};
}

static void count_relocations(struct explain_startup *s, const char *path)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	struct err ignored = ERR_INIT;
	uint64_t all = 0;

	/* What is mapped and no ELF file is data. */
	if (elf_facts_read(path, &facts, &ignored) < 0 || !facts.dynamic)
		return;
	for (size_t i = 0; i < facts.n_relocs; i++) {
		const char *name = elf_reloc_name(facts.machine, facts.relocs[i].type);

		count(&s->types, &s->n_types, name ? name : "of unknown type",
			facts.relocs[i].count);
		all += facts.relocs[i].count;
	}
	if (facts.relr)
		count(&s->types, &s->n_types, "RELR", facts.relr);
	count(&s->objects, &s->n_objects, path, all + facts.relr);
}

static int by_count(const void *a, const void *b)
{
	const struct explain_count *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void read_relocations(const struct starter *s)
{
	struct explain_startup *startup = s->startup;
	const struct explain_trace *t = &startup->trace;

	for (size_t i = 0; i < t->n_mappings; i++)
		if (t->mappings[i].path[0] == '/')
			count_relocations(startup, t->mappings[i].path);
	sort_array(startup->types, startup->n_types, sizeof(*startup->types), by_count);
	sort_array(startup->objects, startup->n_objects, sizeof(*startup->objects), by_count);
}

static int read_modules(const struct starter *s, struct err *err)
{
	CLEANUP_BUF struct buf output = BUF_INIT;
	char *line, *save = NULL;

	if (start(s, list_modules, NULL, &output, err) < 0)
		return -1;
	for (line = strtok_r(output.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *tab = strchr(line, '\t');

		if (!tab)
			continue;
		*tab = '\0';
		strv_add(&s->startup->modules, line);
		strv_add(&s->startup->kinds, tab + 1);
	}
	if (!s->startup->modules.n)
		s->startup->no_modules = xstrdup("it printed no list of modules");
	return 0;
}

int explain_startup(const char *interpreter, const char *scratch, struct explain_startup *startup,
	struct err *err)
{
	const struct starter s = {interpreter, scratch, startup};
	CLEANUP_BUF struct buf output = BUF_INIT;

	/* Once before, so that bytecode and pages are there. */
	if (start(&s, "pass", NULL, &output, err) < 0 || read_loader(&s, err) < 0 ||
		trace(&s, err) < 0 || read_modules(&s, err) < 0 || interrupt_check(err) < 0) {
		explain_startup_release(startup);
		return -1;
	}
	read_relocations(&s);
	return 0;
}

static void release_counts(struct explain_count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(counts[i].name);
	free(counts);
}

void explain_startup_release(struct explain_startup *s)
{
	trace_release(&s->trace);
	release_counts(s->types, s->n_types);
	release_counts(s->objects, s->n_objects);
	strv_release(&s->modules);
	strv_release(&s->kinds);
	free(s->no_ld);
	free(s->no_trace);
	free(s->no_modules);
	*s = (struct explain_startup){0};
}
