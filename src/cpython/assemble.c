/* From finished steps to the tree that users get.
 *
 * A fresh tree is assembled next to the output, in a folder of ours that holds a lock and that the
 * next run removes if we are killed:
 *
 *   OUTPUT.solder.XXXXXX/new   the fresh tree
 *   OUTPUT.solder.XXXXXX/old   the previous tree, if two trees cannot be exchanged atomically
 *
 * It replaces the output; or, if that was built the same way, only its damaged files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "plan/record.h"

#define KEY_FILE "share/solder/key"
#define MANIFEST_FILE "share/solder/build.json"
#define MANIFEST_MAX ((size_t)4 << 20)
#define FILES_FILE "share/solder/files"

static bool has_text(const char *dir, const char *file, const char *text)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, file);
	CLEANUP_BUF struct buf found = BUF_INIT;
	struct err ignored = ERR_INIT;

	return file_read(path, MANIFEST_MAX, &found, &ignored) == 0 && !strcmp(found.data, text);
}

/* Files that Python and pip write and remove themselves, and the record itself. */
static bool is_changeable(const char *path)
{
	const char *folder = strstr(path, "/site-packages/");

	return strstr(path, "__pycache__") || (folder && !strncmp(path, "lib/python", 10)) ||
	       !strncmp(path, "bin/pip", 7) || !strcmp(path, FILES_FILE);
}

/* With --embed here, also what is linked instead of libpython3.13.so.1.0. */
static bool is_changeable_here(const char *path)
{
	return is_changeable(path) ||
	       (!strncmp(path, "lib/libpython3.", 15) && path[15] != 's' && ends_with(path, ".so"));
}

int cpython_check_tree(const char *dir, char **why, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/" FILES_FILE, dir);
	CLEANUP_RECORD struct record record = {0};

	*why = NULL;
	if (!path_exists(path))
		return 2;
	if (record_read(path, &record, err) < 0)
		return -1;
	return record_check(&record, dir, RECORD_WITHIN, why, err);
}

int cpython_check_output(const char *dir, struct err *err)
{
	CLEANUP_FREE char *key = xasprintf("%s/" KEY_FILE, dir);
	int empty;

	if (!path_exists(dir) || path_exists(key))
		return 0;
	empty = path_is_dir(dir) ? dir_is_empty(dir, err) : 0;
	if (empty)
		return empty < 0 ? -1 : 0;
	err_set(err, ERR_ENVIRONMENT, "'%s' already exists and was not created by solder", dir);
	return err_hint(err, "name another place with -o DIR, or remove it");
}

/* Adds each step's shared data (terminfo) and licence texts. */
static int add_packages(const struct cpython_plan *p, const struct cache *cache,
	const struct folder *tree, struct err *err)
{
	for (size_t i = 0; i < p->plan.n; i++) {
		CLEANUP_FREE char *path = cache_tree(cache, p->plan.steps[i]->id);
		CLEANUP_FOLDER struct folder made = FOLDER_INIT;

		/* Nothing of them is shipped. */
		if (p->plan.steps[i] == p->sysroot || cross_is_tool(p->plan.steps[i]))
			continue;
		if (folder_open(path, &made, err) < 0 ||
			(p->plan.steps[i] != p->compile &&
				tree_copy_below(&made, "install/share", tree, "share", err) < 0) ||
			tree_copy_below(&made, "licences", tree, "share/licenses", err) < 0)
			return -1;
	}
	return 0;
}

/* One file by two names: what copies it as two loses space, and nothing else. */
static int add_name(
	const struct folder *tree, const char *program, const char *library, struct err *err)
{
	CLEANUP_FOLDER struct folder bin = FOLDER_INIT, lib = FOLDER_INIT;

	if (folder_open_below(tree, "bin", &bin, err) < 0 ||
		folder_open_below(tree, "lib", &lib, err) < 0)
		return -1;
	if ((unlinkat(lib.fd, library, 0) == 0 || errno == ENOENT) &&
		linkat(bin.fd, program, lib.fd, library, 0) == 0)
		return 0;
	/* There are file systems that know no second names. */
	if (errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK)
		return tree_copy_below(&bin, program, &lib, library, err) < 0 ? -1 : 0;
	return err_sys(
		err, "cannot give '%s/%s' the name '%s/%s'", bin.path, program, lib.path, library);
}

/* Also adds the libpython.so linked with it, if the compile's own is not wanted. With --link dual
 * that is the interpreter itself. */
static int add_interpreter(const struct cpython_plan *p, const struct cache *cache,
	const struct folder *tree, struct err *err)
{
	CLEANUP_FREE char *path = cache_tree(cache, p->last->id);
	CLEANUP_FREE char *from = xasprintf("python%s%s", p->series, p->abiflags);
	CLEANUP_FREE char *to = xasprintf("bin/%s", from);
	CLEANUP_FREE char *library = xasprintf("libpython%s%s.so.1.0", p->series, p->abiflags);
	CLEANUP_FREE char *to_library = xasprintf("lib/%s", library);
	CLEANUP_FOLDER struct folder made = FOLDER_INIT;
	CLEANUP_CLOSE int fd = -1;

	if (folder_open(path, &made, err) < 0 || tree_copy_needed(&made, from, tree, to, err) < 0 ||
		(fd = file_open_below(tree, to, err)) < 0)
		return -1;
	if (fchmod(fd, 0755) < 0)
		return err_sys(err, "cannot make '%s/%s' executable", tree->path, to);
	if (p->dual)
		return add_name(tree, from, library, err);
	return tree_copy_below(&made, library, tree, to_library, err) < 0 ? -1 : 0;
}

