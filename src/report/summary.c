#include <string.h>

#include "base/progress.h"
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

/* The value of an artifact's key, or NULL if missing; the caller frees it. */
static char *artifact_text(const json_t *value, bool bytes)
{
	CLEANUP_STRV struct strv names = STRV_INIT;
	const json_t *name;
	char size[32];
	size_t i;

	if (bytes) {
		format_bytes(size, (uint64_t)json_integer_value(value));
		return xstrdup(size);
	}
	if (json_is_integer(value))
		return xasprintf("%lld", (long long)json_integer_value(value));
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	json_array_foreach (value, i, name)
		strv_add(&names, json_string_value(name));
	return json_is_array(value) ? strv_join(&names, " ") : NULL;
}

void report_summary(const json_t *model, FILE *out)
{
	static const char *const facts[][2] = {{"python", "CPython"}, {"path", "at"},
		{"link", "link mode"}, {"like", "built like"}, {"optimisation", "optimisation"},
		{"profile", "profile"}, {"bolt", "BOLT"}, {"tls", "TLS model"},
		{"compiler", "compiler"}, {"sources", "sources"}, {"sandbox", "sandbox"}};
	static const char *const keys[] = {
		"file", "size", "kind", "link", "tls", "exports", "glibc", "needed"};
	static const struct doc_column columns[ARRAY_SIZE(keys)] = {{"artifact", DOC_WRAP},
		{"size", DOC_RIGHT}, {"kind", 0}, {"libpython", 0}, {"TLS", 0},
		{"exports", DOC_RIGHT}, {"glibc", 0}, {"DT_NEEDED", DOC_WRAP}};
	const json_t *distribution = json_object_get(model, "distribution"), *artifact;
	const json_t *build = json_object_get(model, "build");
	CLEANUP_DOC struct doc *doc = doc_new(NULL);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(facts); i++) {
		const json_t *value = json_object_get(distribution, facts[i][0]);

		if (value)
			doc_fact(doc, facts[i][1], json_string_value(value));
	}
	if (build) {
		json_int_t run = json_integer_value(json_object_get(build, "run"));
		json_int_t reused = json_integer_value(json_object_get(build, "reused"));
		json_int_t largest = json_integer_value(json_object_get(build, "largest_process"));
		CLEANUP_FREE char *text = NULL;
		char took[32], size[32];

		format_bytes(size, (uint64_t)largest);
		format_duration(
			took, (uint64_t)json_integer_value(json_object_get(build, "took_ns")));
		text = xasprintf("%s; %lld step%s run, %lld from the cache%s%s", took,
			(long long)run, plural((unsigned long long)run), (long long)reused,
			largest ? "; memory of the largest process: " : "", largest ? size : "");
		doc_fact(doc, "took", text);
	}
	doc_table(doc, NULL, columns, ARRAY_SIZE(columns));
	json_array_foreach (json_object_get(model, "artifacts"), i, artifact) {
		char *cells[ARRAY_SIZE(keys)];

		for (size_t c = 0; c < ARRAY_SIZE(keys); c++)
			cells[c] = artifact_text(
				json_object_get(artifact, keys[c]), !strcmp(keys[c], "size"));
		doc_row(doc, (const char *const *)cells);
		for (size_t c = 0; c < ARRAY_SIZE(keys); c++)
			free(cells[c]);
	}
	doc_write_text(doc, out, 0, false);
	fputc('\n', out);
}
