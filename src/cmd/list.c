/* solder list: what there is to choose from. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/data.h"
#include "base/file.h"
#include "base/term.h"
#include "cpython/cpython.h"
#include "check/check.h"
#include "cmd/cmd.h"
#include "study/study.h"

#define INDEX_MAX ((size_t)4 << 20)
#define COLUMNS_MAX 5

struct values {
	const char *cache, *recipes;
	bool json, names;
};

/* CPython's versions newest first, the libraries in the order of the set. */
static int add_locked(const struct values *v, bool cpython, json_t *rows, struct err *err)
{
	static const char *const sets[] = {"upstream", "debian"};
	CLEANUP(cleanup_cache) struct cache *cache = NULL;
	CLEANUP_FREE char *recipes = NULL;

	if (data_folder("recipes", v->recipes, &recipes, err) < 0 ||
		cache_open_to_read(v->cache, &cache, err) < 0)
		return -1;
	for (size_t s = 0; s < ARRAY_SIZE(sets); s++) {
		CLEANUP(cleanup_lock) struct lock *lock = NULL;
		CLEANUP_FREE const struct lock_entry **found = NULL;
		size_t n = 0;

		if (lock_load(recipes, sets[s], &lock, err) < 0)
			return -1;
		found = xcalloc(lock->n + 1, sizeof(*found));
		if (cpython)
			n = lock_find(lock, "cpython", NULL, found, lock->n);
		for (size_t i = 0; !cpython && i < lock->n; i++) {
			if (strcmp(lock->entries[i].package, "cpython") != 0)
				found[n++] = &lock->entries[i];
		}
		for (size_t i = 0; i < n; i++)
			json_array_append_new(rows,
				json_pack("{s:s, s:s, s:s, s:b, s:s}", "package", found[i]->package,
					"version", found[i]->version, "set", lock->set,
					"downloaded", cpython_is_downloaded(cache, found[i]),
					"source", found[i]->urls.v[0]));
	}
	return 0;
}

static int list_versions(const struct values *v, json_t *rows, struct err *err)
{
	return add_locked(v, true, rows, err);
}

static int list_packages(const struct values *v, json_t *rows, struct err *err)
{
	return add_locked(v, false, rows, err);
}

static int list_workloads(const struct values *v, json_t *rows, struct err *err)
{
	CLEANUP_FREE char *folder = NULL, *path = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	json_error_t why;
	json_t *index;

	(void)v;
	if (data_folder("workloads", NULL, &folder, err) < 0)
		return -1;
	path = xasprintf("%s/index.json", folder);
	if (file_read(path, INDEX_MAX, &text, err) < 0)
		return -1;
	index = json_loadb(text.data, text.len, 0, &why);
	if (!json_is_array(index)) {
		json_decref(index);
		return err_set(
			err, ERR_INPUT, "'%s' is not a list of workloads: %s", path, why.text);
	}
	json_array_extend(rows, index);
	json_decref(index);
	return 0;
}

static int list_probes(const struct values *v, json_t *rows, struct err *err)
{
	(void)v, (void)err;
	check_probes_list(rows);
	return 0;
}

static int list_rules(const struct values *v, json_t *rows, struct err *err)
{
	(void)v, (void)err;
	check_rules_list(rows);
	return 0;
}

static int list_factors(const struct values *v, json_t *rows, struct err *err)
{
	(void)v, (void)err;
	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *o = &cpython_option_table[i];

		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "option", o->name,
						    "choices", o->choices, "default", o->standard,
						    "change", o->compiles ? "compile" : "link"));
	}
	return 0;
}

static int list_interventions(const struct values *v, json_t *rows, struct err *err)
{
	(void)v, (void)err;
	for (enum study_factor f = 0; f < STUDY_N_FACTORS; f++)
		json_array_append_new(rows, json_pack("{s:s, s:s}", "factor", study_factor_name(f),
						    "about", study_factor_words(f)));
	return 0;
}

static int list_targets(const struct values *v, json_t *rows, struct err *err)
{
	struct utsname name;
	CLEANUP_FREE char *triple = NULL;

	(void)v;
	if (uname(&name) < 0)
		return err_sys(err, "cannot ask the kernel for the machine's name");
	triple = xasprintf("%s-unknown-linux-gnu", name.machine);
	json_array_append_new(
		rows, json_pack("{s:s, s:s}", "target", triple, "runs", "here, natively"));
	return 0;
}

