/* Puts the results of shards together, so that they equal those of one run. */
#include <stdlib.h>
#include <string.h>

#include "check/check-internal.h"

/* The most shards that fit together. */
#define SHARDS_MAX 1000

/* What a file says of its run, in "wheels_run". */
struct shard {
	const char *file;
	json_t *model;
	const json_t *run, *wheels;
	json_int_t number, of, listed;
};

struct shards {
	struct shard v[SHARDS_MAX]; /* by number */
	size_t n;                   /* how many of them are there */
};

static void shards_free(struct shards **s)
{
	for (size_t i = 0; i < SHARDS_MAX; i++)
		json_decref((*s)->v[i].model);
	free(*s);
}

static json_int_t number_of(const json_t *run, const char *key)
{
	return json_integer_value(json_object_get(run, key));
}

/* Reads one, and puts it in its place. */
static int take(struct shards *s, const char *file, const char *pair, struct err *err)
{
	struct shard shard = {.file = file}, *place;
	const char *theirs;
	const json_t *part;

	if (check_baseline_read(file, &shard.model, err) < 0)
		return -1;
	shard.run = json_object_get(shard.model, "wheels_run");
	shard.wheels = json_object_get(shard.model, "wheels");
	part = json_object_get(shard.run, "shard");
	shard.number = json_integer_value(json_array_get(part, 0));
	shard.of = json_integer_value(json_array_get(part, 1));
	shard.listed = number_of(shard.run, "listed");
	theirs = check_text(shard.run, "pair");
	if (!part || shard.of < 1 || shard.of > SHARDS_MAX || shard.number < 1 ||
		shard.number > shard.of)
		err_set(err, ERR_INPUT, "'%s' is not the result of a shard", file);
	else if (!theirs || strcmp(theirs, pair) != 0)
		err_set(err, ERR_INPUT, "'%s' is of another pair of interpreters", file);
	else if (s->v[shard.number - 1].model)
		err_set(err, ERR_INPUT, "'%s' and '%s' are the same shard", file,
			s->v[shard.number - 1].file);
	else if (json_array_size(shard.wheels) !=
		 (size_t)((shard.listed - shard.number + shard.of) / shard.of))
		err_set(err, ERR_INPUT, "'%s' is incomplete", file);
	else {
		place = &s->v[shard.number - 1];
		*place = shard;
		s->n++;
		return 0;
	}
	json_decref(shard.model);
	return -1;
}

static bool fits(const struct shard *a, const struct shard *b)
{
	return a->model && b->model && a->of == b->of && a->listed == b->listed;
}

int wheel_merge(const struct strv *files, const char *pair, json_t *model, struct err *err)
{
	CLEANUP(shards_free) struct shards *s = xcalloc(1, sizeof(*s));
	json_int_t seconds = 0, peak = 0, of;
	json_t *run;

	for (size_t i = 0; i < files->n; i++) {
		if (take(s, files->v[i], pair, err) < 0)
			return -1;
	}
	of = s->v[0].of;
	for (json_int_t i = 0; i < (of ? of : 1); i++) {
		if (!s->v[i].model)
			return err_set(err, ERR_INPUT, "shard %lld is missing", (long long)i + 1);
		if (!fits(&s->v[0], &s->v[i]))
			return err_set(err, ERR_INPUT,
				"'%s' and '%s' are shards of different lists", s->v[0].file,
				s->v[i].file);
		seconds += number_of(s->v[i].run, "seconds");
		if (number_of(s->v[i].run, "peak_disk") > peak)
			peak = number_of(s->v[i].run, "peak_disk");
	}
	if ((json_int_t)s->n != of)
		return err_set(err, ERR_INPUT, "%zu shards are given, but there are %lld", s->n,
			(long long)of);
	for (json_int_t i = 0; i < s->v[0].listed; i++) {
		json_t *one = json_array_get(s->v[i % of].wheels, (size_t)(i / of));
		CLEANUP(wheel_release) struct wheel w = WHEEL_INIT;

		if (!wheel_from_json(one, &w))
			return err_set(err, ERR_INPUT, "'%s' has a wheel without a verdict",
				s->v[i % of].file);
		wheel_count(model, &w);
		json_array_append_new(check_list(model, "wheels"), wheel_json(&w));
	}
	run = json_pack(
		"{s:s, s:I, s:I}", "pair", pair, "listed", s->v[0].listed, "seconds", seconds);
	if (peak)
		json_object_set_new(run, "peak_disk", json_integer(peak));
	json_object_set_new(model, "wheels_run", run);
	return 0;
}
