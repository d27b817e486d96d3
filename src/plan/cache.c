/* The cache of finished steps. Declared in plan/cache.h, which describes its layout.
 *
 * Two kinds of locks keep builds that share a cache apart. The maker of an entry holds locks/ID
 * exclusively from before its folder in `work` is created until that is gone. So does the guardian
 * of the step's processes: if the lock is free, no process of a killed build is alive, and its
 * leftovers can be removed. A user of an entry holds locks/ID.use, shared, until its cache is
 * freed; removing an entry takes both locks, exclusively.
 */
#include "plan/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/file.h"
#include "proc/lock.h"
#include "plan/record.h"

#define NOTE_MAX (1u << 20)
#define KEY_DIGITS 16
#define TITLE_MAX 256
#define BLANKS " \t\n'\"$\\"
/* Name prefix of folders in TMPDIR that stand in for folders in `work`. */
#define ELSEWHERE "solder-"

/* The entries in use by this process, and their locks. */
struct cache_held {
	struct strv ids;
	int *fds;
	size_t n;
};

/* Clears what killed builds left of the entry, whose lock the caller holds; NULL: of all unlocked
 * entries. While any process of a step is alive, its lock is held. */
static void clear_stale(const struct cache *c, const char *only)
{
	CLEANUP_FREE char *work = xasprintf("%s/work", c->dir);
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct err ignored = ERR_INIT;

	/* If it cannot be listed, there is nothing to clear. */
	if (dir_list(work, &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", work, names.v[i]);
		CLEANUP_FREE char *id = xstrndup(names.v[i], strcspn(names.v[i], "."));
		CLEANUP_CLOSE int lock = -1;
		char target[PATH_MAX];
		ssize_t n;

		if (only ? strcmp(id, only) : !*id || cache_lock(c, id, &lock, &ignored) != 1)
			continue;
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (n > 0 && !strncmp(path_base(target), ELSEWHERE, strlen(ELSEWHERE)))
			tree_remove(target, &ignored);
		tree_remove(path, &ignored);
	}
}

static const char *const parts[] = {"store", "sources", "logs", "work", "locks"};

/* Finds the cache, and refuses another user's: its content determines what is built and shipped. */
static struct cache *find_cache(const char *dir, struct err *err)
{
	CLEANUP(cleanup_cache) struct cache *c = xcalloc(1, sizeof(*c));
	int failed;

	c->held = xcalloc(1, sizeof(*c->held));
	c->dir = dir ? path_absolute(dir) : user_cache("the cache is", err);
	if (!c->dir) {
		err_hint(err, "name a folder with --cache DIR");
		return NULL;
	}
	c->sources = xasprintf("%s/sources", c->dir);
	failed = folder_trust(c->dir, false, err);
	for (size_t i = 0; failed == 0 && i < ARRAY_SIZE(parts); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", c->dir, parts[i]);

		failed = folder_trust(path, false, err);
	}
	if (failed == 0)
		return steal(&c);
	err_wrap(err, "the cache '%s' is refused", c->dir);
	return NULL;
}

int cache_open(const char *dir, struct cache **ret, struct err *err)
{
	CLEANUP(cleanup_cache) struct cache *c = find_cache(dir, err);
	CLEANUP_FREE char *locks = NULL;

	if (!c)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", c->dir, parts[i]);
		int failed = make_dirs(path, err);

		if (failed == 0 && access(path, W_OK) < 0)
			failed = err_sys(err, "the cache '%s' cannot be written", c->dir);
		if (failed < 0)
			return err_hint(err, "name another folder with --cache DIR");
	}
	/* Anyone who can open a lock can hold it. */
	locks = xasprintf("%s/locks", c->dir);
	if (chmod(locks, 0700) < 0)
		return err_sys(err, "cannot close '%s' to others", locks);
	clear_stale(c, NULL);
	*ret = steal(&c);
	return 0;
}

int cache_open_to_read(const char *dir, struct cache **ret, struct err *err)
{
	if (dir && !path_is_dir(dir))
		return err_set(err, ERR_INPUT, "there is no cache '%s'", dir);
	*ret = find_cache(dir, err);
	return *ret ? 0 : -1;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->held->n; i++)
		close(c->held->fds[i]);
	strv_release(&c->held->ids);
	free(c->held->fds);
	free(c->held);
	free(c->dir);
	free(c->sources);
	free(c);
}

void cleanup_cache(struct cache **c)
{
	cache_free(*c);
}

