/* Writes a campaign's file, and reads it back without trusting any of it. Each struct is an object
 * whose keys come from a table of fields, used for both directions. Observations and counts are
 * rows of values without keys: a large campaign has 100,000. References between values (an
 * observation to its arm, a look to the rounds) are checked after reading. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bench/bench-internal.h"
#include "python/python.h"
#include "report/json.h"

#define FILE_FORMAT "solder bench"
#define FILE_VERSION 1
#define TEXT_MAX 4096
/* Eleven days in ns; no process lasts longer. */
#define NUMBER_MAX 1e15

enum field_kind {
	FIELD_TEXT,      /* char *, owned */
	FIELD_MAY_TEXT,  /* same, or NULL: written as null, read also from a missing key */
	FIELD_WORDS,     /* struct strv of at most `max` */
	FIELD_ENUM,      /* one of `words` */
	FIELD_UINT,      /* unsigned int */
	FIELD_INT64,     /* int64_t or uint64_t */
	FIELD_MAY_INT64, /* same; BENCH_NONE is null */
	FIELD_REAL,      /* double */
	FIELD_JSON,      /* json_t *, an object */
	FIELD_OBJECT,    /* a nested struct with its own fields */
	FIELD_NUMBERS,   /* unsigned int[max], `count` of them */
	FIELD_LIST,      /* pointer to `count` structs, at most `max` */
	FIELD_MAY_LIST,  /* same; the key may be missing */
	FIELD_ROWS,      /* same, each struct an array of values */
	FIELD_KEYS,      /* no value of its own: the keys of `fields` */
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t offset;
	bool sparse; /* no key for NULL */
	double min, max;
	const char *const *words; /* NULL-terminated */
	const char *bad;          /* message for any other word, or for a list below `min` */
	const struct field *fields;
	size_t n_fields, size, count; /* `count`: offset of a size_t */
};

#define FIELD(type, name, what, ...)                                                               \
	{                                                                                          \
		.key = #name, .kind = FIELD_##what, .offset = offsetof(struct type, name),         \
		__VA_ARGS__                                                                        \
	}
#define RANGE(low, high) .min = low, .max = high
#define WORDS(list, other) .words = list, .bad = other
#define OF(table) .fields = table, .n_fields = ARRAY_SIZE(table)
#define LIST(name, what, type, pointer, number, most, table, ...)                                  \
	{                                                                                          \
		.key = name, .kind = FIELD_##what, .offset = offsetof(struct type, pointer),       \
		.max = most, .size = sizeof(*((struct type *)NULL)->pointer),                      \
		.count = offsetof(struct type, number), OF(table), __VA_ARGS__                     \
	}
#define TEXT(type, name) FIELD(type, name, MAY_TEXT)
#define NUMBER(type, name) FIELD(type, name, INT64, RANGE(0, NUMBER_MAX))
#define MAY_NUMBER(type, name) FIELD(type, name, MAY_INT64, RANGE(0, NUMBER_MAX))

static const char *const measures[] = {"cpu", "wall", NULL};

static const struct field option_fields[] = {
	FIELD(bench_options, seed, INT64, RANGE(0, (double)(BENCH_SEED_END - 1))),
	FIELD(bench_options, measure, ENUM, WORDS(measures, "is neither \"cpu\" nor \"wall\"")),
	FIELD(bench_options, rounds, UINT, RANGE(1, BENCH_ROUNDS_MAX)),
	FIELD(bench_options, layouts, UINT, RANGE(1, BENCH_LAYOUTS_MAX)),
	FIELD(bench_options, max_time, UINT, RANGE(0, 1e8)),
	FIELD(bench_options, limit, UINT, RANGE(1, 1e6)),
	FIELD(bench_options, resamples, UINT, RANGE(2, 1e5)),
	FIELD(bench_options, alpha, REAL, RANGE(1e-6, 0.5)),
	FIELD(bench_options, margin, REAL, RANGE(0, 1)),
	FIELD(bench_options, precision, REAL, RANGE(0, 1)),
	FIELD(bench_options, gate, REAL, RANGE(0, 1)),
	FIELD(bench_options, steal_limit, REAL, RANGE(0, 1)),
	FIELD(bench_options, foreign_limit, REAL, RANGE(0, 1)),
};

