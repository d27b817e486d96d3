/* A campaign read back, nothing in it believed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bench/file-internal.h"

#define TEXT_MAX 4096
/* Eleven days in ns; no process lasts longer. */
#define NUMBER_MAX ((json_int_t)1000000000000000)

/* Where we are in the file, for messages: "rounds[3].observations[17]". */
struct place {
	char text[96];
	struct err *err;
};

__attribute__((format(printf, 2, 3))) static void go(struct place *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(at->text, sizeof(at->text), fmt, ap);
	va_end(ap);
}

static int bad(struct place *at, const char *key, const char *what)
{
	return err_set(at->err, ERR_INPUT, "%s%s%s: %s", at->text, at->text[0] && key[0] ? "." : "",
		key, what);
}

static bool printable(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	}
	return true;
}

/* A text; NULL where it may be missing. Replaces *ret. */
static int get_text(struct place *at, const json_t *j, const char *key, bool optional, char **ret)
{
	const json_t *v = json_object_get(j, key);
	size_t n = json_string_length(v);

	if (optional && (!v || json_is_null(v)))
		return 0;
	if (!json_is_string(v))
		return bad(at, key, v ? "is not a text" : "is missing");
	if (n > TEXT_MAX || strlen(json_string_value(v)) != n || !printable(json_string_value(v)))
		return bad(at, key, "is too long or holds control characters");
	free(*ret);
	*ret = xstrdup(json_string_value(v));
	return 0;
}

static int number_in(struct place *at, const json_t *v, const char *key, json_int_t min,
	json_int_t max, json_int_t *ret)
{
	if (!json_is_integer(v))
		return bad(at, key, v ? "is not a whole number" : "is missing");
	*ret = json_integer_value(v);
	if (*ret < min || *ret > max)
		return err_set(at->err, ERR_INPUT,
			"%s%s%s: %" JSON_INTEGER_FORMAT " is not between %" JSON_INTEGER_FORMAT
			" and %" JSON_INTEGER_FORMAT,
			at->text, at->text[0] && key[0] ? "." : "", key, *ret, min, max);
	return 0;
}

static int get_number(struct place *at, const json_t *j, const char *key, json_int_t min,
	json_int_t max, json_int_t *ret)
{
	return number_in(at, json_object_get(j, key), key, min, max, ret);
}

static int get_real(
	struct place *at, const json_t *j, const char *key, double min, double max, double *ret)
{
	const json_t *v = json_object_get(j, key);

	if (!json_is_number(v))
		return bad(at, key, v ? "is not a number" : "is missing");
	*ret = json_number_value(v);
	if (!(*ret >= min && *ret <= max))
		return bad(at, key, "is out of range");
	return 0;
}

/* A list of at most `max` elements. */
static int get_list(
	struct place *at, const json_t *j, const char *key, size_t max, const json_t **ret)
{
	*ret = json_object_get(j, key);
	if (!json_is_array(*ret))
		return bad(at, key, *ret ? "is not a list" : "is missing");
	if (json_array_size(*ret) > max)
		return bad(at, key, "has too many elements");
	return 0;
}

static int read_options(struct place *at, const json_t *root, struct bench_options *o)
{
	const json_t *j = json_object_get(root, "options");
	const char *measure = json_string_value(json_object_get(j, "measure"));
	json_int_t n;

	if (!json_is_object(j))
		return bad(at, "options", "is missing");
	go(at, "options");
	if (get_number(at, j, "seed", 0, (json_int_t)BENCH_SEED_END - 1, &n) < 0)
		return -1;
	o->seed = (uint64_t)n;
	if (!measure || (strcmp(measure, "cpu") && strcmp(measure, "wall")))
		return bad(at, "measure", "is neither \"cpu\" nor \"wall\"");
	o->measure = strcmp(measure, "wall") ? BENCH_CPU : BENCH_WALL;
	for (size_t i = 0; i < n_whole_options; i++) {
		const struct whole_option *w = &whole_options[i];

		if (get_number(at, j, w->key, w->min, w->max, &n) < 0)
			return -1;
		*(unsigned int *)((char *)o + w->offset) = (unsigned int)n;
	}
	for (size_t i = 0; i < n_real_options; i++) {
		const struct real_option *r = &real_options[i];

		if (get_real(at, j, r->key, r->min, r->max, (double *)((char *)o + r->offset)) < 0)
			return -1;
	}
	go(at, "%s", "");
	return 0;
}

