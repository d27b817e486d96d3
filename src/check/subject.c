/* What rules share: the files they are about, paths, texts. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "check/check-internal.h"

#define TEXT_MAX ((size_t)1 << 20)

bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static bool has_prefix(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

bool path_below(const char *path, const char *dir)
{
	CLEANUP_FREE char *real = realpath(path, NULL), *real_dir = realpath(dir, NULL);

	return has_prefix(real ? real : path, real_dir ? real_dir : dir);
}

bool read_text(const char *path, struct buf *out)
{
	struct err err = ERR_INIT;

	return file_read(path, TEXT_MAX, out, &err) == 0 && out->data;
}

const char *rule_short(const struct rule_run *r, const char *path)
{
	const char *prefix = r->s->dist->prefix;
	size_t n = prefix ? strlen(prefix) : 0;

	if (n > 1 && has_prefix(path, prefix) && path[n] == '/' && path[n + 1])
		return path + n + 1;
	return path;
}

const struct py_file *rule_next(const struct rule_run *r, unsigned int roles, size_t *i)
{
	while (*i < r->s->files->n) {
		const struct py_file *f = &r->s->files->v[(*i)++];

		if ((roles & ROLE(f->role)) && !f->site && !f->problem && !f->facts.debug_only &&
			f->facts.kind != ELF_KIND_OBJECT)
			return f;
	}
	return NULL;
}

static const struct py_file *file_at(const struct py_files *files, const char *path)
{
	for (size_t i = 0; path && i < files->n; i++) {
		if (!files->v[i].problem && !strcmp(files->v[i].path, path))
			return &files->v[i];
	}
	return NULL;
}

/* The value of 'prefix' in the text of the sysconfig data, before any code of theirs changes it. */
static char *literal_prefix(const char *text)
{
	const char *p = text;

	while ((p = strstr(p, "'prefix': '"))) {
		p += strlen("'prefix': '");
		return xstrndup(p, strcspn(p, "'"));
	}
	return NULL;
}

char *sysconfig_data(const struct python *d)
{
	const char *multiarch = py_config(d, "MULTIARCH");

	if (!d->stdlib)
		return NULL;
	return xasprintf("%s/_sysconfigdata_%s_linux_%s.py", d->stdlib,
		d->abiflags ? d->abiflags : "", multiarch ? multiarch : "");
}

static char *built_for(const struct python *d)
{
	CLEANUP_FREE char *path = sysconfig_data(d);
	CLEANUP_BUF struct buf text = BUF_INIT;

	return path && read_text(path, &text) ? literal_prefix(text.data) : NULL;
}

void check_subject_init(struct check_subject *s, const struct check_input *input)
{
	const struct python *d = input->dist;
	CLEANUP_FREE char *manifest = xasprintf("%s/share/solder/build.json", d->prefix);

	*s = (struct check_subject){.dist = d, .files = input->files};
	s->interpreter = file_at(s->files, d->interpreter);
	s->library = file_at(s->files, d->libpython_shared);
	s->built_for = built_for(d);
	s->relocatable = path_exists(manifest) ||
			 (!d->system && s->built_for && !same_file(s->built_for, d->prefix));
}

void check_subject_release(struct check_subject *s)
{
	free(s->built_for);
}
