/* Arms and workloads as named by the user. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bench/bench-internal.h"
#include "python/python.h"
#include "report/json.h"

#define INDEX_MAX ((size_t)4 << 20)

/* ---- arms ---------------------------------------------------------------------------------- */

/* Adds another link to an arm, taking over the contents of `link`. */
static int add_link(struct bench *b, struct bench_arm *arm, const struct python *dist,
	struct bench_link *link, struct err *err)
{
	bool same = bench_same_text(link->sha256, arm->sha256) &&
		    bench_same_text(link->lib_sha256, arm->lib_sha256);

	for (size_t i = 0; i < arm->n_links; i++)
		same = same || (bench_same_text(link->sha256, arm->links[i].sha256) &&
				       bench_same_text(link->lib_sha256, arm->links[i].lib_sha256));
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
	struct bench_arm *arm = bench_find_arm(b, name);
	char hex[SHA256_HEX_SIZE];

	if (!bench_arm_name_ok(name)) {
		err_set(err, ERR_USAGE, "'%s' cannot be the name of an arm", name);
		return err_hint(err, "use letters, digits and ._+- : NAME=PYTHON");
	}
	if (!arm && b->n_arms + 3 > BENCH_ARMS_MAX)
		return err_set(err, ERR_USAGE, "there are more than %d arms", BENCH_ARMS_MAX - 2);
	if (py_find(what, &dist, err) < 0)
		return -1;
	if (!dist.runs)
		return err_set(err, ERR_UNSUPPORTED, "'%s' cannot be measured here: %s", what,
			dist.why_not);
	if (dist.major != 3 || dist.minor < 8)
		return err_set(err, ERR_UNSUPPORTED,
			"'%s' is Python %s; 3.8 is needed for -X pycache_prefix", what,
			dist.version);
	if (sha256_file(dist.interpreter, hex, NULL, err) < 0)
		return -1;
	link.given = xstrdup(what);
	link.interpreter = xstrdup(dist.interpreter);
	link.sha256 = xstrdup(hex);
	if (dist.libpython_loaded) {
		if (sha256_file(dist.libpython_loaded, hex, NULL, err) < 0)
			return -1;
		link.lib_sha256 = xstrdup(hex);
	}
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

int bench_add_word(struct bench *b, const char *word, struct err *err)
{
	const char *equals = strchr(word, '=');
	CLEANUP_FREE char *name = equals ? xstrndup(word, (size_t)(equals - word)) : NULL;
	char letter[] = {(char)('A' + (int)b->n_arms), '\0'};

	/* A path may contain "=", too. */
	if (name && (bench_arm_name_ok(name) || !path_exists(word)))
		return bench_add_python(b, name, equals + 1, err);
	while (bench_find_arm(b, letter))
		letter[0] = letter[0] == 'Z' ? 'A' : (char)(letter[0] + 1);
	return bench_add_python(b, letter, word, err);
}

static char *duplicate(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

void bench_add_hidden(struct bench *b, double slowdown)
{
	static const struct {
		const char *name;
		enum bench_role role;
	} hidden[] = {{"copy", BENCH_ROLE_COPY}, {"slowed", BENCH_ROLE_SLOWED}};

	for (size_t h = 0; h < (slowdown > 0 ? ARRAY_SIZE(hidden) : 1); h++) {
		CLEANUP_FREE char *other = xasprintf("%s-%zu", hidden[h].name, b->n_arms);
		bool taken = bench_find_arm(b, hidden[h].name) != NULL;
		struct bench_arm *arm =
			bench_add_arm(b, taken ? other : hidden[h].name, hidden[h].role);
		const struct bench_arm *first = &b->arms[0];

		arm->given = duplicate(first->given);
		arm->interpreter = duplicate(first->interpreter);
		arm->version = duplicate(first->version);
		arm->link = duplicate(first->link);
		arm->sha256 = duplicate(first->sha256);
		arm->lib_sha256 = duplicate(first->lib_sha256);
		arm->packages = duplicate(first->packages);
		arm->slowdown = h ? slowdown : 0;
		for (size_t i = 0; i < first->n_links; i++)
			*bench_add_link(arm) =
				(struct bench_link){.given = duplicate(first->links[i].given),
					.interpreter = duplicate(first->links[i].interpreter),
					.sha256 = duplicate(first->links[i].sha256),
					.lib_sha256 = duplicate(first->links[i].lib_sha256)};
	}
}

/* ---- workloads ----------------------------------------------------------------------------- */

/* True if the file is in the folder of workloads: directly in it for ours, anywhere below for
 * others. */
static bool file_ok(const char *kind, const char *file)
{
	if (!file)
		return !strcmp(kind, "startup");
	if (!strcmp(kind, "pyperformance"))
		return file[0] != '/' && !strstr(file, "..");
	return !strchr(file, '/');
}

/* Adds the texts of a list (NULL: empty); any other element is an error. */
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

/* Adds an entry of an index: {"name", "file", "stresses", "loops", "kind", "args", "needs",
 * "packages", "why"}; with a reason why it cannot be run, it needs no file. */
static int add_entry(struct bench *b, const char *from, const json_t *entry, struct err *err)
{
	const char *name = json_word(entry, "name");
	const char *kind = json_word(entry, "kind");
	const char *file = json_word(entry, "file");
	const char *stresses = json_word(entry, "stresses");
	const char *packages = json_word(entry, "packages"), *why = json_word(entry, "why");
	const json_t *args = json_object_get(entry, "args");
	const json_t *needs = json_object_get(entry, "needs");
	json_int_t loops = json_integer_value(json_object_get(entry, "loops"));
	bool known = kind && (!strcmp(kind, "loop") || !strcmp(kind, "startup") ||
				     !strcmp(kind, "pyperformance"));
	struct bench_workload *w;

	if (!name || !*name || !known || !(why || file_ok(kind, file)) || loops < 1 ||
		json_array_size(args) > BENCH_WORDS_MAX || json_array_size(needs) > BENCH_WORDS_MAX)
		return err_set(err, ERR_INPUT, "entry '%s' of '%s' is invalid",
			name ? name : "without a name", from);
	w = bench_add_workload(b, name, kind);
	w->file = file ? xstrdup(file) : NULL;
	w->stresses = stresses ? xstrdup(stresses) : NULL;
	w->packages = packages && *packages ? xstrdup(packages) : NULL;
	w->failed = why ? xasprintf("not run: %s", why) : NULL;
	w->loops = (uint64_t)loops;
	return add_texts(&w->args, args, name, err) < 0 ||
			       add_texts(&w->needs, needs, name, err) < 0
		       ? -1
		       : 0;
}

/* A word of a filter: workloads whose name contains it are chosen, or left out. */
struct filter_word {
	const char *text;
	bool out, matched;
};

/* "json, -startup"; the caller frees it. */
static struct filter_word *parse_filter(struct strv *parts, const char *filter, size_t *n)
{
	struct filter_word *words;

	strv_split(parts, filter ? filter : "", ",");
	words = xcalloc(parts->n + 1, sizeof(*words));
	for (*n = 0; *n < parts->n; ++*n) {
		const char *text = parts->v[*n] + strspn(parts->v[*n], " ");

		words[*n] = (struct filter_word){text + (*text == '-'), *text == '-', false};
	}
	return words;
}

/* True if no word leaves the workload out and, where words choose, one of them chooses it. */
static bool filter_chooses(struct filter_word *words, size_t n, const char *name)
{
	bool choosing = false, chosen = false, out = false;

	for (size_t i = 0; i < n; i++) {
		bool found = strstr(name, words[i].text) != NULL;

		words[i].matched |= found;
		choosing |= !words[i].out;
		chosen |= found && !words[i].out;
		out |= found && words[i].out;
	}
	return !out && (chosen || !choosing);
}

/* Removes the workloads that are not kept, and what was observed of them. */
static void keep_workloads(struct bench *b, const bool *kept)
{
	CLEANUP_FREE unsigned int *number = xcalloc(b->n_workloads + 1, sizeof(*number));
	size_t n = 0;

	for (size_t w = 0; w < b->n_workloads; w++) {
		number[w] = (unsigned int)n;
		if (!kept[w]) {
			bench_workload_release(&b->workloads[w]);
			continue;
		}
		if (b->counts)
			memmove(b->counts + n * b->n_arms, b->counts + w * b->n_arms,
				b->n_arms * sizeof(*b->counts));
		b->workloads[n++] = b->workloads[w];
	}
	for (size_t i = 0; i < b->n_rounds; i++) {
		struct bench_round *round = &b->rounds[i];
		size_t m = 0;

		for (size_t k = 0; k < round->n; k++) {
			unsigned int w = round->v[k].workload;

			if (!kept[w])
				continue;
			round->v[m] = round->v[k];
			round->v[m++].workload = number[w];
		}
		round->n = m;
	}
	b->n_workloads = n;
}

int bench_select(struct bench *b, const char *filter, unsigned int most, struct err *err)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;
	CLEANUP_FREE bool *kept = xcalloc(b->n_workloads + 1, sizeof(*kept));
	CLEANUP_FREE struct filter_word *words = NULL;
	size_t n, chosen = 0, step, at = 0;

	words = parse_filter(&parts, filter, &n);
	for (size_t w = 0; w < b->n_workloads; w++) {
		kept[w] = filter_chooses(words, n, b->workloads[w].name);
		chosen += kept[w];
	}
	/* A word that matches nothing is a mistake: the intended workload would silently be
	 * missing. */
	for (size_t i = 0; i < n; i++) {
		if (!words[i].matched)
			return err_set(
				err, ERR_USAGE, "no workload has a name like '%s'", words[i].text);
	}
	if (chosen == 0)
		return err_set(err, ERR_INPUT, "no workload is left");
	step = most ? (chosen + most - 1) / most : 1;
	for (size_t w = 0; w < b->n_workloads; w++)
		kept[w] = kept[w] && at++ % step == 0;
	keep_workloads(b, kept);
	return 0;
}

json_t *suite_parse_index(const struct buf *text, const char *from, struct err *err)
{
	json_t *index =
		json_loadb(text->len ? text->data : "", text->len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_array(index))
		return index;
	json_decref(index);
	err_set(err, ERR_INPUT, "'%s' holds no list of workloads", from);
	return NULL;
}

int suite_add_index(struct bench *b, const json_t *index, const char *from, struct err *err)
{
	json_t *entry;
	size_t i;

	json_array_foreach (index, i, entry) {
		if (b->n_workloads < BENCH_WORKLOADS_MAX && add_entry(b, from, entry, err) < 0)
			return -1;
	}
	return b->n_workloads ? 0 : err_set(err, ERR_INPUT, "'%s' lists no workload", from);
}

int bench_add_suite(struct bench *b, const char *dir, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/index.json", dir);
	CLEANUP_BUF struct buf text = BUF_INIT;
	json_t *index;
	int result;

	if (file_read(path, INDEX_MAX, &text, err) < 0)
		return -1;
	index = suite_parse_index(&text, path, err);
	result = index ? suite_add_index(b, index, path, err) : -1;
	json_decref(index);
	return result;
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