static int read_epoch(
	const struct cpython_plan *p, const struct cache *cache, long long *epoch, struct err *err)
{
	CLEANUP_FREE char *path = cache_tree(cache, p->compile->id);
	CLEANUP_FOLDER struct folder compiled = FOLDER_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (folder_open(path, &compiled, err) < 0 ||
		file_read_below(&compiled, "source-date-epoch", 64, &text, err) < 0)
		return -1;
	*epoch = strtoll(text.data, NULL, 10);
	return 0;
}

/* The folder itself need not be there yet. */
static int add_place(
	const struct cpython_plan *p, const struct folder *tree, const char *dir, struct err *err)
{
	CLEANUP_FREE char *within = path_dir(dir), *real = realpath(within, NULL);
	CLEANUP_FREE char *library = xasprintf("libpython%s%s.so", p->series, p->abiflags);
	CLEANUP_FREE char *place = NULL;

	if (!p->here)
		return 0;
	if (!real)
		return err_sys(err, "cannot find '%s'", within);
	place = path_exists(dir) ? realpath(dir, NULL) : xasprintf("%s/%s", real, path_base(dir));
	return place ? place_add(tree, library, place, err) : err_sys(err, "cannot find '%s'", dir);
}

/* What the record of files leaves out. */
static int renew_place(const struct cpython_plan *p, const char *dir, struct err *err)
{
	CLEANUP_FOLDER struct folder tree = FOLDER_INIT;

	if (!p->here)
		return 0;
	return folder_open(dir, &tree, err) < 0 ? -1 : add_place(p, &tree, dir, err);
}

/* At `dir`, and meant for `final`. */
static int fill_tree(const struct cpython_plan *p, const struct cache *cache, const char *dir,
	const char *final, const char *key, const char *manifest, long long epoch, struct err *err)
{
	CLEANUP_FREE char *path = cache_tree(cache, p->tree->id);
	CLEANUP_FREE char *files = xasprintf("%s/" FILES_FILE, dir);
	CLEANUP_FOLDER struct folder made = FOLDER_INIT, tree = FOLDER_INIT;
	CLEANUP_RECORD struct record record = {0};

	if (make_dirs(dir, err) < 0 || folder_open(path, &made, err) < 0 ||
		folder_open(dir, &tree, err) < 0 ||
		tree_copy_needed(&made, "python", &tree, ".", err) < 0 ||
		add_interpreter(p, cache, &tree, err) < 0 ||
		add_packages(p, cache, &tree, err) < 0 || add_place(p, &tree, final, err) < 0 ||
		make_dirs_below(&tree, "share/solder", err) < 0 ||
		file_write_below(&tree, KEY_FILE, key, strlen(key), 0644, err) < 0 ||
		file_write_below(&tree, MANIFEST_FILE, manifest, strlen(manifest), 0644, err) < 0)
		return -1;
	/* A link that stays within its step's output may lead out of this tree. */
	if (output_check(dir, err) < 0 ||
		record_make(dir, p->here ? is_changeable_here : is_changeable, &record, err) < 0 ||
		record_write(&record, files, true, err) < 0 ||
		relocate_pin_times(dir, epoch, err) < 0)
		return -1;
	return path_sync_all(dir, err);
}

/* A kill between two renames leaves the old tree aside: restore it. Then remove what killed runs
 * left. */
