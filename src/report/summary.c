#include <libsmartcols/libsmartcols.h>
#include <string.h>

#include "base/progress.h"
#include "base/term.h"
#include "report/report.h"

#define JSON_VERSION 1

void report_json(const char *format, const json_t *model, FILE *out)
{
	json_t *all = json_pack("{s:s, s:i}", "format", format, "version", JSON_VERSION);

	json_object_update(all, (json_t *)model);
	json_dumpf(all, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(all);
}

void report_json_begin(const char *format, FILE *out)
{
	fprintf(out, "{\n  \"format\": \"%s\",\n  \"version\": %d,\n  ", format, JSON_VERSION);
}

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "-";
}

static void print_distribution(const json_t *d, FILE *out)
{
	static const char *const keys[][2] = {{"python", "CPython"}, {"path", "at"},
		{"link", "link mode"}, {"optimisation", "optimisation"}, {"tls", "TLS model"},
		{"compiler", "compiler"}, {"sources", "sources"}, {"sandbox", "sandbox"}};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (json_object_get(d, keys[i][0]))
			term_line(out, "%-13s %s", keys[i][1], text(d, keys[i][0]));
	}
}

static void print_build(const json_t *b, FILE *out)
{
	char took[32];
	json_int_t run;

	if (!b)
		return;
	format_duration(took, (uint64_t)json_integer_value(json_object_get(b, "took_ns")));
	run = json_integer_value(json_object_get(b, "run"));
	term_line(out, "%-13s %s; %lld step%s run, %lld from the cache", "took", took,
		(long long)run, plural((unsigned long long)run),
		(long long)json_integer_value(json_object_get(b, "reused")));
}

/* What a cell says about one key of an artifact. */
static char *cell(const json_t *a, const char *key)
{
	const json_t *value = json_object_get(a, key), *name;
	struct buf b = BUF_INIT;
	char size[32];
	size_t i;

	if (!strcmp(key, "size")) {
		format_bytes(size, (uint64_t)json_integer_value(value));
		buf_adds(&b, size);
	} else if (json_is_integer(value)) {
		buf_addf(&b, "%lld", (long long)json_integer_value(value));
	} else if (json_is_array(value)) {
		json_array_foreach (value, i, name) {
			buf_adds(&b, i ? " " : "");
			buf_add_safe(&b, json_string_value(name));
		}
	} else {
		buf_add_safe(&b, json_is_string(value) ? json_string_value(value) : "-");
	}
	return buf_steal(&b);
}

static void print_artifacts(const json_t *artifacts, FILE *out)
{
	static const char *const columns[][2] = {{"file", "artifact"}, {"size", "size"},
		{"kind", "kind"}, {"link", "libpython"}, {"tls", "TLS"}, {"exports", "exports"},
		{"glibc", "glibc"}, {"needed", "DT_NEEDED"}};
	struct libscols_table *table = scols_new_table();
	const json_t *a;
	size_t i;

	scols_table_set_stream(table, out);
	for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
		scols_table_new_column(table, columns[c][1], 0.1,
			!strcmp(columns[c][0], "size") || !strcmp(columns[c][0], "exports")
				? SCOLS_FL_RIGHT
				: 0);
	json_array_foreach (artifacts, i, a) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
			scols_line_refer_data(line, c, cell(a, columns[c][0]));
	}
	scols_print_table(table);
	scols_unref_table(table);
}

void report_summary(const json_t *model, FILE *out)
{
	print_distribution(json_object_get(model, "distribution"), out);
	print_build(json_object_get(model, "build"), out);
	fputc('\n', out);
	print_artifacts(json_object_get(model, "artifacts"), out);
	fputc('\n', out);
}
