/* step.json and result.json: written here, and read with suspicion. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "farm/farm-internal.h"
#include "plan/record.h"
#include "report/json.h"

#define FORMAT_ORDER "solder-step-order"
#define FORMAT_RESULT "solder-step-result"
#define VERSION 1
#define LIST_MAX 256
#define NAME_MAX_BYTES 96
#define VARIABLE LETTERS_AND_DIGITS "_"

static const struct json_field file_fields[] = {
	JSON_FIELD_AS("file", struct order_file, name),
	JSON_FIELD(struct order_file, sha256),
	JSON_FIELD(struct order_file, size, .min = 1, .max = STEP_ARCHIVE_MAX),
};

static const struct json_field need_fields[] = {
	JSON_FIELD(struct order_need, id),
	JSON_FIELD(struct order_need, name, .optional = true),
	JSON_FIELD(struct order_need, below, .optional = true),
};

static const struct json_field result_fields[] = {
	JSON_FIELD(struct result, id),
	JSON_FIELD(struct result, output_sha256),
	JSON_FIELD(struct result, output_size, .min = 1, .max = STEP_ARCHIVE_MAX),
	JSON_FIELD(struct result, log_sha256),
	JSON_FIELD(struct result, log_size, .min = 0, .max = STEP_LOG_MAX),
	JSON_FIELD(struct result, took_ns, .min = 0, .max = STEP_TOOK_MAX),
};

static const struct json_field text_fields[] = {
	JSON_FIELD(struct order, id),
	JSON_FIELD(struct order, title),
};

/* Its members are of any length, as flags may be, and of several lines. */
static const struct {
	const char *key;
	size_t offset;
} lists[] = {
	{"env", offsetof(struct order, env)},
	{"programs", offsetof(struct order, programs)},
	{"tools", offsetof(struct order, tools)},
	{"files", offsetof(struct order, files)},
};

static const struct {
	const char *key;
	size_t offset;
	bool optional;
} inputs[] = {
	{"script", offsetof(struct order, script_file), false},
	{"source", offsetof(struct order, source), true},
	{"recipe", offsetof(struct order, recipe), true},
};

static struct strv *list_of(const struct order *o, size_t offset)
{
	return (struct strv *)((char *)(uintptr_t)o + offset);
}

static struct order_file *file_of(const struct order *o, size_t offset)
{
	return (struct order_file *)((char *)(uintptr_t)o + offset);
}

static void release_file(struct order_file *f)
{
	free(f->name);
	free(f->sha256);
}

void order_free(struct order *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		strv_release(list_of(o, lists[i].offset));
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++)
		release_file(file_of(o, inputs[i].offset));
	for (size_t i = 0; i < o->n_trees; i++)
		release_file(&o->trees[i]);
	for (size_t i = 0; i < o->n_needs; i++) {
		free(o->needs[i].id);
		free(o->needs[i].name);
		free(o->needs[i].below);
	}
	free(o->trees);
	free(o->needs);
	free(o->dir);
	free(o->id);
	free(o->title);
	free(o->system);
	free(o->script);
	free(o);
}

void cleanup_order(struct order **o)
{
	order_free(*o);
}

const char *order_system(const struct order *o)
{
	return o->system;
}

const char *order_compiler(const struct order *o)
{
	for (size_t i = 0; i < o->env.n; i++)
		if (!strncmp(o->env.v[i], "CC=", 3))
			return o->env.v[i] + 3;
	return NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

static json_t *file_json(const struct order_file *f)
{
	json_t *object = f->name ? json_object() : json_null();

	if (f->name)
		json_put(object, f, file_fields, ARRAY_SIZE(file_fields));
	return object;
}

json_t *order_json(const struct order *o)
{
	json_t *root = JSON_OBJECT(
		{"format", json_string(FORMAT_ORDER)}, {"version", json_integer(VERSION)});
	json_t *trees = json_array(), *needs = json_array();

	json_put(root, o, text_fields, ARRAY_SIZE(text_fields));
	json_object_set_new(root, "system", json_text(o->system));
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct strv *list = list_of(o, lists[i].offset);

		json_object_set_new(
			root, lists[i].key, json_texts((const char *const *)list->v, list->n));
	}
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++)
		json_object_set_new(root, inputs[i].key, file_json(file_of(o, inputs[i].offset)));
	for (size_t i = 0; i < o->n_trees; i++)
		json_array_append_new(trees, file_json(&o->trees[i]));
	for (size_t i = 0; i < o->n_needs; i++) {
		json_t *need = json_object();

		json_put(need, &o->needs[i], need_fields, ARRAY_SIZE(need_fields));
		json_array_append_new(needs, need);
	}
	json_object_set_new(root, "trees", trees);
	json_object_set_new(root, "needs", needs);
	json_object_set_new(root, "output",
		JSON_OBJECT({"archive", json_string(OUTPUT_FILE)}, {"log", json_string(LOG_FILE)},
			{"result", json_string(RESULT_FILE)}));
	return root;
}

