/* Arms and workloads as a person names them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "bench/run-internal.h"
#include "python/python.h"

#define INDEX_MAX ((size_t)4 << 20)

static struct bench_arm *find_arm(struct bench *b, const char *name)
{
	for (size_t i = 0; i < b->n_arms; i++) {
		if (!strcmp(b->arms[i].name, name))
			return &b->arms[i];
	}
	return NULL;
}

static int check_name(struct bench *b, const char *name, struct err *err)
{
	if (!bench_arm_name_ok(name)) {
		err_set(err, ERR_USAGE, "'%s' cannot be the name of an arm", name);
		return err_hint(err, "use letters, digits and ._+- : NAME=PYTHON");
	}
	if (!find_arm(b, name) && b->n_arms + 3 > BENCH_ARMS_MAX)
		return err_set(err, ERR_USAGE, "there are more than %d arms", BENCH_ARMS_MAX - 2);
	return 0;
}

static int find_runnable(const char *what, struct python *dist, struct err *err)
{
	if (py_find(what, dist, err) < 0)
		return -1;
	if (!dist->runs)
		return err_set(err, ERR_UNSUPPORTED, "'%s' cannot be measured here: %s", what,
			dist->why_not);
	if (dist->major != 3 || dist->minor < 8)
		return err_set(err, ERR_UNSUPPORTED,
			"'%s' is Python %s; 3.8 is needed for -X "
			"pycache_prefix",
			what, dist->version);
	return 0;
}

/* Is what was found `link` already, file by file? */
static bool same_files(const struct bench_link *found, const char *sha256, const char *lib_sha256)
{
	return !strcmp(found->sha256, sha256) && !found->lib_sha256 == !lib_sha256 &&
	       (!lib_sha256 || !strcmp(found->lib_sha256, lib_sha256));
}

/* Another link of an arm takes over what `link` holds. */
static int add_link(struct bench *b, struct bench_arm *arm, const struct python *dist,
	struct bench_link *link, struct err *err)
{
	bool same = same_files(link, arm->sha256, arm->lib_sha256);

	for (size_t i = 0; i < arm->n_links; i++)
		same = same || same_files(link, arm->links[i].sha256, arm->links[i].lib_sha256);
	if (same || strcmp(dist->version, arm->version) != 0 ||
		strcmp(py_link_name(dist->link), arm->link) != 0) {
		err_set(err, ERR_USAGE, "two arms are called '%s'", arm->name);
		return err_hint(
			err, same ? "they are the same file: name them differently"
				  : "only other links of the same objects may share a name");
	}
	if (arm->n_links + 2 > BENCH_LAYOUTS_MAX)
		return err_set(err, ERR_USAGE, "'%s' has more than %d links", arm->name,
			BENCH_LAYOUTS_MAX);
	*bench_add_link(arm) = *link;
	*link = (struct bench_link){.given = NULL};
	if (b->options.layouts < arm->n_links + 1)
		b->options.layouts = (unsigned int)arm->n_links + 1;
	return 0;
}

int bench_add_python(struct bench *b, const char *name, const char *what, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	CLEANUP(bench_link_release) struct bench_link link = {.given = NULL};
	char hex[SHA256_HEX_SIZE];
	struct bench_arm *arm;

	if (check_name(b, name, err) < 0 || find_runnable(what, &dist, err) < 0 ||
		sha256_file(dist.interpreter, hex, NULL, err) < 0)
		return -1;
	link.given = xstrdup(what);
	link.interpreter = xstrdup(dist.interpreter);
	link.sha256 = xstrdup(hex);
	if (dist.libpython_loaded) {
		if (sha256_file(dist.libpython_loaded, hex, NULL, err) < 0)
			return -1;
		link.lib_sha256 = xstrdup(hex);
	}
	arm = find_arm(b, name);
	if (arm)
		return add_link(b, arm, &dist, &link, err);
	arm = bench_add_arm(b, name, BENCH_ROLE_ARM);
	arm->given = steal(&link.given);
	arm->interpreter = steal(&link.interpreter);
	arm->version = xstrdup(dist.version);
	arm->link = xstrdup(py_link_name(dist.link));
	arm->sha256 = steal(&link.sha256);
	arm->lib_sha256 = steal(&link.lib_sha256);
	return 0;
}

static char *duplicate(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static void add_like_reference(struct bench *b, const char *wanted, enum bench_role role)
{
	CLEANUP_FREE char *name = xstrdup(wanted);
	struct bench_arm *arm;
	const struct bench_arm *first;

	for (size_t i = 0; i < b->n_arms; i++) {
		if (!strcmp(b->arms[i].name, name)) {
			free(name);
			name = xasprintf("%s-%zu", wanted, b->n_arms);
		}
	}
	arm = bench_add_arm(b, name, role);
	first = &b->arms[0];
	arm->given = duplicate(first->given);
	arm->interpreter = duplicate(first->interpreter);
	arm->version = duplicate(first->version);
	arm->link = duplicate(first->link);
	arm->sha256 = duplicate(first->sha256);
	arm->lib_sha256 = duplicate(first->lib_sha256);
	for (size_t i = 0; i < first->n_links; i++)
		*bench_add_link(arm) =
			(struct bench_link){.given = duplicate(first->links[i].given),
				.interpreter = duplicate(first->links[i].interpreter),
				.sha256 = duplicate(first->links[i].sha256),
				.lib_sha256 = duplicate(first->links[i].lib_sha256)};
}

void bench_add_hidden(struct bench *b, double slowdown)
{
	add_like_reference(b, "copy", BENCH_ROLE_COPY);
	if (slowdown > 0) {
		add_like_reference(b, "slowed", BENCH_ROLE_SLOWED);
		b->arms[b->n_arms - 1].slowdown = slowdown;
	}
}

/* The words of a filter, without blanks around them. */
static void split_filter(const char *filter, struct strv *words)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;

	strv_split(&parts, filter ? filter : "", ",");
	for (size_t i = 0; i < parts.n; i++) {
		const char *word = parts.v[i] + strspn(parts.v[i], " ");
		size_t n = strlen(word);

		while (n && word[n - 1] == ' ')
			n--;
		if (n)
			strv_take(words, xstrndup(word, n));
	}
}

