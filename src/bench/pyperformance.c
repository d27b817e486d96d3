/* The suite of the CPython project: its benchmarks are files that run on pyperf. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/term.h"
#include "bench/bench-internal.h"
#include "python/python.h"
#include "report/json.h"

#define OUTPUT_MAX ((size_t)4 << 20)
#define ASK_MS 60000
#define PIP_MS 600000
/* Benchmarks that need packages may have to be compiled, for each kind of Python. */
#define INDEX_MS 3600000

/* Of names, in a campaign with our own workloads. */
#define PREFIX "pyperformance:"

/* All are pure Python, and in one folder for all arms, so that all arms run the same code. pip
 * installs what benchmarks need into Pythons that have none. */
static const char *const wanted[] = {"pyperformance==1.14.0", "pyperf==2.10.0", "pip==26.3"};
static const char *const files[] = {
	"pyperformance/data-files/benchmarks/MANIFEST", "pyperf/__init__.py", "pip/__main__.py"};

/* Runs an arm's interpreter. */
static int run_python(const struct bench_arm *arm, const struct strv *args, const char *code,
	unsigned int ms, struct buf *output, struct err *err)
{
	CLEANUP_STRV struct strv env = STRV_INIT;
	const struct py_program program = {.interpreter = arm->interpreter,
		.options = "-I -B",
		.code = code,
		.args = args,
		.env = &env,
		.cwd = ".",
		.max_output = OUTPUT_MAX,
		.limit_ms = ms};

	py_pip_environment(NULL, &env);
	return py_run(&program, output, err);
}

/* The first of the files that the folder lacks, or NULL. pip is needed for packages only. */
static const char *lacks(const char *dir, bool packages)
{
	for (size_t i = 0; i < ARRAY_SIZE(files) - !packages; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", dir, files[i]);

		if (!path_exists(path))
			return files[i];
	}
	return NULL;
}

/* Installs into `dir` with the first pip among the arms. */
static int install_suite(const struct bench *b, const char *dir, struct err *err)
{
	CLEANUP_STRV struct strv ask = STRV_INIT, args = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;

	strv_split(&ask, "-m pip --version", " ");
	strv_split(&args,
		"-m pip install --quiet --disable-pip-version-check --no-deps --no-compile "
		"--root-user-action=ignore --target",
		" ");
	strv_add(&args, dir);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		strv_add(&args, wanted[i]);
	for (size_t a = 0; a < b->n_arms; a++) {
		struct err none = ERR_INIT;

		if (run_python(&b->arms[a], &ask, NULL, ASK_MS, &output, &none) < 0) {
			if (none.code == ERR_INTERRUPTED) {
				*err = none;
				return -1;
			}
			continue;
		}
		if (run_python(&b->arms[a], &args, NULL, PIP_MS, &output, err) == 0)
			return 0;
		err_wrap(err, "installing %s with the pip of '%s'", wanted[0], b->arms[a].name);
		return err_hint(err, "--suite pyperformance:DIR takes it from a folder");
	}
	err_set(err, ERR_UNSUPPORTED, "no arm has pip, which installs pyperformance");
	return err_hint(err, "--suite pyperformance:DIR takes it from a folder, made by pip "
			     "install --target DIR pyperformance pip");
}