static const struct field link_fields[] = {TEXT(bench_link, given), TEXT(bench_link, interpreter),
	TEXT(bench_link, sha256), TEXT(bench_link, lib_sha256)};

static const struct field arm_fields[] = {FIELD(bench_arm, name, TEXT),
	FIELD(bench_arm, role, ENUM,
		WORDS(bench_role_names, "is none of \"arm\", \"copy\", \"slowed\"")),
	FIELD(bench_arm, slowdown, REAL, RANGE(0, 10)), TEXT(bench_arm, given),
	TEXT(bench_arm, interpreter), TEXT(bench_arm, version), TEXT(bench_arm, link),
	TEXT(bench_arm, sha256), TEXT(bench_arm, lib_sha256), TEXT(bench_arm, note),
	/* Missing in files of older releases. */
	LIST("links", MAY_LIST, bench_arm, links, n_links, BENCH_LAYOUTS_MAX - 1, link_fields)};

static const struct field workload_fields[] = {FIELD(bench_workload, name, TEXT),
	FIELD(bench_workload, kind, TEXT), TEXT(bench_workload, stresses),
	TEXT(bench_workload, file), FIELD(bench_workload, args, WORDS, RANGE(0, BENCH_WORDS_MAX)),
	TEXT(bench_workload, failed), FIELD(bench_workload, uncounted, MAY_TEXT, .sparse = true),
	FIELD(bench_workload, packages, MAY_TEXT, .sparse = true),
	FIELD(bench_workload, loops, INT64, RANGE(1, NUMBER_MAX)), NUMBER(bench_workload, nominal)};

static const struct field columns[] = {
	FIELD(bench_observation, workload, UINT, RANGE(0, BENCH_WORKLOADS_MAX)),
	FIELD(bench_observation, arm, UINT, RANGE(0, BENCH_ARMS_MAX)),
	FIELD(bench_observation, status, ENUM, WORDS(bench_status_names, "is unknown")),
	NUMBER(bench_observation, code), NUMBER(bench_observation, wall),
	NUMBER(bench_observation, user), NUMBER(bench_observation, system),
	NUMBER(bench_observation, voluntary), NUMBER(bench_observation, involuntary),
	NUMBER(bench_observation, minor_faults), NUMBER(bench_observation, major_faults),
	MAY_NUMBER(bench_observation, max_rss), MAY_NUMBER(bench_observation, steal),
	MAY_NUMBER(bench_observation, cycles), MAY_NUMBER(bench_observation, instructions),
	MAY_NUMBER(bench_observation, branch_misses), NUMBER(bench_observation, padding)};

static const struct field round_fields[] = {
	FIELD(bench_round, layout, UINT, RANGE(0, BENCH_LAYOUTS_MAX)),
	FIELD(bench_round, hash_seed, INT64, RANGE(0, UINT32_MAX)), NUMBER(bench_round, started),
	NUMBER(bench_round, lasted), MAY_NUMBER(bench_round, steal),
	MAY_NUMBER(bench_round, foreign), TEXT(bench_round, dropped),
	LIST("observations", ROWS, bench_round, v, n, BENCH_ARMS_MAX *BENCH_WORKLOADS_MAX,
		columns)};

static const struct field campaign_fields[] = {FIELD(bench, machine, JSON),
	FIELD(bench, suite, TEXT), FIELD(bench, options, OBJECT, OF(option_fields)),
	FIELD(bench, looks, NUMBERS, .max = BENCH_LOOKS_MAX,
		.count = offsetof(struct bench, n_looks)),
	TEXT(bench, stopped),
	LIST("arms", LIST, bench, arms, n_arms, BENCH_ARMS_MAX, arm_fields, .min = 2,
		.bad = "are fewer than two"),
	LIST("workloads", LIST, bench, workloads, n_workloads, BENCH_WORKLOADS_MAX,
		workload_fields),
	{.key = "columns", .kind = FIELD_KEYS, OF(columns)},
	LIST("rounds", LIST, bench, rounds, n_rounds, BENCH_ROUNDS_MAX, round_fields)};

/* In memory, counts have a slot for every workload and arm; the file has rows only for those
 * counted. */