static int read_looks(struct place *at, const json_t *root, struct bench *b)
{
	const json_t *list;
	json_int_t n, before = 0;

	if (get_list(at, root, "looks", BENCH_LOOKS_MAX, &list) < 0)
		return -1;
	b->n_looks = json_array_size(list);
	for (size_t i = 0; i < b->n_looks; i++, before = n) {
		if (number_in(at, json_array_get(list, i), "looks", before + 1, b->options.rounds,
			    &n) < 0)
			return -1;
		b->looks[i] = (unsigned int)n;
	}
	if (before != b->options.rounds)
		return bad(at, "looks", "do not end with options.rounds");
	return 0;
}

static int read_role(struct place *at, const json_t *j, enum bench_role *role)
{
	const char *name = json_string_value(json_object_get(j, "role"));

	for (*role = BENCH_ROLE_ARM; name && *role <= BENCH_ROLE_SLOWED; ++*role) {
		if (!strcmp(name, bench_role_name(*role)))
			return 0;
	}
	return bad(at, "role", "is none of \"arm\", \"copy\", \"slowed\"");
}

/* Files of older releases have no such list. */
static int read_links(struct place *at, const json_t *j, struct bench_arm *arm)
{
	const json_t *list;

	if (!json_object_get(j, "links"))
		return 0;
	if (get_list(at, j, "links", BENCH_LAYOUTS_MAX - 1, &list) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct bench_link *link = bench_add_link(arm);

		for (size_t k = 0; k < n_link_texts; k++) {
			char **text = (char **)((char *)link + link_texts[k].offset);

			if (get_text(at, json_array_get(list, i), link_texts[k].key,
				    link_texts[k].optional, text) < 0)
				return -1;
		}
	}
	return 0;
}

static int read_arms(struct place *at, const json_t *root, struct bench *b)
{
	const json_t *list;

	if (get_list(at, root, "arms", BENCH_ARMS_MAX, &list) < 0)
		return -1;
	if (json_array_size(list) < 2)
		return bad(at, "arms", "are fewer than two");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *j = json_array_get(list, i);
		struct bench_arm *arm = bench_add_arm(b, "", BENCH_ROLE_ARM);

		go(at, "arms[%zu]", i);
		if (get_text(at, j, "name", false, &arm->name) < 0 ||
			read_role(at, j, &arm->role) < 0 ||
			get_real(at, j, "slowdown", 0, 10, &arm->slowdown) < 0)
			return -1;
		if (!bench_arm_name_ok(arm->name))
			return bad(at, "name", "cannot be the name of an arm");
		if (i == 0 && arm->role != BENCH_ROLE_ARM)
			return bad(at, "role", "is not that of a reference");
		for (size_t k = 0; k < i; k++) {
			if (!strcmp(b->arms[k].name, arm->name))
				return bad(at, "name", "is that of another arm too");
		}
		for (size_t k = 0; k < n_arm_texts; k++) {
			char **text = (char **)((char *)arm + arm_texts[k].offset);

			if (get_text(at, j, arm_texts[k].key, arm_texts[k].optional, text) < 0)
				return -1;
		}
		if (read_links(at, j, arm) < 0)
			return -1;
	}
	go(at, "%s", "");
	return 0;
}

static int read_workload(struct place *at, const json_t *j, struct bench *b)
{
	struct bench_workload *w = bench_add_workload(b, "", "");
	const json_t *args;
	json_int_t n;

	if (get_text(at, j, "name", false, &w->name) < 0 ||
		get_text(at, j, "kind", false, &w->kind) < 0 ||
		get_text(at, j, "stresses", true, &w->stresses) < 0 ||
		get_text(at, j, "file", true, &w->file) < 0 ||
		get_text(at, j, "failed", true, &w->failed) < 0 ||
		get_text(at, j, "uncounted", true, &w->uncounted) < 0 ||
		get_list(at, j, "args", BENCH_WORDS_MAX, &args) < 0)
		return -1;
	if (!w->name[0])
		return bad(at, "name", "is empty");
	for (size_t i = 0; i + 1 < b->n_workloads; i++) {
		if (!strcmp(b->workloads[i].name, w->name))
			return bad(at, "name", "is that of another workload too");
	}
	for (size_t i = 0; i < json_array_size(args); i++) {
		const json_t *word = json_array_get(args, i);

		if (!json_is_string(word) || json_string_length(word) > TEXT_MAX ||
			strlen(json_string_value(word)) != json_string_length(word))
			return bad(at, "args", "holds something that is no argument");
		strv_add(&w->args, json_string_value(word));
	}
	if (get_number(at, j, "loops", 1, NUMBER_MAX, &n) < 0)
		return -1;
	w->loops = (uint64_t)n;
	if (get_number(at, j, "nominal", 0, NUMBER_MAX, &n) < 0)
		return -1;
	w->nominal = (uint64_t)n;
	return 0;
}

