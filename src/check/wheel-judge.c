/* Verdicts: what the two interpreters did, side by side. */
#include <string.h>

#include "check/wheel-internal.h"

static bool is_ok(const json_t *trial)
{
	return json_is_true(json_object_get(trial, "ok"));
}

static const json_t *find_trial(const json_t *trials, const char *what)
{
	const json_t *trial;
	size_t i;

	json_array_foreach (trials, i, trial) {
		const char *name = json_string_value(json_object_get(trial, "what"));

		if (name && !strcmp(name, what))
			return trial;
	}
	return NULL;
}

static json_t *without_name(const json_t *trial)
{
	json_t *copy = trial ? json_deep_copy(trial) : json_null();

	if (trial)
		json_object_del(copy, "what");
	return copy;
}

struct tally {
	size_t modules, good_here, good_there;
	size_t only_here, only_there, both; /* failures: only here, only there, both */
	const json_t *worst;                /* the trial that speaks for the verdict */
	const char *worst_what;
	int worst_rank;
};

static void add_failure(json_t *failures, const char *what, const json_t *here, const json_t *there)
{
	json_t *failure = json_object();

	json_object_set_new(failure, "what", py_text_json(what));
	json_object_set_new(failure, "here", without_name(here));
	json_object_set_new(failure, "reference", without_name(there));
	json_array_append_new(failures, failure);
}

static void weigh(
	struct tally *t, const json_t *here, const json_t *there, bool compared, json_t *failures)
{
	const char *what = json_string_value(json_object_get(here, "what"));
	bool good = is_ok(here), good_there = compared && is_ok(there);
	int rank = 0;

	if (strcmp(what, "exercise") != 0) {
		t->modules++;
		t->good_here += good;
		t->good_there += good_there;
	}
	if (good && (good_there || !compared))
		return;
	if (!good && good_there) {
		t->only_here++;
		rank = 3;
	} else if (good) {
		t->only_there++;
		rank = 2;
	} else {
		t->both++;
		rank = 1;
	}
	add_failure(failures, what, here, there);
	if (rank > t->worst_rank) {
		t->worst_rank = rank;
		t->worst = good ? there : here;
		t->worst_what = what;
	}
}

static const char *exercise_word(const json_t *trials)
{
	const json_t *trial = find_trial(trials, "exercise");

	return !trial ? "none" : is_ok(trial) ? "passed" : "failed";
}

void wheel_judge(json_t *model, const json_t *here, const json_t *reference)
{
	json_t *failures = json_array();
	struct tally t = {0};
	const json_t *trial;
	size_t i;

	json_array_foreach (here, i, trial) {
		const char *what = json_string_value(json_object_get(trial, "what"));

		weigh(&t, trial, find_trial(reference, what), reference != NULL, failures);
	}
	json_object_set_new(model, "verdict",
		json_string(t.only_here           ? "breaks only here"
			    : t.only_there        ? "works only here"
			    : t.both && reference ? "fails on both"
			    : t.both              ? "fails"
						  : "works"));
	json_object_set_new(model, "modules", json_integer((json_int_t)t.modules));
	json_object_set_new(model, "imported", json_integer((json_int_t)t.good_here));
	json_object_set_new(model, "imported_by_reference",
		reference ? json_integer((json_int_t)t.good_there) : json_null());
	json_object_set_new(model, "exercise", json_string(exercise_word(here)));
	json_object_set_new(model, "failures", failures);
	if (t.worst) {
		const char *error = json_string_value(json_object_get(t.worst, "error"));

		json_object_set_new(model, "why",
			json_sprintf("%s: %s", t.worst_what, error ? error : "no reason given"));
	}
}

static void count(json_t *counts, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(counts, key));

	json_object_set_new(counts, key, json_integer(n + 1));
}

static json_t *member(json_t *parent, const char *key)
{
	json_t *value = json_object_get(parent, key);

	if (!value) {
		value = json_object();
		json_object_set_new(parent, key, value);
	}
	return value;
}

/* Did it fail in a way that linking can bring about: by a signal, or by the loader's refusal? */
static bool is_about_loading(const json_t *failure)
{
	static const char *const words[] = {"undefined symbol", "shared object", "static TLS",
		".so:", ".so.", "ELF", "symbol not found"};
	const json_t *here = json_object_get(failure, "here");
	const char *error = json_string_value(json_object_get(here, "error"));

	if (json_is_string(json_object_get(here, "signal")))
		return true;
	for (size_t i = 0; error && i < ARRAY_SIZE(words); i++) {
		if (strstr(error, words[i]))
			return true;
	}
	return false;
}

static const char *prediction_outcome(
	const json_t *wheel, const char *verdict, const char *expected)
{
	const json_t *failures = json_object_get(wheel, "failures"), *failure;
	bool worked = !strcmp(verdict, "works") || !strcmp(verdict, "works only here");
	bool loading = !strcmp(verdict, "breaks only here");
	size_t i;

	if (!strcmp(expected, "unsure"))
		return expected;
	if (worked == !strcmp(expected, "works"))
		return "right";
	json_array_foreach (failures, i, failure)
		loading = loading || is_about_loading(failure);
	return worked || loading ? "wrong" : "not about loading";
}

void wheel_weigh_prediction(json_t *wheel)
{
	const char *verdict = json_string_value(json_object_get(wheel, "verdict"));
	const char *expected = json_string_value(json_object_get(wheel, "expected"));
	bool tried = expected && strcmp(verdict, "not checked") != 0;

	json_object_set_new(wheel, "outcome",
		tried ? json_string(prediction_outcome(wheel, verdict, expected)) : json_null());
}

void wheel_count(json_t *model, const json_t *wheel)
{
	static const char *const outcomes[] = {"right", "wrong", "unsure", "not about loading"};
	json_t *counts = member(member(model, "summary"), "wheels");
	json_t *predicted = member(counts, "predictions");
	const char *verdict = json_string_value(json_object_get(wheel, "verdict"));
	const char *outcome = json_string_value(json_object_get(wheel, "outcome"));

	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		if (!json_object_get(predicted, outcomes[i]))
			json_object_set_new(predicted, outcomes[i], json_integer(0));
	}
	count(counts, verdict);
	if (outcome)
		count(predicted, outcome);
}
