/* One wheel: its representation in the model, and its verdict. */
#include <stdlib.h>
#include <string.h>

#include "check/check-internal.h"

static const char *const predictions[] = {
	[WHEEL_FITS] = "works",
	[WHEEL_MISSING_SYMBOLS] = "missing symbols",
	[WHEEL_NEEDS_LIBPYTHON] = "needs libpython.so",
	[WHEEL_MISSING_LIBRARY] = "missing library",
	[WHEEL_TLS] = "TLS may not fit",
	[WHEEL_COLLIDES] = "may collide",
	[WHEEL_NEEDS_OTHER] = "needs another wheel",
	[WHEEL_OFF_PATH] = "library on no path",
};
static const char *const expectations[] = {
	[WHEEL_WORKS] = "works",
	[WHEEL_BREAKS] = "breaks",
	[WHEEL_UNSURE] = "unsure",
};
static const char *const outcomes[] = {
	[WHEEL_WAS_RIGHT] = "right",
	[WHEEL_WAS_WRONG] = "wrong",
	[WHEEL_WAS_UNSURE] = "unsure",
	[WHEEL_NOT_ABOUT_LOADING] = "not about loading",
};
static const char *const exercised[] = {
	[WHEEL_NO_EXERCISE] = "none",
	[WHEEL_PASSED] = "passed",
	[WHEEL_FAILED] = "failed",
};

enum field_kind { TEXT, NUMBER, WORD, VERDICT, OBJECT, FLAG };

/* In the order of output. Unknown values are omitted, or null. */
static const struct {
	const char *key;
	enum field_kind kind;
	size_t at;
	bool null;
	const char *const *words;
	size_t n_words;
} fields[] = {
#define FIELD(name, kind_, ...)                                                                    \
	{                                                                                          \
		.key = #name, .kind = kind_, .at = offsetof(struct wheel, name), ##__VA_ARGS__     \
	}
#define WORDS(list) .words = list, .n_words = ARRAY_SIZE(list)
	FIELD(name, TEXT),
	FIELD(version, TEXT, .null = true),
	FIELD(file, TEXT),
	FIELD(sha256, TEXT),
	FIELD(size, NUMBER),
	FIELD(audit, OBJECT),
	FIELD(prediction, WORD, WORDS(predictions)),
	FIELD(expected, WORD, WORDS(expectations)),
	FIELD(because, TEXT),
	FIELD(verdict, VERDICT),
	FIELD(modules, NUMBER),
	FIELD(imported, NUMBER),
	FIELD(imported_by_reference, NUMBER, .null = true),
	FIELD(exercise, WORD, WORDS(exercised)),
	FIELD(failures, OBJECT),
	FIELD(why, TEXT),
	FIELD(own_tests, OBJECT),
	FIELD(seconds, NUMBER),
	FIELD(disk, NUMBER),
	FIELD(memory, NUMBER),
	FIELD(reused, FLAG),
	FIELD(outcome, WORD, .null = true, WORDS(outcomes)),
#undef FIELD
#undef WORDS
};

const char *wheel_expected_word(enum wheel_expected expected)
{
	return expectations[expected];
}

const char *wheel_prediction_word(enum wheel_prediction prediction)
{
	return predictions[prediction];
}

const char *wheel_outcome_word(enum wheel_outcome outcome)
{
	return outcomes[outcome];
}

void wheel_release(struct wheel *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		void *at = (char *)w + fields[i].at;

		if (fields[i].kind == TEXT)
			free(*(char **)at);
		else if (fields[i].kind == OBJECT)
			json_decref(*(json_t **)at);
	}
	*w = (struct wheel)WHEEL_INIT;
}

json_t *wheel_json(const struct wheel *w)
{
	json_t *json = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const void *at = (const char *)w + fields[i].at;
		json_t *value = NULL;

		switch (fields[i].kind) {
		case TEXT:
			value = *(char *const *)at ? json_text(*(char *const *)at) : NULL;
			break;
		case NUMBER:
			if (*(const int64_t *)at >= 0)
				value = json_integer(*(const int64_t *)at);
			break;
		case WORD:
			if (*(const unsigned int *)at)
				value = json_string(fields[i].words[*(const unsigned int *)at]);
			break;
		case VERDICT:
			value = json_string(check_verdict_word(w->verdict));
			break;
		case OBJECT:
			value = json_incref(*(json_t *const *)at);
			break;
		case FLAG:
			value = *(const bool *)at ? json_true() : NULL;
			break;
		}
		if (value || fields[i].null)
			json_object_set_new(json, fields[i].key, value ? value : json_null());
	}
	return json;
}