static int read_workloads(struct place *at, const json_t *root, struct bench *b)
{
	const json_t *list;

	if (get_list(at, root, "workloads", BENCH_WORKLOADS_MAX, &list) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		go(at, "workloads[%zu]", i);
		if (read_workload(at, json_array_get(list, i), b) < 0)
			return -1;
	}
	go(at, "%s", "");
	return 0;
}

static int read_columns(struct place *at, const json_t *root)
{
	static const char *const first[] = {"workload", "arm", "status"};
	const json_t *list;

	if (get_list(at, root, "columns", n_columns + 3, &list) < 0)
		return -1;
	for (size_t i = 0; i < n_columns + 3; i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (!name || strcmp(name, i < 3 ? first[i] : columns[i - 3].name))
			return bad(at, "columns", "are not those that this version knows");
	}
	return 0;
}

static int read_row(
	struct place *at, const json_t *row, const struct bench *b, struct bench_observation *o)
{
	const char *status = json_string_value(json_array_get(row, 2));
	json_int_t n;

	if (!json_is_array(row) || json_array_size(row) != n_columns + 3)
		return bad(at, "", "is not a row of the columns");
	if (b->n_workloads == 0 || number_in(at, json_array_get(row, 0), "workload", 0,
					   (json_int_t)b->n_workloads - 1, &n) < 0)
		return b->n_workloads ? -1 : bad(at, "workload", "is none of the campaign");
	o->workload = (unsigned int)n;
	if (number_in(at, json_array_get(row, 1), "arm", 0, (json_int_t)b->n_arms - 1, &n) < 0)
		return -1;
	o->arm = (unsigned int)n;
	for (o->status = BENCH_OK; status && o->status <= BENCH_TIMEOUT; o->status++) {
		if (!strcmp(status, bench_status_name(o->status)))
			break;
	}
	if (!status || o->status > BENCH_TIMEOUT)
		return bad(at, "status", "is unknown");
	for (size_t i = 0; i < n_columns; i++) {
		const json_t *v = json_array_get(row, i + 3);
		int64_t *place = (int64_t *)((char *)o + columns[i].offset);

		n = BENCH_NONE;
		if (!(columns[i].optional && json_is_null(v)) &&
			number_in(at, v, columns[i].name, 0, NUMBER_MAX, &n) < 0)
			return -1;
		*place = n;
	}
	return 0;
}

/* A number that may be null. */
static int get_optional(struct place *at, const json_t *j, const char *key, int64_t *ret)
{
	json_int_t n = BENCH_NONE;

	if (!json_is_null(json_object_get(j, key)) && get_number(at, j, key, 0, NUMBER_MAX, &n) < 0)
		return -1;
	*ret = n;
	return 0;
}

static int read_round(struct place *at, const json_t *j, struct bench *b, size_t number)
{
	CLEANUP_FREE bool *seen = xcalloc(b->n_arms * b->n_workloads + 1, sizeof(*seen));
	struct bench_round *round;
	const json_t *rows;
	json_int_t layout, hash_seed, started, lasted;

	go(at, "rounds[%zu]", number);
	if (get_list(at, j, "observations", b->n_arms * b->n_workloads, &rows) < 0 ||
		get_number(at, j, "layout", 0, b->options.layouts - 1, &layout) < 0 ||
		get_number(at, j, "hash_seed", 0, UINT32_MAX, &hash_seed) < 0 ||
		get_number(at, j, "started", 0, NUMBER_MAX, &started) < 0 ||
		get_number(at, j, "lasted", 0, NUMBER_MAX, &lasted) < 0)
		return -1;
	round = bench_add_round(b, json_array_size(rows));
	round->layout = (unsigned int)layout;
	round->hash_seed = (uint64_t)hash_seed;
	round->started = started;
	round->lasted = lasted;
	if (get_optional(at, j, "steal", &round->steal) < 0 ||
		get_optional(at, j, "foreign", &round->foreign) < 0 ||
		get_text(at, j, "dropped", true, &round->dropped) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(rows); i++) {
		struct bench_observation *o = &round->v[round->n++];

		go(at, "rounds[%zu].observations[%zu]", number, i);
		if (read_row(at, json_array_get(rows, i), b, o) < 0)
			return -1;
		if (seen[o->workload * b->n_arms + o->arm])
			return bad(at, "", "is there twice");
		seen[o->workload * b->n_arms + o->arm] = true;
	}
	return 0;
}

