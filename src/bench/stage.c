/* Sets up the arms of a campaign so that they differ only in the aspect that is compared: each is a
 * real copy, at a path of the same length. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/term.h"
#include "bench/bench-internal.h"
#include "python/python.h"

#define SCRATCH "solder-bench"

char *stage_python(const struct stage *s, size_t arm, unsigned int layout)
{
	return s->alone ? xasprintf("%s/alone/bin/python", s->root)
			: xasprintf("%s/a%02zu-%02u/bin/python", s->root, arm, layout);
}

/* Starts the copy and checks the paths that it finds. */
static int check_copy(const struct stage *s, const struct python *dist, const char *root,
	const char *python, struct bench_arm *arm, struct err *err)
{
	CLEANUP_STRV struct strv env = STRV_INIT, lines = STRV_INIT;
	CLEANUP_FREE char *stdlib = dist->stdlib ? realpath(dist->stdlib, NULL) : NULL;
	const struct py_program copy = {
		.interpreter = python, .options = "-S", .env = &env, .cwd = s->cwd};
	char *said = NULL;

	strv_addf(&env, "HOME=%s", s->home);
	strv_addf(&env, "PYTHONPYCACHEPREFIX=%s", s->pycache);
	if (py_home(&copy, &lines, err) < 0) {
		err_wrap(err, "starting the copy of '%s'", dist->interpreter);
		return err_hint(err, "is the scratch folder on a file system mounted with noexec?");
	}
	if (lines.n < 2 || (stdlib && strcmp(lines.v[1], stdlib) != 0))
		return err_set(err, ERR_UNSUPPORTED,
			"a copy of '%s' does not find its standard library: it takes '%s', not "
			"'%s'",
			dist->interpreter, lines.n > 1 ? lines.v[1] : "none", stdlib);
	if (strcmp(lines.v[0], root) != 0)
		said = xasprintf(
			"finds its prefix at '%s', not through its copy: paths are not equally long",
			lines.v[0]);
	else if (lines.n > 2 && !py_below(root, lines.v[2]))
		said = xasprintf("every copy loads the same '%s'", lines.v[2]);
	if (said) {
		free(arm->note);
		arm->note = said;
	}
	return 0;
}

/* A file that changed since the campaign began counts as a different arm. */
static int check_digest(const char *arm, const char *file, const char *sha256, struct err *err)
{
	char hex[SHA256_HEX_SIZE];

	if (sha256_file(file, hex, NULL, err) < 0)
		return -1;
	if (!sha256 || strcmp(hex, sha256) != 0)
		return err_set(err, ERR_INPUT,
			"'%s' (arm '%s') is not the file that the campaign began with", file, arm);
	return 0;
}

static int copy_arm(const struct stage *s, size_t index, struct bench_arm *arm, unsigned int layout,
	struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	size_t i = layout % (arm->n_links + 1);
	const struct bench_link *link = i ? &arm->links[i - 1] : NULL;
	const char *interpreter = link ? link->interpreter : arm->interpreter;
	const char *lib_sha256 = link ? link->lib_sha256 : arm->lib_sha256;
	CLEANUP_FREE char *root = xasprintf("%s/a%02zu-%02u", s->root, index, layout);
	CLEANUP_FREE char *python = stage_python(s, index, layout);

	if (!interpreter)
		return err_set(err, ERR_INPUT, "the campaign does not say what '%s' is", arm->name);
	if (check_digest(arm->name, interpreter, link ? link->sha256 : arm->sha256, err) < 0 ||
		py_find(interpreter, &dist, err) < 0 ||
		(dist.libpython_loaded &&
			check_digest(arm->name, dist.libpython_loaded, lib_sha256, err) < 0))
		return -1;
	if (!dist.runs)
		return err_set(
			err, ERR_UNSUPPORTED, "'%s' does not run: %s", interpreter, dist.why_not);
	return py_copy(&dist, root, python, err) < 0 || py_copy_library(&dist, root, err) < 0 ||
			       check_copy(s, &dist, root, python, arm, err) < 0
		       ? -1
		       : 0;
}

void stage_clear(const char *scratch)
{
	scratch_clear(scratch, SCRATCH);
}

int stage_open(struct bench *b, const char *scratch, struct stage *s, struct err *err)
{
	CLEANUP_FREE char *made = scratch_make(scratch, SCRATCH, err), *output = NULL;

	*s = (struct stage){.output = -1};
	if (!made)
		return -1;
	/* Python reports resolved paths, which are compared with ours. */
	s->root = realpath(made, NULL);
	if (!s->root)
		return err_sys(err, "cannot resolve '%s'", made);
	s->pycache = xasprintf("%s/pycache", s->root);
	s->home = xasprintf("%s/home", s->root);
	s->cwd = xasprintf("%s/work", s->root);
	output = xasprintf("%s/output", s->root);
	if (make_dirs(s->pycache, err) < 0 || make_dirs(s->home, err) < 0 ||
		make_dirs(s->cwd, err) < 0)
		return -1;
	s->output = open(output, O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
	if (s->output < 0)
		return err_sys(err, "cannot create '%s'", output);
	for (size_t i = 0; i < b->n_arms; i++) {
		for (unsigned int l = 0; l < b->options.layouts; l++) {
			if (copy_arm(s, i, &b->arms[i], l, err) < 0)
				return err_wrap(err, "preparing '%s'", b->arms[i].name);
		}
	}
	return 0;
}

void stage_close(struct stage *s)
{
	struct err ignored = ERR_INIT;

	if (s->root)
		scratch_end(s->root, &ignored);
	if (s->output >= 0)
		close(s->output);
	free(s->root);
	free(s->pycache);
	free(s->home);
	free(s->cwd);
	*s = (struct stage){.output = -1};
}

int stage_isolate(struct stage *s, size_t arm, bool alone, struct err *err)
{
	CLEANUP_FREE char *root = xasprintf("%s/a%02zu-00", s->root, arm);
	CLEANUP_FREE char *place = xasprintf("%s/alone", s->root);

	if (alone && (tree_remove(s->pycache, err) < 0 || make_dirs(s->pycache, err) < 0))
		return -1;
	if (rename(alone ? root : place, alone ? place : root) < 0)
		return err_sys(err, "cannot rename '%s'", alone ? root : place);
	s->alone = alone;
	return 0;
}

char *stage_complaint(const struct stage *s)
{
	char text[4096];
	off_t end = lseek(s->output, 0, SEEK_END), room = sizeof(text) - 1;
	ssize_t n = file_pread(s->output, text, sizeof(text) - 1, end > room ? end - room : 0);

	if (n <= 0)
		return NULL;
	text[n] = '\0';
	return last_line_safe(text);
}
