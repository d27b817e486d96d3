/* The benchmarks of pyperformance as workloads: each a file that runs on pyperf. They are taken
 * from one folder for all arms, since neither package has compiled parts: so no arm runs another
 * text. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "bench/run-internal.h"
#include "proc/proc.h"

#define INDEX_MS 60000
#define INDEX_MAX ((size_t)1 << 20)
#define PIP_MS 600000

static const char *const wanted[] = {"pyperformance==1.14.0", "pyperf==2.10.0"};

/* Runs an arm's interpreter. */
static int run_python(const struct bench_arm *arm, const struct strv *args, bool both,
	unsigned int ms, struct buf *output, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	const struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};

	strv_add(&argv, arm->interpreter);
	strv_add(&argv, "-I");
	strv_add(&argv, "-B");
	for (size_t i = 0; i < args->n; i++)
		strv_add(&argv, args->v[i]);
	return proc_run(&spec, both, INDEX_MAX, ms, output, err);
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

/* "1.14.0" of "pyperf-1.14.0.dist-info"; "unknown" in a checkout. To be freed. */
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

static int check_folder(const char *dir, struct err *err)
{
	static const char *const needed[] = {
		"pyperformance/data-files/benchmarks/MANIFEST", "pyperf/__init__.py"};

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", dir, needed[i]);

		if (!path_exists(path)) {
			err_set(err, ERR_INPUT, "'%s' has no '%s'", dir, needed[i]);
			return err_hint(err, "pip install --target DIR pyperformance makes such a "
					     "folder");
		}
	}
	return 0;
}

int bench_add_pyperformance(
	struct bench *b, const char *index, const char *dir, const char *filter, struct err *err)
{
	CLEANUP_FREE char *version = version_in(dir, "pyperformance");
	CLEANUP_FREE char *harness = version_in(dir, "pyperf");
	CLEANUP_FREE char *suite = xasprintf("pyperformance %s, pyperf %s", version, harness);
	CLEANUP_STRV struct strv args = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;

	if (check_folder(dir, err) < 0)
		return -1;
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