struct count_row {
	unsigned int workload, arm;
	int64_t loops, once, twice;
};
struct counted {
	char *counter;
	struct count_row *rows;
	size_t n;
};
static const struct field count_columns[] = {
	FIELD(count_row, workload, UINT, RANGE(0, BENCH_WORKLOADS_MAX)),
	FIELD(count_row, arm, UINT, RANGE(0, BENCH_ARMS_MAX)), NUMBER(count_row, loops),
	FIELD(count_row, once, INT64, RANGE(1, NUMBER_MAX)), NUMBER(count_row, twice)};
static const struct field counted_fields[] = {FIELD(counted, counter, TEXT),
	LIST("counts", ROWS, counted, rows, n, BENCH_ARMS_MAX *BENCH_WORKLOADS_MAX, count_columns)};

static void counted_release(struct counted *c)
{
	free(c->counter);
	free(c->rows);
}

/* ---- writing ------------------------------------------------------------------------------- */

static json_t *object_json(const struct field *fields, size_t n, const void *of);

static json_t *field_json(const struct field *f, const void *of)
{
	const void *at = (const char *)of + f->offset;
	size_t n = *(const size_t *)((const char *)of + f->count);
	json_t *list;

	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_MAY_TEXT:
		return json_ascii(*(char *const *)at);
	case FIELD_ENUM:
		return json_string(f->words[*(const unsigned int *)at]);
	case FIELD_UINT:
		return json_integer(*(const unsigned int *)at);
	case FIELD_MAY_INT64:
		if (*(const int64_t *)at == BENCH_NONE)
			return json_null();
		/* fall through */
	case FIELD_INT64:
		return json_integer(*(const int64_t *)at);
	case FIELD_REAL:
		return json_real(*(const double *)at);
	case FIELD_JSON:
		return json_incref(*(json_t *const *)at);
	case FIELD_OBJECT:
		return object_json(f->fields, f->n_fields, at);
	default:
		break;
	}
	list = json_array();
	if (f->kind == FIELD_KEYS || f->kind == FIELD_WORDS)
		n = f->kind == FIELD_KEYS ? f->n_fields : ((const struct strv *)at)->n;
	for (size_t i = 0; i < n; i++) {
		const char *element = f->size ? *(char *const *)at + i * f->size : NULL;
		json_t *j;

		if (f->kind == FIELD_KEYS)
			j = json_string(f->fields[i].key);
		else if (f->kind == FIELD_WORDS)
			j = json_ascii(((const struct strv *)at)->v[i]);
		else if (f->kind == FIELD_NUMBERS)
			j = json_integer(((const unsigned int *)at)[i]);
		else if (f->kind == FIELD_ROWS)
			j = json_array();
		else
			j = object_json(f->fields, f->n_fields, element);
		for (size_t k = 0; f->kind == FIELD_ROWS && k < f->n_fields; k++)
			json_array_append_new(j, field_json(&f->fields[k], element));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *object_json(const struct field *fields, size_t n, const void *of)
{
	json_t *j = json_object();

	for (size_t i = 0; i < n; i++) {
		json_t *value = field_json(&fields[i], of);

		if (fields[i].sparse && json_is_null(value))
			continue;
		json_object_set_new(j, fields[i].key, value);
	}
	return j;
}

json_t *bench_to_json(const struct bench *b)
{
	json_t *j = json_pack("{s:s, s:i}", "format", FILE_FORMAT, "version", FILE_VERSION);
	json_t *rest = object_json(campaign_fields, ARRAY_SIZE(campaign_fields), b);
	CLEANUP(counted_release) struct counted c = {0};

	json_object_update(j, rest);
	json_decref(rest);
	if (!b->counts)
		return j;
	c.counter = b->counter ? xstrdup(b->counter) : NULL;
	c.rows = xcalloc(b->n_workloads * b->n_arms + 1, sizeof(*c.rows));
	for (size_t i = 0; i < b->n_workloads * b->n_arms; i++) {
		const struct bench_count *count = &b->counts[i];

		if (count->once)
			c.rows[c.n++] = (struct count_row){(unsigned int)(i / b->n_arms),
				(unsigned int)(i % b->n_arms), (int64_t)count->loops, count->once,
				count->twice};
	}
	rest = object_json(counted_fields, ARRAY_SIZE(counted_fields), &c);
	json_object_update(j, rest);
	json_decref(rest);
	return j;
}

int bench_save(const struct bench *b, const char *path, struct err *err)
{
	json_t *j = bench_to_json(b);
	CLEANUP_FREE char *content = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(17));
	size_t n;

	json_decref(j);
	if (!content)
		bug("a campaign cannot be written as JSON");
	n = strlen(content);
	content[n++] = '\n';
	if (file_write(path, content, n, 0644, err) < 0)
		return err_wrap(err, "saving the campaign");
	return 0;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Position in the file, for messages: "rounds[3].observations[17]". */
struct place {
	char text[96];
	struct err *err;
};

__attribute__((format(printf, 2, 3))) static void set_place(struct place *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(at->text, sizeof(at->text), fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 3, 4))) static int refuse(
	struct place *at, const char *key, const char *fmt, ...)
{
	CLEANUP_FREE char *what = NULL;
	va_list ap;

