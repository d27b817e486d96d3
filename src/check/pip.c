/* pip, whose own configuration decides where packages come from. */
#include <string.h>
#include <unistd.h>

#include "check/check-internal.h"
#include "proc/proc.h"
#include "python/python.h"

#define ASK_MS 60000

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

bool pip_find(const char *interpreter, const char *const *others, struct strv *argv)
{
	for (const char *start = interpreter; start; start = *others++) {
		CLEANUP_STRV struct strv version = STRV_INIT;
		CLEANUP_BUF struct buf output = BUF_INIT;
		struct err ignored = ERR_INIT;

		strv_clear(argv);
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
