/* Startup of an interpreter: what the loader and the kernel report, and the imported modules. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/below.h"
#include "base/embed.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "elf/elf.h"
#include "explain/explain-internal.h"

/* Limit on loader output; a Python produces about 400 KB. */
#define MAX_OUTPUT ((size_t)64 << 20)
#define LIMIT_MS 60000

EMBED(list_modules, "src/explain/modules.py");

/* ---- LD_DEBUG ------------------------------------------------------------------------------ */

/* The rest of the line if it starts with `key`. */
static const char *after(const char *line, size_t n, const char *key)
{
	size_t len = strlen(key);

	return n >= len && !memcmp(line, key, len) ? line + len : NULL;
}

/* Parses "KEY   NUMBER"; fails on overflow. */
static bool take_number(const char *line, size_t n, const char *key, uint64_t *value)
{
	const char *p = after(line, n, key), *end = line + n, *start;
	uint64_t v = 0;

	while (p && p < end && *p == ' ')
		p++;
	for (start = p; p && p < end && *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return false;
	if (!p || p == start)
		return false;
	*value = v;
	return true;
}

void explain_ld_read(const char *text, size_t len, struct explain_ld *ld)
{
	const struct {
		const char *key;
		uint64_t *value;
	} numbers[] = {{"time needed for relocation:", &ld->cycles_relocating},
		{"time needed to load objects:", &ld->cycles_loading},
		{"number of relocations:", &ld->relocations},
		{"number of relocations from cache:", &ld->cached},
		{"number of relative relocations:", &ld->relative},
		{"final number of relocations:", &ld->relocations},
		{"final number of relocations from cache:", &ld->cached}};
	const char *end = text + len, *next;

	for (const char *line = text; line < end; line = next + (next < end)) {
		const char *colon;
		size_t n;

		next = memchr(line, '\n', (size_t)(end - line));
		next = next ? next : end;
		/* Each line starts with the process id: "     12797:\t". */
		colon = memchr(line, ':', (size_t)(next - line));
		if (colon && colon + 1 < next && colon[1] == '\t')
			line = colon + 2;
		while (line < next && (*line == ' ' || *line == '\t'))
			line++;
		n = (size_t)(next - line);
		if (after(line, n, "binding file "))
			ld->bindings++;
		else if (after(line, n, "symbol="))
			ld->searches += memmem(line, n, "lookup in file=", 15) != NULL;
		else if (after(line, n, "file="))
			ld->objects += memmem(line, n, "generating link map", 19) != NULL;
		else if (take_number(line, n, "total startup time in dynamic loader:", &ld->cycles))
			ld->statistics = true;
		else
			for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
				if (take_number(line, n, numbers[i].key, numbers[i].value))
					break;
	}
}

/* ---- starts -------------------------------------------------------------------------------- */

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

	explain_environment(&env);
	if (variable) {
		strv_add(&env, variable);
		strv_add(&env, "LD_DEBUG_OUTPUT=loader");
	}
	if (py_run(&program, output, err) == 0)
		return 0;
	return err_wrap(err, "'%s' does not start", s->interpreter);
}

/* The loader appends the process id to the given file name. */
static int take_output(void *ctx, const struct tree_entry *e, struct err *err)
{
	if (strncmp(e->rel, "loader.", 7) != 0)
		return 0;
	if (file_read_below(e->in, e->name, MAX_OUTPUT, ctx, err) < 0)
		return -1;
	unlinkat(e->in->fd, e->name, 0);
	return 0;
}