int cache_derive(const struct cache *from, const char *dir, const char *all_but, struct err *err)
{
	const struct cache made = {.dir = (char *)dir};
	CLEANUP_FREE char *sources = xasprintf("%s/sources", dir);
	CLEANUP_STRV struct strv ids = STRV_INIT;

	if (make_dirs(dir, err) < 0)
		return -1;
	if (!path_exists(sources) && symlink(from->sources, sources) < 0)
		return err_sys(err, "cannot create '%s'", sources);
	if (all_but)
		cache_entries(from, NULL, &ids);
	for (size_t i = 0; i < ids.n; i++) {
		CLEANUP_FREE char *entry = cache_entry(from, ids.v[i]);
		CLEANUP_FREE char *copy = cache_entry(&made, ids.v[i]);

		if (strncmp(ids.v[i], all_but, strlen(all_but)) != 0 &&
			tree_copy(entry, copy, err) < 0)
			return -1;
	}
	return 0;
}

char *cache_source(const struct cache *c, const char *sha256, const char *file)
{
	return xasprintf("%s/sources/%s/%s", c->dir, sha256, file);
}

char *cache_entry(const struct cache *c, const char *id)
{
	return xasprintf("%s/store/%s", c->dir, id);
}

char *cache_tree(const struct cache *c, const char *id)
{
	return xasprintf("%s/store/%s/tree", c->dir, id);
}

char *cache_log(const struct cache *c, const char *id)
{
	return xasprintf("%s/logs/%s.log", c->dir, id);
}

char *cache_lock_path(const struct cache *c, const char *id)
{
	return xasprintf("%s/locks/%s", c->dir, id);
}

int cache_lock(const struct cache *c, const char *id, int *fd, struct err *err)
{
	CLEANUP_FREE char *path = cache_lock_path(c, id);

	return lock_try(path, fd, err);
}

struct dated {
	const char *id;
	struct timespec used;
};

static int is_used_earlier(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec > y->used.tv_sec ? -1 : 1;
	if (x->used.tv_nsec != y->used.tv_nsec)
		return x->used.tv_nsec > y->used.tv_nsec ? -1 : 1;
	return strcmp(y->id, x->id);
}