	va_start(ap, fmt);
	what = xvasprintf(fmt, ap);
	va_end(ap);
	return err_set(at->err, ERR_INPUT, "%s%s%s: %s", at->text, at->text[0] && key[0] ? "." : "",
		key, what);
}

/* A text without NUL, and without control characters unless `any`; NULL for anything else. */
static const char *text_of(const json_t *v, bool any)
{
	const char *s = json_string_value(v);
	size_t n = json_string_length(v);

	if (!s || n > TEXT_MAX || strlen(s) != n)
		return NULL;
	for (size_t i = 0; !any && i < n; i++) {
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return NULL;
	}
	return s;
}

static int read_fields(struct place *at, const struct field *fields, size_t n, const json_t *j,
	bool row, void *to);
static int read_list(struct place *at, const struct field *f, const json_t *v, void *of);

static int read_number(struct place *at, const struct field *f, const json_t *v, int64_t *ret)
{
	if (!json_is_integer(v))
		return refuse(at, f->key, v ? "is not a whole number" : "is missing");
	*ret = json_integer_value(v);
	if (*ret < (int64_t)f->min || *ret > (int64_t)f->max)
		return refuse(at, f->key, "%lld is not between %.0f and %.0f", (long long)*ret,
			f->min, f->max);
	return 0;
}

/* Reads one value; `v` is NULL if it is missing. */
static int read_field(struct place *at, const struct field *f, const json_t *v, void *of)
{
	void *to = (char *)of + f->offset;
	const char *s = json_string_value(v);
	int64_t n = BENCH_NONE;

	switch (f->kind) {
	case FIELD_MAY_TEXT:
		if (!v || json_is_null(v))
			return 0;
		/* fall through */
	case FIELD_TEXT:
		if (!s)
			return refuse(at, f->key, v ? "is not a text" : "is missing");
		if (!text_of(v, false))
			return refuse(at, f->key, "is too long or holds control characters");
		free(*(char **)to);
		*(char **)to = xstrdup(s);
		return 0;
	case FIELD_ENUM:
		for (unsigned int i = 0; s && f->words[i]; i++) {
			if (!strcmp(s, f->words[i])) {
				*(unsigned int *)to = i;
				return 0;
			}
		}
		return refuse(at, f->key, "%s", f->bad);
	case FIELD_REAL:
		if (!json_is_number(v))
			return refuse(at, f->key, v ? "is not a number" : "is missing");
		*(double *)to = json_number_value(v);
		return *(double *)to >= f->min && *(double *)to <= f->max
			       ? 0
			       : refuse(at, f->key, "is out of range");
	case FIELD_UINT:
		if (read_number(at, f, v, &n) < 0)
			return -1;
		*(unsigned int *)to = (unsigned int)n;
		return 0;
	case FIELD_MAY_INT64:
	case FIELD_INT64:
		if ((f->kind == FIELD_INT64 || !json_is_null(v)) && read_number(at, f, v, &n) < 0)
			return -1;
		*(int64_t *)to = n;
		return 0;
	case FIELD_JSON:
	case FIELD_OBJECT:
		if (!json_is_object(v))
			return refuse(at, f->key, "is missing");
		if (f->kind == FIELD_JSON)
			return json_object_update(*(json_t **)to, (json_t *)v);
		set_place(at, "%s", f->key);
		if (read_fields(at, f->fields, f->n_fields, v, false, to) < 0)
			return -1;
		set_place(at, "%s", "");
		return 0;
	case FIELD_MAY_LIST:
		return v ? read_list(at, f, v, of) : 0;
	default:
		return read_list(at, f, v, of);
	}
}