static bool wanted(const char *name, const struct strv *words)
{
	for (size_t i = 0; i < words->n; i++) {
		if (strstr(name, words->v[i]))
			return true;
	}
	return words->n == 0;
}

/* A word that chose nothing is a slip: what was meant would be missing without a word. */
static int check_words(
	const struct bench *b, const char *from, const struct strv *words, struct err *err)
{
	for (size_t i = 0; i < words->n; i++) {
		size_t w = 0;

		while (w < b->n_workloads && !strstr(b->workloads[w].name, words->v[i]))
			w++;
		if (w == b->n_workloads)
			return err_set(err, ERR_USAGE, "no workload of '%s' is called like '%s'",
				from, words->v[i]);
	}
	return 0;
}

/* Inside the folder of workloads: our own lie in it, others somewhere below. */
static bool file_ok(const char *kind, const char *file)
{
	if (!file)
		return !strcmp(kind, "startup");
	if (!strcmp(kind, "pyperformance"))
		return file[0] != '/' && !strstr(file, "..");
	return !strchr(file, '/');
}

static bool kind_ok(const char *kind)
{
	return kind && (!strcmp(kind, "loop") || !strcmp(kind, "startup") ||
			       !strcmp(kind, "pyperformance"));
}

/* Texts of a list (NULL: none); an error for anything else in it. */
static int add_texts(struct strv *to, const json_t *list, const char *of, struct err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));

		if (!word)
			return err_set(
				err, ERR_INPUT, "an argument or module of '%s' is not a text", of);
		strv_add(to, word);
	}
	return 0;
}

/* One entry of an index: {"name", "file", "stresses", "loops", "kind", "args", "needs"}. */
static int add_entry(struct bench *b, const char *from, const json_t *entry, struct err *err)
{
	const char *name = json_string_value(json_object_get(entry, "name"));
	const char *kind = json_string_value(json_object_get(entry, "kind"));
	const char *file = json_string_value(json_object_get(entry, "file"));
	const char *stresses = json_string_value(json_object_get(entry, "stresses"));
	const json_t *args = json_object_get(entry, "args");
	const json_t *needs = json_object_get(entry, "needs");
	json_int_t loops = json_integer_value(json_object_get(entry, "loops"));
	struct bench_workload *w;

	if (!name || !*name || !kind_ok(kind) || !file_ok(kind, file) || loops < 1 ||
		json_array_size(args) > BENCH_WORDS_MAX || json_array_size(needs) > BENCH_WORDS_MAX)
		return err_set(err, ERR_INPUT, "entry '%s' of '%s' is not as it should be",
			name ? name : "without a name", from);
	w = bench_add_workload(b, name, kind);
	w->file = file ? xstrdup(file) : NULL;
	w->stresses = stresses ? xstrdup(stresses) : NULL;
	w->loops = (uint64_t)loops;
	return add_texts(&w->args, args, name, err) < 0 ||
			       add_texts(&w->needs, needs, name, err) < 0
		       ? -1
		       : 0;
}

int suite_add_index(struct bench *b, const char *text, size_t size, const char *from,
	const char *filter, struct err *err)
{
	json_error_t problem;
	json_t *index = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem), *entry;
	CLEANUP_STRV struct strv words = STRV_INIT;
	size_t i;
	int result = 0;

	if (!json_is_array(index)) {
		json_decref(index);
		return err_set(err, ERR_INPUT, "'%s' holds no list of workloads", from);
	}
	split_filter(filter, &words);
	json_array_foreach (index, i, entry) {
		const char *name = json_string_value(json_object_get(entry, "name"));

		if (result == 0 && (!name || wanted(name, &words)) &&
			b->n_workloads < BENCH_WORKLOADS_MAX)
			result = add_entry(b, from, entry, err);
	}
	json_decref(index);
	if (result == 0)
		result = check_words(b, from, &words, err);
	if (result == 0 && b->n_workloads == 0)
		return err_set(err, ERR_INPUT, "'%s' lists no workload", from);
	return result;
}

int bench_add_suite(struct bench *b, const char *dir, const char *filter, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/index.json", dir);
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (file_read(path, INDEX_MAX, &text, err) < 0)
		return -1;
	return suite_add_index(b, text.len ? text.data : "", text.len, path, filter, err);
}

int bench_add_script(struct bench *b, const char *file, const struct strv *args, struct err *err)
{
	CLEANUP_FREE char *path = path_absolute(file);
	CLEANUP_CLOSE int fd = file_open(file, err);
	struct bench_workload *w;

	if (fd < 0)
		return -1;
	w = bench_add_workload(b, path_base(path), "script");
	w->file = steal(&path);
	for (size_t i = 0; args && i < args->n; i++)
		strv_add(&w->args, args->v[i]);
	free(b->suite);
	b->suite = xstrdup("script");
	return 0;
}
