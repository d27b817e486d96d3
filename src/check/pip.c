/* pip, whose own configuration decides where packages come from. */
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "proc/proc.h"
#include "python/python.h"

#define ASK_MS 60000
/* Downloads a wheel, as it is, into a folder that follows. */
#define PIP_DOWNLOAD "-q download --no-deps --only-binary :all: --progress-bar off -d"

int pip_run(const struct strv *pip, const struct strv *words, const char *tmp, size_t max_output,
	unsigned int limit_ms, struct buf *output, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	struct proc_spec spec = {.argv = &argv, .env = &env, .cwd = tmp, .out = -1, .err = -1};

	for (size_t i = 0; i < pip->n; i++)
		strv_add(&argv, pip->v[i]);
	for (size_t i = 0; i < words->n; i++)
		strv_add(&argv, words->v[i]);
	py_pip_environment(tmp, &env);
	return proc_run(&spec, true, max_output, limit_ms, output, err);
}

char *pip_complaint(const struct buf *output)
{
	const char *last = output->len ? output->data : "it said nothing";

	for (const char *p = last; (p = strstr(p, "ERROR: "));)
		last = p += strlen("ERROR: ");
	return xstrndup(last, strcspn(last, "\n"));
}

int pip_download(const struct strv *pip, const struct strv *more, const char *requirement,
	const char *dir, const char *tmp, char **file, char **said, struct err *err)
{
	CLEANUP_STRV struct strv words = STRV_INIT, names = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;

	strv_split(&words, PIP_DOWNLOAD, " ");
	strv_add(&words, dir);
	for (size_t i = 0; more && i < more->n; i++)
		strv_add(&words, more->v[i]);
	strv_add(&words, requirement);
	if (pip_run(pip, &words, tmp, PIP_MAX_OUTPUT, PIP_LIMIT_MS, &output, err) < 0) {
		if (err->code != ERR_CHILD)
			return -1;
		*said = pip_complaint(&output);
		return 0;
	}
	if (dir_list(dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		if (ends_with(names.v[i], ".whl")) {
			*file = xasprintf("%s/%s", dir, names.v[i]);
			return 1;
		}
	}
	return 0;
}

bool pip_find(const char *interpreter, const char *const *others, struct strv *argv)
{
	for (const char *start = interpreter; start; start = *others++) {
		CLEANUP_STRV struct strv version = STRV_INIT;
		CLEANUP_BUF struct buf output = BUF_INIT;
		struct err ignored = ERR_INIT;

		strv_clear(argv);
		machine_prefix(start, argv);
		strv_add(argv, start);
		strv_split(argv, "-I -m pip", " ");
		if (start != interpreter) {
			strv_add(argv, "--python");
			strv_add(argv, interpreter);
		}
		strv_add(&version, "--version");
		if (pip_run(argv, &version, NULL, 65536, ASK_MS, &output, &ignored) == 0)
			return true;
	}
	return false;
}