bool wheel_from_json(const json_t *json, struct wheel *w)
{
	*w = (struct wheel)WHEEL_INIT;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(json, fields[i].key);
		const char *text = json_string_value(value);
		void *at = (char *)w + fields[i].at;

		switch (fields[i].kind) {
		case TEXT:
			*(char **)at = text ? xstrdup(text) : NULL;
			break;
		case NUMBER:
			if (json_is_integer(value) && json_integer_value(value) >= 0)
				*(int64_t *)at = json_integer_value(value);
			break;
		case WORD:
			for (unsigned int k = 1; text && k < fields[i].n_words; k++) {
				if (!strcmp(text, fields[i].words[k]))
					*(unsigned int *)at = k;
			}
			break;
		case VERDICT:
			w->verdict = check_verdict_of(json);
			break;
		case OBJECT:
			*(json_t **)at = json_incref(value);
			break;
		case FLAG:
			*(bool *)at = json_is_true(value);
			break;
		}
	}
	if (w->name && w->verdict != CHECK_NO_VERDICT)
		return true;
	wheel_release(w);
	return false;
}

void wheel_not_checked(struct wheel *w, const char *fmt, ...)
{
	va_list ap;

	w->verdict = CHECK_NOT_CHECKED;
	free(w->why);
	va_start(ap, fmt);
	w->why = xvasprintf(fmt, ap);
	va_end(ap);
}

void wheel_trials_release(struct wheel_trials *trials)
{
	for (size_t i = 0; i < trials->n; i++) {
		free(trials->v[i].what);
		json_decref(trials->v[i].said);
	}
	free(trials->v);
	*trials = (struct wheel_trials){0};
}

void wheel_judge(
	struct wheel *w, const struct wheel_trials *here, const struct wheel_trials *reference)
{
	bool only_here = false, only_there = false, both = false;
	int worst = 0;

	w->modules = w->imported = 0;
	w->imported_by_reference = reference ? 0 : -1;
	w->exercise = WHEEL_NO_EXERCISE;
	w->failures = json_array();
	for (size_t i = 0; i < here->n; i++) {
		const struct wheel_trial *ours = &here->v[i];
		const struct wheel_trial *theirs =
			reference && i < reference->n ? &reference->v[i] : NULL;
		const struct wheel_trial *speaks = ours->ok ? theirs : ours;
		bool good_there = theirs && theirs->ok;
		int rank = !ours->ok && good_there ? 3 : ours->ok ? 2 : 1;

		if (!strcmp(ours->what, "exercise")) {
			w->exercise = ours->ok ? WHEEL_PASSED : WHEEL_FAILED;
		} else {
			w->modules++;
			w->imported += ours->ok;
			w->imported_by_reference += good_there;
		}
		if (ours->ok && (good_there || !theirs))
			continue;
		only_here = only_here || rank == 3;
		only_there = only_there || rank == 2;
		both = both || rank == 1;
		json_array_append_new(w->failures,
			json_pack("{s:o, s:O, s:O?}", "what", json_text(ours->what), "here",
				ours->said, "reference", theirs ? theirs->said : NULL));
		if (rank > worst) {
			const char *error = check_text(speaks->said, "error");

			worst = rank;
			free(w->why);
			w->why = xasprintf("%s: %s", ours->what, error ? error : "no reason given");
		}
	}
	w->verdict = only_here           ? CHECK_BREAKS_ONLY_HERE
		     : only_there        ? CHECK_WORKS_ONLY_HERE
		     : both && reference ? CHECK_FAILS_ON_BOTH
		     : both              ? CHECK_FAILS
					 : CHECK_WORKS;
}

/* True for failures that linking can cause: a signal, or a refusal by the loader. */
static bool is_about_loading(const json_t *failure)
{
	static const char *const words[] = {"undefined symbol", "shared object", "static TLS",
		".so:", ".so.", "ELF", "symbol not found"};
	const json_t *here = json_object_get(failure, "here");
	const char *error = check_text(here, "error");

	if (check_text(here, "signal"))
		return true;
	for (size_t i = 0; error && i < ARRAY_SIZE(words); i++) {
		if (strstr(error, words[i]))
			return true;
	}
	return false;
}

void wheel_weigh(struct wheel *w)
{
	bool worked = w->verdict == CHECK_WORKS || w->verdict == CHECK_WORKS_ONLY_HERE;
	bool loading = worked || w->verdict == CHECK_BREAKS_ONLY_HERE;
	const json_t *failure;
	size_t i;

	json_array_foreach (w->failures, i, failure)
		loading = loading || is_about_loading(failure);
	if (w->expected == WHEEL_NOT_EXPECTED || w->verdict == CHECK_NOT_CHECKED)
		w->outcome = WHEEL_NO_OUTCOME;
	else if (w->expected == WHEEL_UNSURE)
		w->outcome = WHEEL_WAS_UNSURE;
	else if (worked == (w->expected == WHEEL_WORKS))
		w->outcome = WHEEL_WAS_RIGHT;
	else
		w->outcome = loading ? WHEEL_WAS_WRONG : WHEEL_NOT_ABOUT_LOADING;
}

void wheel_count(json_t *model, const struct wheel *w)
{
	json_t *counts = check_object(check_object(model, "summary"), "wheels");
	json_t *predicted = check_object(counts, "predictions");

	for (size_t i = 1; i < ARRAY_SIZE(outcomes); i++)
		check_count(predicted, outcomes[i], i == w->outcome);
	check_count(counts, check_verdict_word(w->verdict), 1);
}