static int ask_loader(
	const struct starter *s, const char *variable, struct explain_ld *ld, struct err *err)
{
	CLEANUP_BUF struct buf output = BUF_INIT, text = BUF_INIT;

	if (start(s, "pass", variable, &output, err) < 0 ||
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

/* The loader's cycles are clock time and include any disturbance: the minimum of many runs shows
 * what it needs, the median how far to trust that. */
static int read_loader(const struct starter *s, struct err *err)
{
	struct explain_ld timed[EXPLAIN_LD_RUNS] = {0}, *ld = &s->startup->ld;

	for (size_t i = 0; i < EXPLAIN_LD_RUNS; i++)
		if (ask_loader(s, "LD_DEBUG=statistics", &timed[i], err) < 0)
			return -1;
	sort_array(timed, EXPLAIN_LD_RUNS, sizeof(timed[0]), by_cycles);
	*ld = timed[0];
	ld->cycles_middle = timed[EXPLAIN_LD_RUNS / 2].cycles;
	if (ask_loader(s, "LD_DEBUG=files,bindings,symbols", ld, err) < 0)
		return -1;
	if (!ld->statistics && !ld->bindings)
		s->startup->no_ld =
			xstrdup("its loader ignores LD_DEBUG (only glibc's supports it)");
	return 0;
}

static int trace(const struct starter *s, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;

	explain_environment(&env);
	strv_add(&argv, s->interpreter);
	strv_add(&argv, "-c");
	strv_add(&argv, "pass");
	return explain_trace_run(
		&argv, &env, s->scratch, &s->startup->trace, &s->startup->no_trace, err);
}

static void add_number(struct explain_number **v, size_t *n, const char *name, uint64_t add)
{
	size_t i = 0;

	while (i < *n && strcmp((*v)[i].name, name) != 0)
		i++;
	if (i == *n) {
		*ARRAY_ADD(*v, *n) = (struct explain_number){xstrdup(name), 0};
	}
	(*v)[i].n += add;
}

static int by_number(const void *a, const void *b)
{
	const struct explain_number *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* For all files mapped at exit. */
static void read_files(struct explain_startup *s)
{
	for (size_t m = 0; m < s->trace.n_mappings; m++) {
		CLEANUP_ELF_FACTS struct elf_facts facts = {0};
		const char *path = s->trace.mappings[m].path;
		struct err ignored = ERR_INIT;
		uint64_t all;

		if (*path != '/')
			continue;
		s->file_bytes += s->trace.mappings[m].size;
		s->file_pages_written += s->trace.mappings[m].written / EXPLAIN_PAGE;
		/* Other mapped files are data. */
		if (elf_facts_read(path, &facts, &ignored) < 0 || !facts.dynamic)
			continue;
		all = facts.relr;
		for (size_t i = 0; i < facts.n_relocs; i++) {
			const char *name = elf_reloc_name(facts.machine, facts.relocs[i].type);

			add_number(&s->types, &s->n_types, name ? name : "of unknown type",
				facts.relocs[i].count);
			all += facts.relocs[i].count;
		}
		if (facts.relr)
			add_number(&s->types, &s->n_types, "RELR", facts.relr);
		add_number(&s->objects, &s->n_objects, path, all);
		s->relocations += all;
	}
	sort_array(s->types, s->n_types, sizeof(*s->types), by_number);
	sort_array(s->objects, s->n_objects, sizeof(*s->objects), by_number);
}

static int read_modules(const struct starter *s, struct err *err)
{
	struct explain_startup *startup = s->startup;
	const struct {
		const char *kind;
		uint64_t *n;
	} kinds[] = {{"built-in", &startup->n_built_in}, {"frozen", &startup->n_frozen},
		{"extension", &startup->n_extension}, {"source", &startup->n_source}};
	CLEANUP_BUF struct buf output = BUF_INIT;
	char *line, *save = NULL;

	if (start(s, list_modules, NULL, &output, err) < 0)
		return -1;
	for (line = strtok_r(output.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *tab = strchr(line, '\t');

		if (!tab)
			continue;
		*tab = '\0';
		strv_add(&startup->modules, line);
		strv_add(&startup->kinds, tab + 1);
		startup->n_modules++;
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			*kinds[i].n += !strcmp(kinds[i].kind, tab + 1);
	}
	if (!startup->modules.n)
		startup->no_modules = xstrdup("it printed no list of modules");
	return 0;
}

int explain_startup(const char *interpreter, const char *scratch, struct explain_startup *startup,
	struct err *err)
{
	const struct starter s = {interpreter, scratch, startup};
	CLEANUP_BUF struct buf output = BUF_INIT;

	/* Warm-up run, to fill the bytecode and page caches. */
	if (start(&s, "pass", NULL, &output, err) < 0 || read_loader(&s, err) < 0 ||
		trace(&s, err) < 0 || read_modules(&s, err) < 0 || interrupt_check(err) < 0) {
		explain_startup_release(startup);
		return -1;
	}
	read_files(startup);
	return 0;
}

static void release_numbers(struct explain_number *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].name);
	free(v);
}

void explain_startup_release(struct explain_startup *s)
{
	explain_trace_release(&s->trace);
	release_numbers(s->types, s->n_types);
	release_numbers(s->objects, s->n_objects);
	strv_release(&s->modules);
	strv_release(&s->kinds);
	free(s->no_ld);
	free(s->no_trace);
	free(s->no_modules);
	*s = (struct explain_startup){0};
}
