/* Arms and workloads as named by the user. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bench/bench-internal.h"
#include "proc/proc.h"
#include "python/python.h"
#include "report/json.h"

#define INDEX_MAX ((size_t)4 << 20)
#define INDEX_MS 60000
#define PIP_MS 600000

/* ---- arms ---------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : !a && !b;
}

/* Adds another link to an arm, taking over the contents of `link`. */
static int add_link(struct bench *b, struct bench_arm *arm, const struct python *dist,
	struct bench_link *link, struct err *err)
{
	bool same = same_text(link->sha256, arm->sha256) &&
		    same_text(link->lib_sha256, arm->lib_sha256);

	for (size_t i = 0; i < arm->n_links; i++)
		same = same || (same_text(link->sha256, arm->links[i].sha256) &&
				       same_text(link->lib_sha256, arm->links[i].lib_sha256));
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

/* Adds an entry of an index: {"name", "file", "stresses", "loops", "kind", "args", "needs"}. */
static int add_entry(struct bench *b, const char *from, const json_t *entry, struct err *err)
{
	const char *name = json_word(entry, "name");
	const char *kind = json_word(entry, "kind");
	const char *file = json_word(entry, "file");
	const char *stresses = json_word(entry, "stresses");
	const json_t *args = json_object_get(entry, "args");
	const json_t *needs = json_object_get(entry, "needs");
	json_int_t loops = json_integer_value(json_object_get(entry, "loops"));
	bool known = kind && (!strcmp(kind, "loop") || !strcmp(kind, "startup") ||
				     !strcmp(kind, "pyperformance"));
	struct bench_workload *w;

	if (!name || !*name || !known || !file_ok(kind, file) || loops < 1 ||
		json_array_size(args) > BENCH_WORDS_MAX || json_array_size(needs) > BENCH_WORDS_MAX)
		return err_set(err, ERR_INPUT, "entry '%s' of '%s' is invalid",
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
	CLEANUP_STRV struct strv parts = STRV_INIT, words = STRV_INIT;
	CLEANUP_FREE bool *chose = NULL;
	size_t i;
	int result = 0;

	if (!json_is_array(index)) {
		json_decref(index);
		return err_set(err, ERR_INPUT, "'%s' holds no list of workloads", from);
	}
	strv_split(&parts, filter ? filter : "", ",");
	for (i = 0; i < parts.n; i++) {
		const char *word = parts.v[i] + strspn(parts.v[i], " ");
		size_t n = strlen(word);

		while (n && word[n - 1] == ' ')
			n--;
		if (n)
			strv_take(&words, xstrndup(word, n));
	}
	chose = xcalloc(words.n + 1, sizeof(*chose));
	json_array_foreach (index, i, entry) {
		const char *name = json_word(entry, "name");
		bool wanted = !name || !words.n;

		for (size_t k = 0; k < words.n; k++) {
			bool chosen = name && strstr(name, words.v[k]);

			wanted |= chosen;
			chose[k] |= chosen;
		}
		if (result == 0 && wanted && b->n_workloads < BENCH_WORKLOADS_MAX)
			result = add_entry(b, from, entry, err);
	}
	json_decref(index);
	/* A word that matches nothing is a mistake: the intended workload would silently be
	 * missing. */
	for (i = 0; result == 0 && i < words.n; i++) {
		if (!chose[i])
			result = err_set(err, ERR_USAGE, "no workload of '%s' has a name like '%s'",
				from, words.v[i]);
	}
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

/* ---- pyperformance ------------------------------------------------------------------------- */

/* Its benchmarks are files that run on pyperf. Both packages are in one folder for all arms, since
 * they have no compiled parts: so all arms run the same code. */
#define OUTPUT_MAX ((size_t)1 << 20)
static const char *const wanted[] = {"pyperformance==1.14.0", "pyperf==2.10.0"};

/* Runs an arm's interpreter. */
static int run_python(const struct bench_arm *arm, const struct strv *args, bool both,
	unsigned int ms, struct buf *output, struct err *err)
{
	CLEANUP_STRV struct strv env = STRV_INIT;
	const struct py_program program = {.interpreter = arm->interpreter,
		.options = "-I -B",
		.args = args,
		.env = &env,
		.cwd = ".",
		.with_stderr = both,
		.max_output = OUTPUT_MAX,
		.limit_ms = ms};

	proc_clean_environment(&env);
	return py_run(&program, output, err);
}

int bench_install_pyperformance(const struct bench *b, const char *dir, struct err *err)
{
	CLEANUP_STRV struct strv ask = STRV_INIT, args = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;

	strv_split(&ask, "-m pip --version", " ");
	strv_split(&args,
		"-m pip install --quiet --disable-pip-version-check --no-deps --no-compile "
		"--target",
		" ");
	strv_add(&args, dir);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		strv_add(&args, wanted[i]);
	for (size_t a = 0; a < b->n_arms; a++) {
		struct err none = ERR_INIT;

		if (run_python(&b->arms[a], &ask, true, INDEX_MS, &output, &none) < 0) {
			if (none.code == ERR_INTERRUPTED) {
				*err = none;
				return -1;
			}
			continue;
		}
		if (run_python(&b->arms[a], &args, true, PIP_MS, &output, err) == 0)
			return 0;
		err_wrap(err, "installing %s with the pip of '%s'", wanted[0], b->arms[a].name);
		return err_hint(err, "--suite pyperformance:DIR takes it from a folder");
	}
	err_set(err, ERR_UNSUPPORTED, "no arm has pip, which installs pyperformance");
	return err_hint(err, "--suite pyperformance:DIR takes it from a folder, made by pip "
			     "install --target DIR pyperformance");
}

/* Returns "1.14.0" from "pyperf-1.14.0.dist-info", or "unknown" in a checkout. The caller frees
 * it. */
static char *version_in(const char *dir, const char *package)
{
	DIR *d = opendir(dir);
	size_t n = strlen(package);
	char *version = NULL;
	struct dirent *e;

	while (d && !version && (e = readdir(d))) {
		const char *end = strstr(e->d_name, ".dist-info");

		if (end && !strncmp(e->d_name, package, n) && e->d_name[n] == '-')
			version = xstrndup(e->d_name + n + 1, (size_t)(end - e->d_name) - n - 1);
	}
	if (d)
		closedir(d);
	return version ? version : xstrdup("unknown");
}

int bench_add_pyperformance(
	struct bench *b, const char *index, const char *dir, const char *filter, struct err *err)
{
	CLEANUP_FREE char *version = version_in(dir, "pyperformance");
	CLEANUP_FREE char *harness = version_in(dir, "pyperf");
	CLEANUP_FREE char *suite = xasprintf("pyperformance %s, pyperf %s", version, harness);
	CLEANUP_STRV struct strv args = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;
	static const char *const needed[] = {
		"pyperformance/data-files/benchmarks/MANIFEST", "pyperf/__init__.py"};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", dir, needed[i]);

		if (path_exists(path))
			continue;
		err_set(err, ERR_INPUT, "'%s' has no '%s'", dir, needed[i]);
		return err_hint(err, "pip install --target DIR pyperformance makes such a folder");
	}
	if (b->n_workloads)
		return strcmp(b->suite, suite) ? err_set(err, ERR_INPUT,
							 "'%s' is %s, but the campaign began with "
							 "%s",
							 dir, suite, b->suite)
					       : 0;
	strv_add(&args, index);
	strv_add(&args, dir);
	if (run_python(&b->arms[0], &args, false, INDEX_MS, &output, err) < 0)
		return err_wrap(
			err, "listing the benchmarks of '%s' with '%s'", dir, b->arms[0].name);
	free(b->suite);
	b->suite = steal(&suite);
	return suite_add_index(b, output.data, output.len, dir, filter, err);
}