static int read_list(struct place *at, const struct field *f, const json_t *v, void *of)
{
	static const struct field look = {.key = "looks", RANGE(1, BENCH_ROUNDS_MAX)};
	CLEANUP_FREE char *outer = xstrdup(at->text);
	size_t n = json_array_size(v), *count = (size_t *)((char *)of + f->count);
	void *to = (char *)of + f->offset;
	char *elements = NULL;

	if (!json_is_array(v))
		return refuse(at, f->key, v ? "is not a list" : "is missing");
	if (f->kind != FIELD_KEYS && (double)n > f->max)
		return refuse(at, f->key, "has too many elements");
	if ((double)n < f->min)
		return refuse(at, f->key, "%s", f->bad);
	if (f->size)
		*(void **)to = elements = xcalloc(n + 1, f->size);
	for (size_t i = 0; i < (f->kind == FIELD_KEYS ? f->n_fields : n); i++) {
		const json_t *j = json_array_get(v, i);
		const char *s = text_of(j, true);
		int64_t number;

		if (f->kind == FIELD_KEYS) {
			if (n != f->n_fields || !s || strcmp(s, f->fields[i].key) != 0)
				return refuse(at, f->key, "are not those that this version knows");
		} else if (f->kind == FIELD_WORDS) {
			if (!s)
				return refuse(
					at, f->key, "holds something that is not an argument");
			strv_add(to, s);
		} else if (f->kind == FIELD_NUMBERS) {
			if (read_number(at, &look, j, &number) < 0)
				return -1;
			((unsigned int *)to)[(*count)++] = (unsigned int)number;
		} else {
			set_place(at, "%s%s%s[%zu]", outer, outer[0] ? "." : "", f->key, i);
			++*count;
			if (f->kind == FIELD_ROWS &&
				(!json_is_array(j) || json_array_size(j) != f->n_fields))
				return refuse(at, "", "is not a row of %zu values", f->n_fields);
			if (read_fields(at, f->fields, f->n_fields, j, f->kind == FIELD_ROWS,
				    elements + i * f->size) < 0)
				return -1;
			set_place(at, "%s", outer);
		}
	}
	return 0;
}

/* Of an object, or of a row in the same order. */
static int read_fields(
	struct place *at, const struct field *fields, size_t n, const json_t *j, bool row, void *to)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *v = row ? json_array_get(j, i) : json_object_get(j, fields[i].key);

		if (read_field(at, &fields[i], v, to) < 0)
			return -1;
	}
	return 0;
}

/* ---- checking what was read ----------------------------------------------------------------- */

static int check_below(struct place *at, const char *key, unsigned int value, size_t end)
{
	return value < end
		       ? 0
		       : refuse(at, key, "%u is not between 0 and %lld", value, (long long)end - 1);
}