void cache_entries(const struct cache *c, const char *name, struct strv *ids)
{
	CLEANUP_FREE char *store = xasprintf("%s/store", c->dir);
	CLEANUP_STRV struct strv names = STRV_INIT;
	CLEANUP_FREE struct dated *found = NULL;
	struct err ignored = ERR_INIT;
	size_t n = 0;

	/* A cache opened for reading may have no store yet. */
	if (dir_list(store, &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		const char *id = names.v[i], *key = strrchr(id, '-');
		CLEANUP_FREE char *entry = cache_entry(c, id);
		struct stat st;

		if (key && key > id && strlen(key + 1) == KEY_DIGITS &&
			strspn(key + 1, "0123456789abcdef") == KEY_DIGITS &&
			(!name || (strlen(name) == (size_t)(key - id) &&
					  !strncmp(id, name, (size_t)(key - id)))) &&
			stat(entry, &st) == 0)
			*ARRAY_ADD(found, n) = (struct dated){id, st.st_mtim};
	}
	sort_array(found, n, sizeof(*found), is_used_earlier);
	for (size_t i = 0; i < n; i++)
		strv_add(ids, found[i].id);
}

/* Opens the file that is locked while an entry is used. Without one (in a read-only cache) nobody
 * can remove the entry either. */
static int open_use(const struct cache *c, const char *id)
{
	CLEANUP_FREE char *path = xasprintf("%s/locks/%s.use", c->dir, id);

	return open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

void cache_hold(const struct cache *c, const char *id)
{
	int fd;

	if (!c->held || strv_has(&c->held->ids, id) || (fd = open_use(c, id)) < 0)
		return;
	/* Removing it takes a moment. */
	for (int i = 0; i < 100 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK; i++)
		usleep(10000);
	strv_add(&c->held->ids, id);
	*ARRAY_ADD(c->held->fds, c->held->n) = fd;
}

/* Records the current state of the entry's tree. */
static int write_record(const struct cache *c, const char *id, struct err *err)
{
	CLEANUP_FREE char *entry = cache_entry(c, id), *tree = cache_tree(c, id);
	CLEANUP_FREE char *path = xasprintf("%s/files", entry);
	CLEANUP_RECORD struct record record = {0};
	struct stat st;

	if (stat(entry, &st) < 0)
		return err_sys(err, "cannot examine '%s'", entry);
	/* Keep the time: this does not count as a use. */
	const struct timespec times[2] = {st.st_atim, st.st_mtim};

	if (record_make(tree, NULL, &record, err) < 0 ||
		record_write(&record, path, false, err) < 0)
		return -1;
	return utimensat(AT_FDCWD, entry, times, 0) < 0
		       ? err_sys(err, "cannot set the time of '%s'", entry)
		       : 0;
}

int cache_record(const struct cache *c, const char *id, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/store/%s/files", c->dir, id);

	return path_exists(path) ? 1 : write_record(c, id, err);
}

int cache_check(const struct cache *c, const char *id, bool all, char **why, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/store/%s/files", c->dir, id);
	CLEANUP_FREE char *tree = cache_tree(c, id);
	CLEANUP_RECORD struct record record = {0};
	struct err ignored = ERR_INIT;
	int got;

	*why = NULL;
	if (path_is_dir(tree) && !path_exists(path)) {
		*why = xstrdup("no record of its files");
		return 2;
	}
	if (!path_is_dir(tree))
		*why = xstrdup("there is no tree");
	else if (record_read(path, &record, &ignored) < 0)
		*why = xasprintf("the record of its files cannot be used: %s", ignored.msg);
	if (*why)
		return 1;
	got = record_check(&record, tree, all ? RECORD_ALL : RECORD_LOOK, why, err);
	if (got != 2)
		return got;
	got = record_check(&record, tree, RECORD_ALL, why, err);
	/* A copy of the cache; record its times and inodes for next time. */
	if (got == 0)
		write_record(c, id, &ignored);
	return got;
}

bool cache_use(const struct cache *c, const char *id, char **why)
{
	CLEANUP_FREE char *entry = cache_entry(c, id), *reason = NULL;
	struct err err = ERR_INIT;
	int got;

	if (!path_is_dir(entry))
		return false;
	cache_hold(c, id);
	got = cache_check(c, id, false, &reason, &err);
	if (got && why)
		*why = got < 0 ? xstrdup(err.msg) : steal(&reason);
	return got == 0;
}

void cache_touch(const struct cache *c, const char *id)
{
	CLEANUP_FREE char *entry = cache_entry(c, id);

	/* A read-only cache stays as it is. */
	if (utimensat(AT_FDCWD, entry, NULL, 0) < 0)
		return;
}

int cache_remove(const struct cache *c, const char *id, struct err *err)
{
	CLEANUP_FREE char *entry = cache_entry(c, id), *log = cache_log(c, id);
	CLEANUP_FREE char *aside = xasprintf("%s/work/%s.XXXXXX", c->dir, id);
	CLEANUP_CLOSE int made = -1, used = open_use(c, id);
	int got = cache_lock(c, id, &made, err);

	if (got < 0)
		return -1;
	if (used < 0)
		return err_sys(err, "cannot lock '%s'", entry);
	if (!got || flock(used, LOCK_EX | LOCK_NB) < 0)
		return 1;
	/* Atomic, so that nobody finds half of it. */
	if (!mkdtemp(aside) || rename(entry, aside) < 0)
		return err_sys(err, "cannot remove '%s'", entry);
	flock(used, LOCK_UN);
	unlink(log);
	return tree_remove(aside, err);
}

/* Reads one of an entry's text files: "took", "title", "inputs". */
static int read_note(const struct cache *c, const char *id, const char *note, struct buf *text)
{
	CLEANUP_FREE char *path = xasprintf("%s/store/%s/%s", c->dir, id, note);
	struct err ignored = ERR_INIT;

	return file_read(path, NOTE_MAX, text, &ignored);
}

uint64_t cache_took(const struct cache *c, const char *id)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	return read_note(c, id, "took", &text) < 0 ? 0 : strtoull(text.data, NULL, 10);
}

char *cache_title(const struct cache *c, const char *id)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (read_note(c, id, "title", &text) < 0 || text.len > TITLE_MAX ||
		strlen(text.data) != text.len)
		return xstrdup(id);
	return buf_steal(&text);
}

char *cache_shared(const struct cache *c, const char *id)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	return read_note(c, id, "shared", &text) == 0 && sha256_is_hex(text.data) ? buf_steal(&text)
										  : NULL;
}

bool cache_inputs(const struct cache *c, const char *id, struct strv *lines)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (read_note(c, id, "inputs", &text) < 0)
		return false;
	strv_split(lines, text.data, "\n");
	return true;
}

