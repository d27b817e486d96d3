/* Makes a tree installed for the prefix /install work in any location.
 *
 * After `make install` many files contain the prefix, the build's folders and the build's compiler.
 * They are rewritten once, so that every later reader finds the tree where it is, without an
 * installer's help:
 *
 *   _sysconfigdata_*.py   keeps the header and the dict that uv's parser needs; code after the
 *                         dict replaces the prefix when the module is imported
 *   config-*\/Makefile    a last assignment computes the prefix from the Makefile's own place
 *   *.pc                  prefix is ${pcfiledir}/../..
 *   bin/ scripts          start the interpreter of their folder, through /bin/sh
 *   build-details.json    paths relative to base_prefix, which is relative to the file (PEP 739)
 *
 * Build folders and the names of the build's compilers become cc, c++, ar and the like.
 */
#include "cpython/cpython-internal.h"

#include <ctype.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/below.h"
#include "base/embed.h"
#include "base/file.h"

#define FILE_MAX_BYTES ((size_t)1 << 29)
#define LEAKS_SHOWN 5

/* Runs when _sysconfigdata is imported. uv drops what follows the dict and rewrites the values
 * itself; for everyone else the prefix must be computed from this file's location. A value that is
 * a single path stays one; in a line of words the prefix is quoted for the shell if it contains
 * spaces, except where the words are already quoted. */
EMBED(sysconfig_tail, "src/cpython/sysconfig.py");

/* For GNU make, where the last assignment wins. MAKEFILE_LIST is separated by spaces, which the
 * path may contain too: words are dropped from its front until the rest is a file. Make ends a call
 * at the first unpaired parenthesis, and releases disagree about '#', so neither is used. */
static const char makefile_tail[] =
	"\n# The prefix is where this file is.\n"
	"prefix := $(shell list='$(subst ','\\'',$(MAKEFILE_LIST))'; while test -n \"$$list\"; do "
	"if test -f \"$$list\"; then cd \"$$(dirname \"$$list\")/../../..\" && pwd; break; fi; "
	"list=$$(expr \"$$list\" : '[^ ]* \\(.*\\)'); done)\n";

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || strchr("_+.-/", c);
}

/* Replaces `from` unless it is part of a longer path or name. */
static void replace_word(struct buf *text, const char *from, const char *to)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	size_t n = strlen(from), start = 0;
	const char *hit;

	buf_reserve(&out, text->len);
	while ((hit = memmem(text->data + start, text->len - start, from, n))) {
		size_t at = (size_t)(hit - text->data);
		bool whole = (at == 0 || !is_word(hit[-1])) && !(hit[n] && is_word(hit[n]));

		buf_add(&out, text->data + start, at - start);
		buf_adds(&out, whole ? to : from);
		start = at + n;
	}
	buf_add(&out, text->data + start, text->len - start);
	buf_swap(text, &out);
}

/* Before 3.13 sysconfig's data is printed in lines of 80 columns: long values are several strings,
 * one below the other, between two of which may be the words that scrub() looks for. */
static void join_strings(struct buf *text)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	const char *at = text->data, *end;

	buf_reserve(&out, text->len);
	while ((end = strchr(at, '\n'))) {
		const char *next = end + 1 + strspn(end + 1, " ");
		bool joined = end > at && end[-1] == *next && strchr("'\"", *next) && *next;

		/* Without the quotes, or with the end of the line. */
		buf_add(&out, at, (size_t)((joined ? end - 1 : end + 1) - at));
		at = joined ? next + 1 : end + 1;
	}
	buf_adds(&out, at);
	buf_swap(text, &out);
}

/* Replaces references that are useless in an installed tree: the build's folders and compilers. */
static void scrub(struct buf *text, const struct relocation *r)
{
	CLEANUP_FREE char *includes = xasprintf("-I%s/deps/include", r->root);
	CLEANUP_FREE char *libraries = xasprintf("-L%s/deps/lib", r->root);

	if (r->arguments)
		buf_replace(text, r->arguments, "");
	buf_replace(text, includes, "");
	buf_replace(text, libraries, "");
	for (size_t i = 0; i + 1 < r->tools->n; i += 2)
		replace_word(text, r->tools->v[i], r->tools->v[i + 1]);
	buf_replace(text, r->root, INSTALL_PREFIX);
}

/* Makes scripts start the interpreter of their own tree, `up` relative to their folder: the shell
 * reads the second line as a command, Python as a string. */
static void fix_shebang(struct buf *text, const char *up)
{
	static const char start[] = "#!" INSTALL_PREFIX "/bin/";
	CLEANUP_BUF struct buf out = BUF_INIT;
	size_t line = strcspn(text->data, "\n");

	if (strncmp(text->data, start, sizeof(start) - 1))
		return;
	buf_addf(&out, "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")/%s", up);
	buf_add(&out, text->data + sizeof(start) - 1, line - (sizeof(start) - 1));
	buf_adds(&out, "\" \"$0\" \"$@\"\n' '''");
	buf_add(&out, text->data + line, text->len - line);
	buf_swap(text, &out);
}