static int check_campaign(struct place *at, const struct bench *b)
{
	CLEANUP_FREE size_t *seen = xcalloc(b->n_arms * b->n_workloads + 1, sizeof(*seen));
	unsigned int before = 0;

	for (size_t i = 0; i < b->n_looks; before = b->looks[i++]) {
		if (b->looks[i] <= before || b->looks[i] > b->options.rounds)
			return refuse(at, "looks", "%u is not between %u and %u", b->looks[i],
				before + 1, b->options.rounds);
	}
	if (before != b->options.rounds)
		return refuse(at, "looks", "do not end with options.rounds");
	if (b->n_rounds * b->n_arms * b->n_workloads > BENCH_OBSERVATIONS_MAX)
		return refuse(at, "rounds", "hold too many observations");
	for (size_t i = 0; i < b->n_arms; i++) {
		set_place(at, "arms[%zu]", i);
		if (!bench_arm_name_ok(b->arms[i].name))
			return refuse(at, "name", "cannot be the name of an arm");
		if (i == 0 && b->arms[i].role != BENCH_ROLE_ARM)
			return refuse(at, "role", "is not that of a reference");
		if (bench_find_arm(b, b->arms[i].name) != &b->arms[i])
			return refuse(at, "name", "is also the name of another arm");
	}
	for (size_t i = 0; i < b->n_workloads; i++) {
		set_place(at, "workloads[%zu]", i);
		if (!b->workloads[i].name[0])
			return refuse(at, "name", "is empty");
		if (bench_find_workload(b, b->workloads[i].name) != i)
			return refuse(at, "name", "is that of another workload too");
	}
	for (size_t i = 0; i < b->n_rounds; i++) {
		set_place(at, "rounds[%zu]", i);
		if (check_below(at, "layout", b->rounds[i].layout, b->options.layouts) < 0)
			return -1;
		for (size_t k = 0; k < b->rounds[i].n; k++) {
			const struct bench_observation *o = &b->rounds[i].v[k];

			set_place(at, "rounds[%zu].observations[%zu]", i, k);
			if (check_below(at, "workload", o->workload, b->n_workloads) < 0 ||
				check_below(at, "arm", o->arm, b->n_arms) < 0)
				return -1;
			if (seen[o->workload * b->n_arms + o->arm] > i)
				return refuse(at, "", "occurs twice");
			seen[o->workload * b->n_arms + o->arm] = i + 1;
		}
	}
	set_place(at, "%s", "");
	return 0;
}

/* Files of campaigns without counts do not have the keys. */
static int read_counts(struct place *at, const json_t *root, struct bench *b)
{
	CLEANUP(counted_release) struct counted counted = {0};

	if (!json_object_get(root, "counts"))
		return 0;
	if (b->n_workloads == 0)
		return refuse(at, "counts", "has no workloads to count");
	if (read_fields(at, counted_fields, ARRAY_SIZE(counted_fields), root, false, &counted) < 0)
		return -1;
	b->counter = steal(&counted.counter);
	b->counts = xcalloc(b->n_arms * b->n_workloads, sizeof(*b->counts));
	for (size_t i = 0; i < counted.n; i++) {
		const struct count_row *row = &counted.rows[i];
		struct bench_count *c;

		set_place(at, "counts[%zu]", i);
		if (check_below(at, "workload", row->workload, b->n_workloads) < 0 ||
			check_below(at, "arm", row->arm, b->n_arms) < 0)
			return -1;
		c = &b->counts[row->workload * b->n_arms + row->arm];
		if (c->once)
			return refuse(at, "", "occurs twice");
		*c = (struct bench_count){(uint64_t)row->loops, row->once, row->twice};
	}
	return 0;
}

static int read_campaign(const json_t *root, struct bench *b, struct err *err)
{
	static const struct field version = {.key = "version", RANGE(1, 1e6)};
	struct place at = {.err = err};
	const char *format = json_word(root, "format");
	int64_t n;

	if (!format || strcmp(format, FILE_FORMAT) != 0)
		return err_set(err, ERR_INPUT, "this is not a campaign of solder bench");
	if (read_number(&at, &version, json_object_get(root, "version"), &n) < 0)
		return -1;
	if (n != FILE_VERSION)
		return err_set(err, ERR_INPUT, "version %lld of the format is not known here",
			(long long)n);
	return read_fields(&at, campaign_fields, ARRAY_SIZE(campaign_fields), root, false, b) < 0 ||
			       check_campaign(&at, b) < 0 || read_counts(&at, root, b) < 0
		       ? -1
		       : 0;
}

int bench_from_memory(const char *data, size_t size, struct bench **ret, struct err *err)
{
	CLEANUP_BENCH struct bench *b = NULL;
	struct bench_options options;
	json_error_t problem;
	json_t *root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &problem);
	int result;

	if (!root)
		return err_set(err, ERR_INPUT, "line %d, column %d: %s", problem.line,
			problem.column, problem.text);
	bench_defaults(&options);
	b = bench_new(&options);
	b->n_looks = 0;
	result = read_campaign(root, b, err);
	b->cap_rounds = b->n_rounds;
	json_decref(root);
	if (result == 0)
		*ret = steal(&b);
	return result;
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