static void bring_back(const char *dir, const char *within, const char *prefix)
{
	DIR *list = path_exists(dir) ? NULL : opendir(within);
	struct dirent *e;

	while (list && (e = readdir(list))) {
		CLEANUP_FREE char *old = xasprintf("%s/%s/old", within, e->d_name);
		struct stat st;

		if (scratch_is(e->d_name, prefix) &&
			fstatat(dirfd(list), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(st.st_mode) && st.st_uid == geteuid() && rename(old, dir) == 0)
			break;
	}
	if (list)
		closedir(list);
	scratch_clear(within, prefix);
}

/* Puts the fresh tree at `dir`, atomically, so that there always is one. */
static int swap_trees(const char *dir, const char *fresh, const char *old, struct err *err)
{
	int got = path_exists(dir) ? path_exchange(fresh, dir, err) : 1;

	if (got <= 0)
		return got;
	if (path_exists(dir) && path_rename(dir, old, err) < 0)
		return -1;
	if (path_rename(fresh, dir, err) == 0)
		return 0;
	rename(old, dir);
	return -1;
}

/* Restores a differing entry of `tree` from the fresh tree. A folder that is something else now is
 * recreated; its contents are then found missing in turn. */
static int mend_entry(const struct folder *fresh, const struct folder *tree,
	const struct record_entry *e, struct err *err)
{
	CLEANUP_FOLDER struct folder from = FOLDER_INIT, to = FOLDER_INIT;
	CLEANUP_FREE char *above = path_dir(e->path), *place = NULL;
	const char *name = path_base(e->path);
	bool made = e->kind == 'd';
	struct stat st;
	int there;

	if (folder_open_below(fresh, above, &from, err) < 0 ||
		folder_open_below(tree, above, &to, err) < 0 ||
		(there = stat_below(&to, name, &st, err)) < 0)
		return -1;
	if (made && there && S_ISDIR(st.st_mode))
		return fchmodat(to.fd, name, e->mode, 0) < 0
			       ? err_sys(err, "cannot change the mode of '%s/%s'", to.path, name)
			       : 0;
	place = xasprintf("/proc/self/fd/%d/%s", to.fd, name);
	if (there && (made || S_ISDIR(st.st_mode)) && tree_remove(place, err) < 0)
		return -1;
	if (made ? mkdirat(to.fd, name, e->mode) < 0 : renameat(from.fd, name, to.fd, name) < 0)
		return err_sys(err, "cannot replace '%s/%s'", to.path, name);
	return 0;
}

/* Replaces everything that differs from the fresh tree, its record last. */
static int mend_tree(const char *dir, const char *fresh_dir, const char *why,
	struct progress *progress, struct err *err)
{
	CLEANUP_FREE char *from = xasprintf("%s/" FILES_FILE, fresh_dir);
	CLEANUP_FREE char *to = xasprintf("%s/" FILES_FILE, dir);
	CLEANUP_FOLDER struct folder fresh = FOLDER_INIT, tree = FOLDER_INIT;
	CLEANUP_RECORD struct record record = {0};
	bool said = false;

	if (record_read(from, &record, err) < 0 || folder_open(fresh_dir, &fresh, err) < 0 ||
		folder_open(dir, &tree, err) < 0)
		return -1;
	for (size_t i = 0; i < record.n; i++) {
		CLEANUP_FREE char *differs = NULL;
		int got = record_check_entry(&record.v[i], &tree, &differs, err);

		if (got == 1 && !said)
			progress_warn(progress, "'%s' is damaged: %s; repairing it", dir, differs);
		said |= got == 1;
		if (got < 0 || (got && mend_entry(&fresh, &tree, &record.v[i], err) < 0))
			return -1;
	}
	if (!said && why)
		progress_say(progress, "'%s': %s; writing it down again", dir, why);
	return path_sync_all(dir, err) < 0 ? -1 : path_rename(from, to, err);
}

/* 0: the tree is intact; 1: it is not, or cannot be compared; -1: error. */
static int examine_tree(const char *dir, char **why, struct err *err)
{
	struct err failure = ERR_INIT;
	int got = cpython_check_tree(dir, why, &failure);

	if (got < 0 && failure.code == ERR_INTERRUPTED) {
		*err = failure;
		return -1;
	}
	if (got < 0)
		*why = xstrdup(failure.msg);
	if (got == 2)
		*why = xstrdup("there is no record of its files");
	return got != 0;
}

int cpython_assemble(const struct cpython_plan *p, const struct cache *cache, const char *dir,
	const char *key, json_t *manifest, struct progress *progress, struct err *err)
{
	CLEANUP_FREE char *within = path_dir(dir), *prefix = xasprintf("%s.solder", path_base(dir));
	CLEANUP_FREE char *text = NULL, *why = NULL, *scratch = NULL, *fresh = NULL, *old = NULL;
	struct err ignored = ERR_INIT;
	long long epoch;
	int got = 1;
	bool same;

	if (read_epoch(p, cache, &epoch, err) < 0)
		return -1;
	/* Copying a tree may lose its times, so the date is recorded as well. */
	json_object_set_new(manifest, "source_date_epoch", json_integer(epoch));
	text = json_dumps(manifest, JSON_INDENT(2));
	bring_back(dir, within, prefix);
	same = has_text(dir, KEY_FILE, key);
	if (same && has_text(dir, MANIFEST_FILE, text))
		got = examine_tree(dir, &why, err);
	if (got <= 0)
		return got < 0 || renew_place(p, dir, err) < 0 ? -1 : 1;
	if (cpython_check_output(dir, err) < 0)
		return -1;
	scratch = scratch_make(within, prefix, err);
	if (scratch) {
		fresh = xasprintf("%s/new", scratch);
		old = xasprintf("%s/old", scratch);
	}
	if (!scratch || fill_tree(p, cache, fresh, dir, key, text, epoch, err) < 0 ||
		sysroot_check(fresh, p->floor, err) < 0 ||
		(same ? mend_tree(dir, fresh, why, progress, err)
		      : swap_trees(dir, fresh, old, err)) < 0 ||
		renew_place(p, dir, err) < 0)
		got = err_wrap(err, "putting the distribution together at '%s'", dir);
	if (scratch)
		scratch_end(scratch, &ignored);
	return got < 0 ? -1 : 0;
}
