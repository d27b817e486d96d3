/* solder list: the available choices. */
#include <stdlib.h>
#include <string.h>

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

enum list_kind {
	LIST_VERSIONS,
	LIST_PACKAGES,
	LIST_WORKLOADS,
	LIST_PROBES,
	LIST_RULES,
	LIST_FACTORS,
	LIST_INTERVENTIONS,
	LIST_PRESETS,
	LIST_TARGETS,
};

static const struct list {
	const char *name, *title;
	struct doc_column columns[COLUMNS_MAX];
} lists[] = {
	[LIST_VERSIONS] = {"versions", "CPython versions that are locked",
		{{"version", 0}, {"set", 0}, {"downloaded", 0}, {"source", DOC_WRAP}}},
	[LIST_PACKAGES] = {"packages", "Libraries that are locked",
		{{"package", 0}, {"version", 0}, {"set", 0}, {"downloaded", 0},
			{"source", DOC_WRAP}}},
	[LIST_WORKLOADS] = {"workloads", "Workloads of 'solder bench'",
		{{"name", 0}, {"kind", 0}, {"stresses", DOC_WRAP}}},
	[LIST_PROBES] = {"probes", "Probes of 'solder check'",
		{{"id", 0}, {"test", 0}, {"title", DOC_WRAP}}},
	[LIST_RULES] = {"rules", "Rules of 'solder check'",
		{{"id", 0}, {"severity", 0}, {"reason", DOC_WRAP}}},
	[LIST_FACTORS] = {"factors", "What can differ between builds",
		{{"option", 0}, {"choices", DOC_WRAP}, {"default", 0}, {"change", 0}}},
	[LIST_INTERVENTIONS] = {"interventions", "Factors that 'solder explain --intervene' flips",
		{{"factor", 0}, {"about", DOC_WRAP}}},
	[LIST_PRESETS] = {"presets", "What 'solder build --like' takes",
		{{"preset", 0}, {"options", DOC_WRAP}, {"differs", DOC_WRAP},
			{"sources", DOC_WRAP}}},
	[LIST_TARGETS] = {"targets", "What 'solder build --target' takes",
		{{"target", 0}, {"gcc", DOC_WRAP}, {"clang", DOC_WRAP}, {"runs", DOC_WRAP}}},
};

static int add_workloads(json_t *rows, struct err *err)
{
	CLEANUP_FREE char *folder = NULL, *path = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	json_error_t why;
	json_t *index;

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

static int add_rows(const struct values *v, enum list_kind kind, json_t *rows, struct err *err)
{
	switch (kind) {
	case LIST_VERSIONS:
	case LIST_PACKAGES:
		return cpython_list_locked(v->recipes, v->cache, kind == LIST_VERSIONS, rows, err);
	case LIST_WORKLOADS:
		return add_workloads(rows, err);
	case LIST_PROBES:
		check_probes_list(rows);
		return 0;
	case LIST_RULES:
		check_rules_list(rows);
		return 0;
	case LIST_FACTORS:
		for (size_t i = 0; i < cpython_n_options; i++) {
			const struct cpython_option *o = &cpython_option_table[i];

			json_array_append_new(
				rows, json_pack("{s:s, s:s, s:s, s:s}", "option", o->name,
					      "choices", o->choices, "default", o->standard,
					      "change", o->compiles ? "compile" : "link"));
		}
		return 0;
	case LIST_INTERVENTIONS:
		for (enum study_factor f = 0; f < STUDY_N_FACTORS; f++)
			json_array_append_new(
				rows, json_pack("{s:s, s:s}", "factor", study_factor_name(f),
					      "about", study_factor_words(f)));
		return 0;
	case LIST_PRESETS:
		return cpython_list_presets(v->recipes, rows, err);
	case LIST_TARGETS:
		cpython_list_targets(rows);
	}
	return 0;
}

/* Prints a table, or with --names only its first column. */
static void show_list(
	const struct values *v, const struct list *l, const json_t *rows, struct doc *doc)
{
	const json_t *row;
	size_t n = 0, i;

	while (n < COLUMNS_MAX && l->columns[n].title)
		n++;
	if (!v->names)
		doc_table(doc, l->title, l->columns, n);
	json_array_foreach (rows, i, row) {
		const char *cells[COLUMNS_MAX];

		for (size_t c = 0; c < n; c++) {
			const json_t *value = json_object_get(row, l->columns[c].title);

			cells[c] = json_is_boolean(value) ? json_is_true(value) ? "yes" : "no"
							  : json_string_value(value);
		}
		if (v->names)
			term_line(stdout, "%s", cells[0]);
		else
			doc_row(doc, cells);
	}
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

static int list_run(const void *values, const struct strv *args, struct err *err)
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

		failed = !l || add_rows(v, (enum list_kind)(l - lists), rows, err) < 0 ? -1 : 0;
		if (failed == 0 && (v->names || !v->json))
			show_list(v, l, rows, doc);
		if (failed == 0 && v->json)
			json_object_set(model, l->name, rows);
		json_decref(rows);
	}
	if (failed == 0 && v->json)
		report_json("solder-list", model, stdout);
	else if (failed == 0 && !v->names)
		cmd_print(doc);
	json_decref(model);
	return failed;
}

int cmd_list_targets(bool json, struct err *err)
{
	const struct values v = {.json = json};
	CLEANUP_STRV struct strv args = STRV_INIT;

	strv_add(&args, lists[LIST_TARGETS].name);
	return list_run(&v, &args, err);
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
	.args = "[versions|packages|workloads|probes|rules|factors|interventions|presets|targets]...",
	.about =
		"Lists what the other commands can be told to take: CPython versions and libraries by source\n"
		"set, with what is downloaded already; workloads; probes and rules; the factors in which builds\n"
		"can differ, and those of them that can be flipped alone; the presets of 'solder build --like',\n"
		"with what they cannot follow and where they are from; targets. Without an argument: all of it.",
	.example = "solder list versions\nsolder list workloads --json\nsolder list rules factors",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.max_args = ARRAY_SIZE(lists),
	.run = list_run,
};