/* PEP 739: base_prefix may be relative to the file, other paths relative to base_prefix. */
static void relative_paths(json_t *value)
{
	json_t *child;
	const char *key;
	size_t i;

	json_object_foreach (value, key, child) {
		const char *s = json_string_value(child);

		if (s && !strcmp(s, INSTALL_PREFIX))
			json_string_set(child, !strcmp(key, "base_prefix") ? "../.." : ".");
		else if (s && !strncmp(s, INSTALL_PREFIX "/", sizeof(INSTALL_PREFIX)))
			json_object_set_new(value, key, json_string(s + sizeof(INSTALL_PREFIX)));
		else
			relative_paths(child);
	}
	json_array_foreach (value, i, child)
		relative_paths(child);
}

static int fix_details(struct buf *text, const char *path, struct err *err)
{
	json_error_t why;
	json_t *root = json_loadb(text->data, text->len, 0, &why);
	char *out;

	if (!root)
		return err_set(err, ERR_INPUT, "'%s': %s", path, why.text);
	relative_paths(root);
	out = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	buf_clear(text);
	buf_adds(text, out);
	buf_adds(text, "\n");
	free(out);
	return 0;
}

static bool matches(const char *rel, const char *pattern)
{
	return fnmatch(pattern, rel, FNM_PATHNAME) == 0;
}

static bool is_text(const struct buf *b)
{
	return b->len && !memchr(b->data, '\0', b->len < 8192 ? b->len : 8192);
}

static int edit(const char *path, const char *rel, const struct relocation *r, struct buf *text,
	struct err *err)
{
	if (matches(rel, "lib/python*/_sysconfigdata_*.py"))
		join_strings(text);
	scrub(text, r);
	if (matches(rel, "bin/*"))
		fix_shebang(text, "");
	if (matches(rel, "lib/python*/config-*/python-config.py"))
		fix_shebang(text, "../../../bin/");
	if (matches(rel, "lib/pkgconfig/*.pc"))
		buf_replace(text, "prefix=" INSTALL_PREFIX "\n", "prefix=${pcfiledir}/../..\n");
	if (matches(rel, "lib/python*/config-*/Makefile"))
		buf_adds(text, makefile_tail);
	if (matches(rel, "lib/python*/_sysconfigdata_*.py"))
		buf_addf(text, "\n%s", sysconfig_tail);
	if (matches(rel, "lib/python*/build-details.json"))
		return fix_details(text, path, err);
	return 0;
}

static bool wants_edit(const char *rel)
{
	static const char *const patterns[] = {"bin/*", "lib/pkgconfig/*.pc",
		"lib/python*/config-*/*", "lib/python*/_sysconfigdata_*.py",
		"lib/python*/_sysconfig_vars_*.json", "lib/python*/build-details.json",
		"include/python*/pyconfig.h"};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		if (matches(rel, patterns[i]))
			return true;
	}
	return false;
}

static int edit_file(void *ctx, const struct tree_entry *e, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT, before = BUF_INIT;

	if (!S_ISREG(e->st->st_mode) || !wants_edit(e->rel))
		return 0;
	if (file_read_below(e->in, e->name, FILE_MAX_BYTES, &text, err) < 0)
		return -1;
	if (!is_text(&text))
		return 0;
	buf_add(&before, text.data, text.len);
	if (edit(e->path, e->rel, ctx, &text, err) < 0)
		return -1;
	if (text.len == before.len && !memcmp(before.data, text.data, text.len))
		return 0;
	return file_write_below(e->in, e->name, text.data, text.len, e->st->st_mode & 0777, err);
}

int relocate_tree(const char *tree, const struct relocation *r, struct err *err)
{
	if (tree_walk(tree, edit_file, (void *)r, err) < 0)
		return err_wrap(err, "relocating the tree");
	return 0;
}

struct leaks {
	const char *text, *except;
	struct buf list;
	size_t n;
};

static int find_leak(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct leaks *leaks = ctx;
	CLEANUP_BUF struct buf content = BUF_INIT;

	if (!S_ISREG(e->st->st_mode) || !e->st->st_size ||
		(leaks->except && !strcmp(e->rel, leaks->except)))
		return 0;
	if (file_read_below(e->in, e->name, FILE_MAX_BYTES, &content, err) < 0)
		return -1;
	if (!memmem(content.data, content.len, leaks->text, strlen(leaks->text)))
		return 0;
	if (leaks->n++ < LEAKS_SHOWN)
		buf_addf(&leaks->list, "\n  %s", e->rel);
	return 0;
}

int relocate_verify(const char *tree, const char *text, const char *except, struct err *err)
{
	struct leaks leaks = {.text = text, .except = except};
	int failed = tree_walk(tree, find_leak, &leaks, err);

	if (failed == 0 && leaks.n) {
		failed = err_set(err, ERR_INPUT,
			"%zu file%s still name%s the build's folder '%s':%s", leaks.n,
			plural(leaks.n), leaks.n == 1 ? "s" : "", text, leaks.list.data);
		err_hint(err,
			"the recipe of cpython must keep it out, with -ffile-prefix-map or the "
			"like");
	}
	buf_release(&leaks.list);
	return failed;
}

static int pin(void *ctx, const struct tree_entry *e, struct err *err)
{
	const struct timespec *times = ctx;

	if (utimensat(e->in->fd, e->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "cannot set the time of '%s'", e->path);
	return 0;
}

int relocate_pin_times(const char *tree, long long epoch, struct err *err)
{
	struct timespec times[2] = {{.tv_sec = epoch}, {.tv_sec = epoch}};

	return tree_walk(tree, pin, times, err);
}
