#include "bench/stage-internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/term.h"
#include "python/python.h"

#define SCRATCH "solder-bench"

static char *folder(const struct stage *s, size_t arm, unsigned int layout)
{
	return xasprintf("%s/a%02zu-%02u", s->root, arm, layout);
}

char *stage_python(const struct stage *s, size_t arm, unsigned int layout)
{
	return xasprintf("%s/a%02zu-%02u/bin/python", s->root, arm, layout);
}

static void note(struct bench_arm *arm, char *text)
{
	free(arm->note);
	arm->note = text;
}

/* Starts the copy and sees what it finds. */
static int check_copy(const struct stage *s, const struct python *dist, const char *root,
	const char *python, struct bench_arm *arm, struct err *err)
{
	CLEANUP_STRV struct strv env = STRV_INIT, lines = STRV_INIT;
	CLEANUP_FREE char *stdlib = dist->stdlib ? realpath(dist->stdlib, NULL) : NULL;
	const struct py_program copy = {
		.interpreter = python, .options = "-S", .env = &env, .cwd = s->cwd};

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
		note(arm, xasprintf("finds its prefix at '%s', not through its copy: paths are not "
				    "equally long",
				  lines.v[0]));
	else if (lines.n > 2 && !py_below(root, lines.v[2]))
		note(arm, xasprintf("every copy loads the same '%s'", lines.v[2]));
	return 0;
}

/* What the campaign says of the files of a layout; a view. */
static struct bench_link link_of(const struct bench_arm *arm, unsigned int layout)
{
	size_t i = layout % (arm->n_links + 1);

	return i ? arm->links[i - 1]
		 : (struct bench_link){.interpreter = arm->interpreter,
			   .sha256 = arm->sha256,
			   .lib_sha256 = arm->lib_sha256};
}

/* A file that changed since the campaign began is another arm. */
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
	struct bench_link link = link_of(arm, layout);
	CLEANUP_FREE char *root = folder(s, index, layout);
	CLEANUP_FREE char *python = stage_python(s, index, layout);

	if (!link.interpreter)
		return err_set(err, ERR_INPUT, "the campaign does not say what '%s' is", arm->name);
	if (check_digest(arm->name, link.interpreter, link.sha256, err) < 0 ||
		py_find(link.interpreter, &dist, err) < 0 ||
		(dist.libpython_loaded &&
			check_digest(arm->name, dist.libpython_loaded, link.lib_sha256, err) < 0))
		return -1;
	if (!dist.runs)
		return err_set(err, ERR_UNSUPPORTED, "'%s' does not run: %s", link.interpreter,
			dist.why_not);
	return py_copy(&dist, root, python, err) < 0 || py_copy_library(&dist, root, err) < 0 ||
			       check_copy(s, &dist, root, python, arm, err) < 0
		       ? -1
		       : 0;
}

static int make_folders(const char *scratch, struct stage *s, struct err *err)
{
	CLEANUP_FREE char *made = scratch_make(scratch, SCRATCH, err);
	CLEANUP_FREE char *output = NULL;

	if (!made)
		return -1;
	/* Pythons compare resolved paths with what we expect. */
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
	return s->output < 0 ? err_sys(err, "cannot create '%s'", output) : 0;
}

void stage_clear(const char *scratch)
{
	scratch_clear(scratch, SCRATCH);
}

int stage_open(struct bench *b, const char *scratch, struct stage *s, struct err *err)
{
	*s = (struct stage){.output = -1};
	if (make_folders(scratch, s, err) < 0)
		return -1;
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

static int move(const char *from, const char *to, struct err *err)
{
	return rename(from, to) < 0 ? err_sys(err, "cannot rename '%s'", from) : 0;
}

int stage_isolate(struct stage *s, size_t arm, struct err *err)
{
	CLEANUP_FREE char *root = folder(s, arm, 0);
	CLEANUP_FREE char *place = xasprintf("%s/alone", s->root);

	if (tree_remove(s->pycache, err) < 0 || make_dirs(s->pycache, err) < 0 ||
		move(root, place, err) < 0)
		return -1;
	s->alone = true;
	return 0;
}

int stage_return(struct stage *s, size_t arm, struct err *err)
{
	CLEANUP_FREE char *root = folder(s, arm, 0);
	CLEANUP_FREE char *place = xasprintf("%s/alone", s->root);

	s->alone = false;
	return move(place, root, err);
}

char *stage_python_alone(const struct stage *s)
{
	return xasprintf("%s/alone/bin/python", s->root);
}

char *stage_complaint(const struct stage *s)
{
	char text[4096];
	struct stat st;
	off_t from;
	ssize_t n;

	if (fstat(s->output, &st) < 0)
		return NULL;
	from = st.st_size > (off_t)sizeof(text) - 1 ? st.st_size - (off_t)sizeof(text) + 1 : 0;
	n = pread(s->output, text, sizeof(text) - 1, from);
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	return last_line_safe(text);
}