json_t *result_json(const struct result *r)
{
	json_t *root = JSON_OBJECT(
		{"format", json_string(FORMAT_RESULT)}, {"version", json_integer(VERSION)});

	json_put(root, r, result_fields, ARRAY_SIZE(result_fields));
	return root;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int check_form(const json_t *root, const char *format, struct err *err)
{
	const char *word = json_word(root, "format");

	if (word && !strcmp(word, format) &&
		json_integer_value(json_object_get(root, "version")) == VERSION)
		return 0;
	return err_set(err, ERR_INPUT, "it has not the form '%s' of version %d", format, VERSION);
}

/* "openssl-0123456789abcdef": a name of an entry of the cache, and of nothing else. */
static bool is_id(const char *s)
{
	const char *key = strrchr(s, '-');

	return key && key > s && *s != '.' && strlen(s) < NAME_MAX_BYTES &&
	       strspn(s, LETTERS_AND_DIGITS "._+-") == strlen(s) && strlen(key + 1) == 16 &&
	       strspn(key + 1, "0123456789abcdef") == 16;
}

static bool is_variable(const char *s, size_t n)
{
	return n && (*s < '0' || *s > '9') && strspn(s, VARIABLE) >= n;
}

static int read_list(const json_t *root, const char *key, struct strv *list, struct err *err)
{
	const json_t *array = json_object_get(root, key);

	if (!json_is_array(array) || json_array_size(array) > LIST_MAX)
		return err_set(err, ERR_INPUT, "%s: is not a list of at most %d", key, LIST_MAX);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (!text)
			return err_set(err, ERR_INPUT, "%s[%zu]: is not a text", key, i);
		strv_add(list, text);
	}
	return 0;
}

static int read_file(const json_t *object, const char *where, struct order_file *f, struct err *err)
{
	if (json_get(object, where, f, file_fields, ARRAY_SIZE(file_fields), err) < 0)
		return -1;
	if (!sha256_is_hex(f->sha256) || !record_takes_path(f->name))
		return err_set(err, ERR_INPUT, "%s: is not a file of the folder", where);
	return 0;
}

static int read_trees(const json_t *root, struct order *o, struct err *err)
{
	const json_t *trees = json_object_get(root, "trees");
	const json_t *needs = json_object_get(root, "needs");

	if (!json_is_array(trees) || !json_is_array(needs) || json_array_size(trees) > LIST_MAX ||
		json_array_size(needs) > ARRAY_SIZE(((struct step *)0)->needs))
		return err_set(err, ERR_INPUT, "trees, needs: are not lists, or too long");
	for (size_t i = 0; i < json_array_size(trees); i++) {
		struct order_file *f = ARRAY_ADD(o->trees, o->n_trees);

		if (read_file(json_array_get(trees, i), "trees", f, err) < 0)
			return -1;
		if (strncmp(f->name, INPUTS, strlen(INPUTS)) != 0 ||
			!is_id(f->name + strlen(INPUTS)))
			return err_set(err, ERR_INPUT, "trees: '%s' is not a step's", f->name);
	}
	for (size_t i = 0; i < json_array_size(needs); i++) {
		struct order_need *n = ARRAY_ADD(o->needs, o->n_needs);

		if (json_get(json_array_get(needs, i), "needs", n, need_fields,
			    ARRAY_SIZE(need_fields), err) < 0)
			return -1;
		if (!is_id(n->id) || (n->name && !is_variable(n->name, strlen(n->name))) ||
			(n->below && *n->below && !record_takes_path(n->below)))
			return err_set(err, ERR_INPUT, "needs[%zu]: is not of a step", i);
	}
	return 0;
}