static int read_rounds(struct place *at, const json_t *root, struct bench *b)
{
	const json_t *list;
	size_t n;

	if (get_list(at, root, "rounds", BENCH_ROUNDS_MAX, &list) < 0)
		return -1;
	n = json_array_size(list);
	if (n * b->n_arms * b->n_workloads > BENCH_OBSERVATIONS_MAX)
		return bad(at, "rounds", "hold too many observations");
	for (size_t i = 0; i < n; i++) {
		if (read_round(at, json_array_get(list, i), b, i) < 0)
			return -1;
	}
	return 0;
}

static int read_count(struct place *at, const json_t *row, struct bench *b)
{
	static const char *const names[] = {"workload", "arm", "loops", "once", "twice"};
	const json_int_t limits[] = {(json_int_t)b->n_workloads - 1, (json_int_t)b->n_arms - 1,
		NUMBER_MAX, NUMBER_MAX, NUMBER_MAX};
	json_int_t n[ARRAY_SIZE(names)];
	struct bench_count *c;

	if (!json_is_array(row) || json_array_size(row) != ARRAY_SIZE(names))
		return bad(at, "", "is not a row of five numbers");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (number_in(at, json_array_get(row, i), names[i], i == 3, limits[i], &n[i]) < 0)
			return -1;
	}
	c = &b->counts[(size_t)n[0] * b->n_arms + (size_t)n[1]];
	if (c->once)
		return bad(at, "", "is there twice");
	*c = (struct bench_count){.loops = (uint64_t)n[2], .once = n[3], .twice = n[4]};
	return 0;
}

/* Files of campaigns without them do not have the keys. */
static int read_counts(struct place *at, const json_t *root, struct bench *b)
{
	const json_t *list;

	go(at, "%s", "");
	if (!json_object_get(root, "counts"))
		return 0;
	if (b->n_workloads == 0)
		return bad(at, "counts", "has no workloads to count");
	if (get_text(at, root, "counter", false, &b->counter) < 0 ||
		get_list(at, root, "counts", b->n_arms * b->n_workloads, &list) < 0)
		return -1;
	b->counts = xcalloc(b->n_arms * b->n_workloads, sizeof(*b->counts));
	for (size_t i = 0; i < json_array_size(list); i++) {
		go(at, "counts[%zu]", i);
		if (read_count(at, json_array_get(list, i), b) < 0)
			return -1;
	}
	return 0;
}

static int read_campaign(const json_t *root, struct bench *b, struct err *err)
{
	struct place at = {.err = err};
	const char *format = json_string_value(json_object_get(root, "format"));
	const json_t *machine = json_object_get(root, "machine");
	json_int_t version;

	if (!format || strcmp(format, FILE_FORMAT))
		return err_set(err, ERR_INPUT, "this is not a campaign of solder bench");
	if (get_number(&at, root, "version", 1, 1000000, &version) < 0)
		return -1;
	if (version != FILE_VERSION)
		return err_set(err, ERR_INPUT,
			"version %" JSON_INTEGER_FORMAT " of the format is not known here",
			version);
	if (!json_is_object(machine))
		return bad(&at, "machine", "is missing");
	json_object_update(b->machine, (json_t *)machine);
	if (get_text(&at, root, "suite", false, &b->suite) < 0 ||
		get_text(&at, root, "stopped", true, &b->stopped) < 0 ||
		read_options(&at, root, &b->options) < 0 || read_looks(&at, root, b) < 0 ||
		read_arms(&at, root, b) < 0 || read_workloads(&at, root, b) < 0 ||
		read_columns(&at, root) < 0 || read_rounds(&at, root, b) < 0)
		return -1;
	return read_counts(&at, root, b);
}

int bench_from_memory(const char *data, size_t size, struct bench **ret, struct err *err)
{
	struct bench_options options;
	json_error_t problem;
	json_t *root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &problem);
	struct bench *b;
	int result;

	if (!root)
		return err_set(err, ERR_INPUT, "line %d, column %d: %s", problem.line,
			problem.column, problem.text);
	bench_defaults(&options);
	b = bench_new(&options);
	b->n_looks = 0;
	result = read_campaign(root, b, err);
	json_decref(root);
	if (result < 0) {
		bench_free(b);
		return -1;
	}
	*ret = b;
	return 0;
}

int bench_load(const char *path, struct bench **ret, struct err *err)
{
	CLEANUP_BUF struct buf content = BUF_INIT;

	if (file_read(path, BENCH_FILE_MAX, &content, err) < 0)
		return -1;
	if (bench_from_memory(content.len ? content.data : "", content.len, ret, err) < 0) {
		err_wrap(err, "'%s' cannot be read as a campaign", path);
		return err_hint(err, "campaigns are written by solder bench -o FILE");
	}
	return 0;
}