static const struct list {
	const char *name, *title;
	struct {
		const char *key;
		unsigned int flags;
	} columns[COLUMNS_MAX];
	int (*add)(const struct values *v, json_t *rows, struct err *err);
} lists[] = {
	{"versions", "CPython versions that are locked",
		{{"version", 0}, {"set", 0}, {"downloaded", 0}, {"source", DOC_WRAP}},
		list_versions},
	{"packages", "Libraries that are locked",
		{{"package", 0}, {"version", 0}, {"set", 0}, {"downloaded", 0},
			{"source", DOC_WRAP}},
		list_packages},
	{"workloads", "Workloads of 'solder bench'",
		{{"name", 0}, {"kind", 0}, {"stresses", DOC_WRAP}}, list_workloads},
	{"probes", "Probes of 'solder check'", {{"id", 0}, {"test", 0}, {"title", DOC_WRAP}},
		list_probes},
	{"rules", "Rules of 'solder check'", {{"id", 0}, {"severity", 0}, {"reason", DOC_WRAP}},
		list_rules},
	{"factors", "What can differ between builds",
		{{"option", 0}, {"choices", DOC_WRAP}, {"default", 0}, {"change", 0}},
		list_factors},
	{"interventions", "Factors that 'solder explain --intervene' flips",
		{{"factor", 0}, {"about", DOC_WRAP}}, list_interventions},
	{"targets", "Targets", {{"target", 0}, {"runs", 0}}, list_targets},
};

static void add_table(struct doc *doc, const struct list *l, const json_t *rows)
{
	struct doc_column columns[COLUMNS_MAX];
	const json_t *row;
	size_t n = 0, i;

	for (; n < COLUMNS_MAX && l->columns[n].key; n++)
		columns[n] = (struct doc_column){l->columns[n].key, l->columns[n].flags};
	doc_table(doc, l->title, columns, n);
	json_array_foreach (rows, i, row) {
		const char *cells[COLUMNS_MAX];

		for (size_t c = 0; c < n; c++) {
			const json_t *value = json_object_get(row, l->columns[c].key);

			cells[c] = json_is_boolean(value) ? json_is_true(value) ? "yes" : "no"
							  : json_string_value(value);
		}
		doc_row(doc, cells);
	}
}

/* Of each row what its first column shows. */
static void print_names(const struct list *l, const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		term_line(stdout, "%s", cmd_text(row, l->columns[0].key));
}

static const struct list *find_list(const char *name, struct err *err)
{
	const char *names[ARRAY_SIZE(lists)], *near;
	CLEANUP_BUF struct buf all = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		names[i] = lists[i].name;
		if (!strcmp(name, names[i]))
			return &lists[i];
		buf_addf(&all, "%s%s", i ? ", " : "", names[i]);
	}
	near = nearest_name(name, names, ARRAY_SIZE(lists));
	err_set(err, ERR_USAGE, "there is no list '%s'", name);
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	else
		err_hint(err, "the lists are %s", all.data);
	return NULL;
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	CLEANUP_DOC struct doc *doc = doc_new("solder list");
	json_t *model = json_object();
	int failed = 0;

	if (v->json && v->names)
		failed = err_set(err, ERR_USAGE, "--json and --names exclude each other");
	for (size_t i = 0; i < (args->n ? args->n : ARRAY_SIZE(lists)) && failed == 0; i++) {
		const struct list *l = args->n ? find_list(args->v[i], err) : &lists[i];
		json_t *rows = json_array();

		failed = !l || l->add(v, rows, err) < 0 ? -1 : 0;
		if (failed == 0 && v->names) {
			print_names(l, rows);
		} else if (failed == 0) {
			add_table(doc, l, rows);
			json_object_set(model, l->name, rows);
		}
		json_decref(rows);
	}
	if (failed == 0 && v->json)
		report_json("solder-list", model, stdout);
	else if (failed == 0 && !v->names)
		cmd_print(doc);
	json_decref(model);
	return failed;
}

#define AT(field) offsetof(struct values, field)

static const struct opt opts[] = {
	{"cache", 0, OPT_STRING, "DIR", "use this cache ($XDG_CACHE_HOME/solder)", AT(cache)},
	{"recipes", 0, OPT_STRING, "DIR", "take recipes from this folder", AT(recipes)},
	{"names", 0, OPT_FLAG, NULL, "print the names alone, one per line", AT(names)},
	{"json", 0, OPT_FLAG, NULL, "print JSON instead of text", AT(json)},
};

const struct command cmd_list = {
	.name = "list",
	.summary = "list what can be built, measured and checked",
	.args = "[versions|packages|workloads|probes|rules|factors|interventions|targets]...",
	.about = "Lists what the other commands can be told to take: CPython versions and "
		 "libraries by source\nset, with what is downloaded already; workloads; probes and "
		 "rules; the factors in which builds\ncan differ, and those of them that can be "
		 "flipped alone; targets. Without an argument: "
		 "all of it.",
	.example = "solder list versions\nsolder list workloads --json\nsolder list rules factors",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.max_args = ARRAY_SIZE(lists),
	.run = run,
};