/* What the lists may hold. */
static int check_lists(const struct order *o, struct err *err)
{
	size_t views = 0;

	for (size_t i = 0; i < o->env.n; i++)
		if (!is_variable(o->env.v[i], strcspn(o->env.v[i], "=")) ||
			!strchr(o->env.v[i], '='))
			return err_set(err, ERR_INPUT, "env[%zu]: is not a variable", i);
	for (size_t i = 0; i < o->files.n; i++)
		if (!record_takes_path(o->files.v[i]))
			return err_set(err, ERR_INPUT, "files[%zu]: is not below a folder", i);
	for (size_t i = 0; i < o->programs.n; i++)
		if (strchr(o->programs.v[i], '/'))
			return err_set(err, ERR_INPUT, "programs[%zu]: is not a name", i);
	for (size_t i = 0; i < o->tools.n; i += 2)
		if (*o->tools.v[i] != '/' || i + 1 == o->tools.n ||
			!sha256_is_hex(o->tools.v[i + 1]))
			return err_set(err, ERR_INPUT, "tools[%zu]: is not a program", i);
	for (size_t i = 0; i < o->n_needs; i++)
		views += o->needs[i].name != NULL;
	if (views > ARRAY_SIZE(((struct step *)0)->views))
		return err_set(err, ERR_INPUT, "needs: has too many views");
	return is_id(o->id) ? 0 : err_set(err, ERR_INPUT, "id: is not that of a step");
}

static int read_order(const json_t *root, struct order *o, struct err *err)
{
	const char *system = json_word(root, "system");

	if (check_form(root, FORMAT_ORDER, err) < 0 ||
		json_get(root, "", o, text_fields, ARRAY_SIZE(text_fields), err) < 0)
		return -1;
	o->system = xstrdup(system ? system : "");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (read_list(root, lists[i].key, list_of(o, lists[i].offset), err) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
		const json_t *object = json_object_get(root, inputs[i].key);

		if (!(inputs[i].optional && json_is_null(object)) &&
			read_file(object, inputs[i].key, file_of(o, inputs[i].offset), err) < 0)
			return -1;
	}
	return read_trees(root, o, err) < 0 ? -1 : check_lists(o, err);
}

int order_parse(const char *text, size_t len, struct order **ret, struct err *err)
{
	CLEANUP_ORDER struct order *o = xcalloc(1, sizeof(*o));
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	int failed = read_order(root, o, err);

	json_decref(root);
	if (failed == 0)
		*ret = steal(&o);
	return failed;
}

int order_open(const char *dir, struct order **ret, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/" ORDER_FILE, dir);
	CLEANUP_BUF struct buf text = BUF_INIT, script = BUF_INIT;
	CLEANUP_ORDER struct order *o = NULL;
	CLEANUP_CLOSE int fd = -1;

	if (file_read(path, ORDER_MAX, &text, err) < 0)
		return -1;
	if (order_parse(text.data, text.len, &o, err) < 0)
		return err_wrap(err, "'%s'", path);
	fd = open_known(dir, &o->script_file, err);
	if (fd < 0 || file_read_fd(fd, o->script_file.name, SCRIPT_MAX, &script, err) < 0)
		return -1;
	if (strlen(script.data) != script.len)
		return err_set(err, ERR_INPUT, "'%s/%s' is not a script", dir, o->script_file.name);
	o->script = buf_steal(&script);
	o->dir = xstrdup(dir);
	*ret = steal(&o);
	return 0;
}

void result_release(struct result *r)
{
	free(r->id);
	free(r->output_sha256);
	free(r->log_sha256);
	*r = (struct result){0};
}

int result_parse(const char *text, size_t len, struct result *ret, struct err *err)
{
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	int failed = check_form(root, FORMAT_RESULT, err);

	*ret = (struct result){0};
	if (failed == 0)
		failed = json_get(root, "", ret, result_fields, ARRAY_SIZE(result_fields), err);
	json_decref(root);
	if (failed == 0 && (!sha256_is_hex(ret->output_sha256) || !sha256_is_hex(ret->log_sha256)))
		failed = err_set(err, ERR_INPUT, "it has no digests");
	if (failed < 0)
		result_release(ret);
	return failed;
}

int open_known(const char *dir, const struct order_file *file, struct err *err)
{
	CLEANUP_FOLDER struct folder top = FOLDER_INIT;
	CLEANUP_CLOSE int fd = -1;
	char hex[SHA256_HEX_SIZE];
	uint64_t size;
	int found;

	if (folder_open(dir, &top, err) < 0)
		return -1;
	fd = file_open_below(&top, file->name, err);
	if (fd < 0 || sha256_fd(fd, file->name, hex, &size, err) < 0)
		return -1;
	if (size != file->size || strcmp(hex, file->sha256) != 0)
		return err_set(err, ERR_INPUT, "'%s/%s' has not the digest that it should have",
			dir, file->name);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "cannot read '%s/%s' again", dir, file->name);
	found = fd;
	fd = -1;
	return found;
}
