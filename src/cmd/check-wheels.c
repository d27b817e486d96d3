/* solder check --wheels: the options and what is shown. */
#include <stdlib.h>
#include <string.h>

#include "base/data.h"
#include "base/file.h"
#include "cmd/check-internal.h"
#include "cmd/cmd.h"

/* Downloads and results stay beside the cache of builds. */
static char *default_state(struct err *err)
{
	CLEANUP_FREE char *cache = user_cache("wheels are kept", err);

	if (cache)
		return xasprintf("%s/wheels", cache);
	err_hint(err, "name a folder with --wheels-state DIR");
	return NULL;
}

int cmd_check_wheels(const struct wheel_values *v, const char *against, const struct python *dist,
	json_t *model, struct err *err)
{
	CLEANUP_FREE char *data = NULL, *state = NULL;
	struct check_wheel_options options = {
		.what = v->what, .against = against, .filter = v->filter, .jobs = v->jobs};
	struct progress *progress;
	int r;

	if (data_folder("wheels", NULL, &data, err) < 0)
		return -1;
	state = v->state ? xstrdup(v->state) : default_state(err);
	if (!state)
		return -1;
	options.data_dir = data;
	options.state_dir = state;
	progress = progress_new(stderr, PROGRESS_AUTO);
	r = check_wheels(dist, &options, progress, model, err);
	progress_free(progress);
	return r;
}

/* The verdict, and what it rests on where nothing was exercised. */
static char *verdict_text(const json_t *w)
{
	const char *verdict = cmd_text(w, "verdict"), *exercise = cmd_text(w, "exercise");
	bool only = !strncmp(verdict, "works", 5) && exercise && !strcmp(exercise, "none");

	return xasprintf("%s%s", verdict, only ? " (imports only)" : "");
}

/* "69 of 70" */
static char *imports(const json_t *w)
{
	if (!json_is_integer(json_object_get(w, "modules")))
		return NULL;
	return xasprintf("%lld of %lld",
		(long long)json_integer_value(json_object_get(w, "imported")),
		(long long)json_integer_value(json_object_get(w, "modules")));
}

static void add_failures(struct doc *doc, const json_t *w)
{
	const json_t *failures = json_object_get(w, "failures");

	for (size_t i = 0; i < json_array_size(failures); i++) {
		const json_t *f = json_array_get(failures, i), *here = json_object_get(f, "here");
		const json_t *libpythons = json_object_get(here, "libpythons");
		CLEANUP_BUF struct buf text = BUF_INIT;

		buf_addf(&text, "%s, %s: %s", cmd_text(w, "name"), cmd_text(f, "what"),
			cmd_text(here, "error") ? cmd_text(here, "error")
						: "fails with the reference only");
		if (cmd_text(here, "frame"))
			buf_addf(&text, " at %s", cmd_text(here, "frame"));
		for (size_t k = 0; k < json_array_size(libpythons); k++)
			buf_addf(&text, "%s%s", k ? ", " : "; loaded: ",
				json_string_value(json_array_get(libpythons, k)));
		doc_text(doc, "%s", text.data);
	}
}

static void add_counts(struct doc *doc, const json_t *counts)
{
	const json_t *predictions = json_object_get(counts, "predictions");
	CLEANUP_STRV struct strv verdicts = STRV_INIT, outcomes = STRV_INIT;
	CLEANUP_FREE char *line = NULL, *said = NULL;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)counts, key, value) {
		if (json_is_integer(value))
			strv_addf(&verdicts, "%lld %s", (long long)json_integer_value(value), key);
	}
	json_object_foreach ((json_t *)predictions, key, value)
		strv_addf(&outcomes, "%lld %s", (long long)json_integer_value(value), key);
	line = strv_join(&verdicts, ", ");
	said = strv_join(&outcomes, ", ");
	doc_text(doc, "Wheels: %s. Predictions: %s.", line, said);
}

/* The prediction, marked unless it came true. */
static char *prediction_text(const json_t *w)
{
	const char *prediction = cmd_text(w, "prediction"), *outcome = cmd_text(w, "outcome");
	bool marked = outcome && (!strcmp(outcome, "wrong") || !strcmp(outcome, "unsure"));

	if (!prediction)
		return NULL;
	return xasprintf("%s%s%s", marked ? outcome : "", marked ? ": " : "", prediction);
}

static enum doc_tone prediction_tone(const json_t *w)
{
	const char *prediction = cmd_text(w, "prediction"), *outcome = cmd_text(w, "outcome");

	if (outcome && !strcmp(outcome, "wrong"))
		return DOC_BAD;
	if (outcome && !strcmp(outcome, "unsure"))
		return DOC_DOUBT;
	return prediction && !strcmp(prediction, "works") ? DOC_GOOD : DOC_PLAIN;
}

/* Sentences have the width for themselves. */
static void add_reasons(struct doc *doc, const json_t *wheels)
{
	static const struct doc_column columns[] = {{"wheel", 0}, {"why", DOC_WRAP}};
	bool any = false;

	for (size_t i = 0; i < json_array_size(wheels); i++) {
		const json_t *w = json_array_get(wheels, i);
		const char *why = cmd_text(w, "why"), *expected = cmd_text(w, "expected");
		const char *outcome = cmd_text(w, "outcome"), *because = cmd_text(w, "because");
		bool said = expected && (strcmp(expected, "works") != 0 ||
						(outcome && !strcmp(outcome, "wrong")));
		CLEANUP_FREE char *text = NULL;

		if (!why && !(said && because))
			continue;
		text = xasprintf("%s%s%s%s", why ? why : "", why && said && because ? "; " : "",
			said && because ? "predicted: " : "", said && because ? because : "");
		if (!any)
			doc_table(doc, "Why", columns, ARRAY_SIZE(columns));
		any = true;
		doc_row(doc, (const char *const[]){cmd_text(w, "name"), text});
	}
}

void cmd_check_add_wheels(struct doc *doc, const json_t *model, bool all)
{
	static const struct doc_column columns[] = {{"verdict", DOC_VERDICT | DOC_WRAP},
		{"wheel", DOC_WRAP}, {"prediction", DOC_VERDICT | DOC_WRAP}, {"imported", 0}};
	const json_t *wheels = json_object_get(model, "wheels");

	if (!json_array_size(wheels))
		return;
	doc_fact(doc, "reference", cmd_text(model, "against"));
	doc_table(doc, "Wheels", columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_array_size(wheels); i++) {
		const json_t *w = json_array_get(wheels, i);
		CLEANUP_FREE char *count = imports(w), *verdict = verdict_text(w);
		CLEANUP_FREE char *prediction = prediction_text(w);
		const char *version = cmd_text(w, "version");
		CLEANUP_FREE char *name = xasprintf(
			"%s%s%s", cmd_text(w, "name"), version ? " " : "", version ? version : "");
		const char *const cells[] = {verdict, name, prediction, count};

		doc_row(doc, cells);
		doc_cell_tone(doc, 0, check_verdict_tone(cmd_text(w, "verdict")));
		doc_cell_tone(doc, 2, prediction_tone(w));
	}
	add_reasons(doc, wheels);
	for (size_t i = 0; i < json_array_size(wheels); i++) {
		const json_t *w = json_array_get(wheels, i);

		if (all || !strcmp(cmd_text(w, "verdict"), "breaks only here"))
			add_failures(doc, w);
	}
	add_counts(doc, json_object_get(json_object_get(model, "summary"), "wheels"));
}