int bench_install_pyperformance(const struct bench *b, char **dir, struct err *err)
{
	CLEANUP_FREE char *cache = user_cache("pyperformance is kept", err), *part = NULL;
	CLEANUP_FREE char *place = NULL;
	struct err ignored = ERR_INIT;
	int result;

	if (!cache)
		return err_hint(err, "name a folder with --suite pyperformance:DIR");
	place = xasprintf("%s/pyperformance/%s-%s-%s", cache, wanted[0], wanted[1], wanted[2]);
	part = xasprintf("%s.%d.part", place, (int)getpid());
	if (!path_exists(place)) {
		result = make_dirs(part, err) < 0 ? -1 : install_suite(b, part, err);
		/* Another campaign may have been faster. */
		if (result == 0 && rename(part, place) < 0 && !path_exists(place))
			result = err_sys(err, "cannot rename '%s'", part);
		if (path_exists(part))
			tree_remove(part, &ignored);
		if (result < 0)
			return -1;
	}
	*dir = steal(&place);
	return 0;
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

/* ---- kinds of Python ----------------------------------------------------------------------- */

/* Pythons with the same name for extension modules ("cpython-313-x86_64-linux-gnu") can import the
 * same packages, compiled parts included, and do: so they differ in nothing but the interpreter. */
static int find_kind(struct bench_arm *arm, const char *dir, struct err *err)
{
	CLEANUP_BUF struct buf output = BUF_INIT;
	CLEANUP_FREE char *kind = NULL;

	if (run_python(arm, NULL,
		    "import sysconfig; print(sysconfig.get_config_var('SOABI') or 'unknown')",
		    ASK_MS, &output, err) < 0)
		return err_wrap(err, "asking '%s' for the name of its modules", arm->name);
	kind = last_line_safe(output.len ? output.data : "");
	free(arm->packages);
	arm->packages =
		xasprintf("%s/packages/%s", dir, kind && !strchr(kind, '/') ? kind : "unknown");
	return 0;
}

/* The index that an arm's interpreter prints; installs what is not there yet, in the versions of
 * the first kind. The caller owns it. */
static json_t *index_of(const struct bench *b, const struct bench_arm *arm, const char *program,
	const char *dir, bool packages, struct err *err)
{
	const char *first = b->arms[0].packages;
	CLEANUP_STRV struct strv args = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;

	strv_add(&args, program);
	strv_add(&args, dir);
	if (packages)
		strv_add(&args, arm->packages);
	if (packages && strcmp(first, arm->packages) != 0)
		strv_add(&args, first);
	if ((packages && make_dirs(arm->packages, err) < 0) ||
		run_python(arm, &args, NULL, INDEX_MS, &output, err) < 0) {
		err_wrap(err, "listing the benchmarks of '%s' with '%s'", dir, arm->name);
		return NULL;
	}
	return suite_parse_index(&output, program, err);
}

static json_t *find_entry(const json_t *index, const char *name)
{
	for (size_t i = 0; i < json_array_size(index); i++) {
		json_t *entry = json_array_get(index, i);

		if (!strcmp(json_word(entry, "name"), name))
			return entry;
	}
	return NULL;
}

/* True if no package is in both lists ("a==1 b==2") in different versions: some packages are needed
 * by some versions of Python only. */
static bool same_versions(const char *ours, const char *theirs)
{
	CLEANUP_STRV struct strv a = STRV_INIT, b = STRV_INIT;

	strv_split(&a, ours ? ours : "", " ");
	strv_split(&b, theirs ? theirs : "", " ");
	for (size_t i = 0; i < a.n; i++) {
		size_t n = strcspn(a.v[i], "=");

		for (size_t k = 0; k < b.n; k++) {
			if (strcspn(b.v[k], "=") == n && !strncmp(a.v[i], b.v[k], n) &&
				strcmp(a.v[i], b.v[k]) != 0)
				return false;
		}
	}
	return true;
}

/* Marks the entries that this arm's kind of Python lacks or has otherwise, with the reason. */
static void compare_kinds(json_t *index, const json_t *other, const char *arm)
{
	static const char *const same[] = {"file", "args"};
	json_t *entry;
	size_t i;

	json_array_foreach (index, i, entry) {
		const char *name = json_word(entry, "name");
		const json_t *theirs = find_entry(other, name);
		const char *why = theirs ? json_word(theirs, "why") : "it has no such benchmark";

		for (size_t k = 0; !why && k < ARRAY_SIZE(same); k++) {
			if (!json_equal(json_object_get(entry, same[k]),
				    json_object_get(theirs, same[k])))
				why = "its benchmark is another";
		}
		if (!why &&
			!same_versions(json_word(entry, "packages"), json_word(theirs, "packages")))
			why = "its packages have other versions";
		if (why && !json_word(entry, "why")) {
			CLEANUP_FREE char *text = xasprintf("%s: %s", arm, why);

			json_object_set_new(entry, "why", json_text(text));
		}
	}
	/* A result that the first kind does not have. */
	json_array_foreach (other, i, entry) {
		if (!find_entry(index, json_word(entry, "name"))) {
			CLEANUP_FREE char *text = xasprintf("only '%s' has it", arm);
			json_t *own = json_deep_copy(entry);

			json_object_set_new(own, "why", json_text(text));
			json_array_append_new(index, own);
		}
	}
}

/* The index of what all kinds of Python can run; the caller owns it. */
static json_t *common_index(struct bench *b, const char *program, const char *dir, bool packages,
	struct progress *progress, struct err *err)
{
	CLEANUP_STRV struct strv done = STRV_INIT;
	json_t *index = NULL;

	for (size_t a = 0; a < b->n_arms; a++) {
		const struct bench_arm *arm = &b->arms[a];
		json_t *other;
		int line;

		if (strv_has(&done, arm->packages))
			continue;
		strv_add(&done, arm->packages);
		line = progress_start(progress, path_base(arm->packages), 0);
		other = index_of(b, arm, program, dir, packages, err);
		progress_end(progress, line, other ? "listed" : "failed");
		if (!other) {
			json_decref(index);
			return NULL;
		}
		if (!index) {
			index = other;
			continue;
		}
		compare_kinds(index, other, arm->name);
		json_decref(other);
	}
	return index;
}

/* A resumed campaign goes on with the packages that it began with. */
static int check_packages(const struct bench *b, const json_t *index, struct err *err)
{
	for (size_t w = 0; w < b->n_workloads; w++) {
		const struct bench_workload *workload = &b->workloads[w];
		bool prefixed = !strncmp(workload->name, PREFIX, strlen(PREFIX));
		const json_t *entry =
			find_entry(index, workload->name + (prefixed ? strlen(PREFIX) : 0));
		const char *now = entry ? json_word(entry, "packages") : NULL;

		if (workload->failed || !workload->packages)
			continue;
		if (!now || strcmp(now, workload->packages) != 0)
			return err_set(err, ERR_INPUT, "'%s' began with the packages %s, now: %s",
				workload->name, workload->packages, now ? now : "none");
	}
	return 0;
}

int bench_add_pyperformance(struct bench *b, const char *program, const char *dir, bool packages,
	struct progress *progress, struct err *err)
{
	CLEANUP_FREE char *version = version_in(dir, "pyperformance");
	CLEANUP_FREE char *harness = version_in(dir, "pyperf");
	CLEANUP_FREE char *name = xasprintf("pyperformance %s, pyperf %s", version, harness);
	CLEANUP_FREE char *suite = b->n_workloads && strstr(b->suite, "pyperformance") != b->suite
					   ? xasprintf("own; %s", name)
					   : xstrdup(name);
	bool resumed = strstr(b->suite, "pyperformance") != NULL;
	const char *missing = lacks(dir, packages);
	size_t before = resumed ? 0 : b->n_workloads;
	json_t *index;
	int result;

	if (missing) {
		err_set(err, ERR_INPUT, "'%s' has no '%s'", dir, missing);
		return err_hint(
			err, "pip install --target DIR pyperformance pip makes such a folder");
	}
	if (resumed && strcmp(b->suite, suite) != 0)
		return err_set(err, ERR_INPUT, "'%s' is %s, but the campaign began with %s", dir,
			name, b->suite);
	for (size_t w = 0; resumed && w < b->n_workloads; w++)
		packages = packages || b->workloads[w].packages;
	for (size_t a = 0; a < b->n_arms; a++) {
		if (find_kind(&b->arms[a], dir, err) < 0)
			return -1;
	}
	if (resumed && !packages)
		return 0;
	index = common_index(b, program, dir, packages, progress, err);
	if (!index)
		return -1;
	result = resumed ? check_packages(b, index, err) : suite_add_index(b, index, dir, err);
	json_decref(index);
	/* Names are unique; some are those of our own workloads. */
	for (size_t w = before; result == 0 && before && w < b->n_workloads; w++) {
		char *prefixed = xasprintf(PREFIX "%s", b->workloads[w].name);

		free(b->workloads[w].name);
		b->workloads[w].name = prefixed;
	}
	if (result == 0 && !resumed) {
		free(b->suite);
		b->suite = steal(&suite);
	}
	return result;
}