/* Packages' build systems cannot handle spaces in the build path; in that case the folder is
 * elsewhere, and `work` has a link to it. */
int cache_work(const struct cache *c, const char *id, char **path, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	const char *where = tmp && tmp[0] == '/' && !strpbrk(tmp, BLANKS) ? tmp : "/tmp";
	bool elsewhere = strpbrk(c->dir, BLANKS) != NULL;
	CLEANUP_FREE char *folder = elsewhere ? xasprintf("%s/" ELSEWHERE "%s.XXXXXX", where, id)
					      : xasprintf("%s/work/%s.XXXXXX", c->dir, id);
	CLEANUP_FREE char *link = NULL;

	clear_stale(c, id);
	if (elsewhere && folder_trust(where, true, err) < 0)
		return err_hint(err, "name another folder with TMPDIR");
	if (!mkdtemp(folder))
		return err_sys(err, "cannot create the folder '%s'", folder);
	link = xasprintf("%s/work/%s", c->dir, path_base(folder) + strlen(ELSEWHERE));
	if (elsewhere && symlink(folder, link) < 0) {
		err_sys(err, "cannot create the link '%s'", link);
		rmdir(folder);
		return -1;
	}
	*path = steal(&folder);
	return 0;
}

void cache_work_remove(const struct cache *c, const char *path)
{
	struct err ignored = ERR_INIT;

	tree_remove(path, &ignored);
	if (strpbrk(c->dir, BLANKS)) {
		CLEANUP_FREE char *link =
			xasprintf("%s/work/%s", c->dir, path_base(path) + strlen(ELSEWHERE));

		unlink(link);
	}
}

/* Makes files unwritable to others, in case the step left them open. */
static int close_to_others(void *ctx, const struct tree_entry *e, struct err *err)
{
	(void)ctx;
	if (!S_ISLNK(e->st->st_mode) && e->st->st_mode & 022 &&
		fchmodat(e->in->fd, e->name, e->st->st_mode & 07755, 0) < 0)
		return err_sys(err, "cannot change the mode of '%s'", e->path);
	return 0;
}

/* Writes a finished step's entry to `entry`. */
static int write_entry(
	const char *entry, const char *tree, const struct cache_notes *notes, struct err *err)
{
	CLEANUP_FREE char *lines = strv_join(notes->inputs, "\n");
	CLEANUP_FREE char *number = xasprintf("%" PRIu64, notes->took);
	const char *const texts[][2] = {{"inputs", lines}, {"took", number},
		{"title", notes->title}, {"shared", notes->shared}};
	CLEANUP_FREE char *entry_tree = xasprintf("%s/tree", entry);
	CLEANUP_FREE char *files = xasprintf("%s/files", entry);
	CLEANUP_RECORD struct record record = {0};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", entry, texts[i][0]);

		if (texts[i][1] &&
			file_write(path, texts[i][1], strlen(texts[i][1]), 0644, err) < 0)
			return -1;
	}
	if (rename(tree, entry_tree) < 0 && errno != EXDEV)
		return err_sys(err, "cannot rename '%s' to '%s'", tree, entry_tree);
	/* A rename cannot cross file systems. */
	if (!path_exists(entry_tree) && tree_copy(tree, entry_tree, err) < 0)
		return -1;
	if (tree_walk(entry_tree, close_to_others, NULL, err) < 0 ||
		record_make(entry_tree, NULL, &record, err) < 0 ||
		record_write(&record, files, false, err) < 0)
		return -1;
	return path_sync_all(entry, err);
}

int cache_commit(const struct cache *c, const char *id, const char *tree,
	const struct cache_notes *notes, struct err *err)
{
	CLEANUP_FREE char *entry = cache_entry(c, id);
	CLEANUP_FREE char *fresh = xasprintf("%s/work/%s.commit-XXXXXX", c->dir, id);
	struct err ignored = ERR_INIT;
	int failed;

	if (!mkdtemp(fresh))
		return err_sys(err, "cannot create the folder '%s'", fresh);
	cache_hold(c, id);
	chmod(fresh, 0755);
	failed = write_entry(fresh, tree, notes, err);
	/* An existing entry is damaged: replace it. */
	if (failed == 0)
		failed = path_exists(entry) ? path_exchange(fresh, entry, err) : 1;
	if (failed == 1)
		failed = tree_remove(entry, err) < 0 ? -1 : path_rename(fresh, entry, err);
	tree_remove(fresh, &ignored);
	return failed;
}
