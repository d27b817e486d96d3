#include "build/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define INPUTS_MAX (1u << 20)
#define ENVIRON_MAX (4u << 20)
#define BLANKS " \t\n'\"$\\"
/* How folders in TMPDIR are called that stand for some in `work`. */
#define ELSEWHERE "solder-"

/* Does the process have the step's folder of that name in its environment? Whoever only looks
 * around in a folder that was kept has not. */
static bool is_worker(const char *pid, const char *folder)
{
	CLEANUP_FREE char *path = xasprintf("/proc/%s/environ", pid);
	CLEANUP_BUF struct buf environment = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(path, ENVIRON_MAX, &environment, &ignored) < 0)
		return false;
	for (size_t at = 0; at < environment.len; at += strlen(environment.data + at) + 1) {
		const char *line = environment.data + at;

		if (!strncmp(line, "S=", 2) && !strcmp(path_base(line), folder))
			return true;
	}
	return false;
}

/* A build that was killed may have left programs running; they would go on writing in its folder.
 * Ends them and waits until they are gone. */
static void kill_workers(const char *folder)
{
	for (int look = 0, alive = 1; alive && look < 100; look++) {
		DIR *proc = opendir("/proc");
		struct dirent *e;

		alive = 0;
		while (proc && (e = readdir(proc))) {
			long pid = strtol(e->d_name, NULL, 10);

			/* 0 are the entries that are no processes; to kill it would end our own
			 * group. */
			if (pid <= 0 || pid == getpid() || !is_worker(e->d_name, folder))
				continue;
			alive |= kill((pid_t)pid, SIGKILL) == 0;
		}
		if (proc)
			closedir(proc);
		if (alive)
			usleep(10000);
	}
}

/* Removes an entry of `work` and what still runs in it. */
static void clear_work(const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	struct err ignored = ERR_INIT;

	target[n > 0 ? n : 0] = '\0';
	kill_workers(path_base(n > 0 ? target : path));
	if (n > 0 && !strncmp(path_base(target), ELSEWHERE, strlen(ELSEWHERE)))
		tree_remove(target, &ignored);
	tree_remove(path, &ignored);
}

/* Clears what killed builds left of the entry, whose lock the caller holds; NULL: of all entries
 * that nobody has locked. */
static void clear_stale(const struct cache *c, const char *only)
{
	CLEANUP_FREE char *work = xasprintf("%s/work", c->dir);
	DIR *dir = opendir(work);
	struct err ignored = ERR_INIT;
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", work, e->d_name);
		CLEANUP_FREE char *id = xstrndup(e->d_name, strcspn(e->d_name, "."));
		CLEANUP_CLOSE int lock = -1;

		if (only ? !strcmp(id, only) : *id && cache_lock(c, id, &lock, &ignored) == 1)
			clear_work(path);
	}
	if (dir)
		closedir(dir);
}

static char *default_dir(struct err *err)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		return xasprintf("%s/solder", xdg);
	if (home && home[0] == '/')
		return xasprintf("%s/.cache/solder", home);
	err_set(err, ERR_ENVIRONMENT, "neither XDG_CACHE_HOME nor HOME says where the cache is");
	err_hint(err, "name a folder with --cache DIR");
	return NULL;
}

int cache_open(const char *dir, struct cache **ret, struct err *err)
{
	static const char *const parts[] = {"store", "sources", "logs", "work", "locks"};
	CLEANUP(cleanup_cache) struct cache *c = xcalloc(1, sizeof(*c));

	c->dir = dir ? path_absolute(dir) : default_dir(err);
	if (!c->dir)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", c->dir, parts[i]);

		if (make_dirs(path, err) < 0 || access(path, W_OK) < 0) {
			if (!err->code)
				err_sys(err, "the cache '%s' cannot be written", c->dir);
			return err_hint(err, "name another folder with --cache DIR");
		}
	}
	clear_stale(c, NULL);
	*ret = steal(&c);
	return 0;
}

int cache_open_to_read(const char *dir, struct cache **ret, struct err *err)
{
	CLEANUP(cleanup_cache) struct cache *c = xcalloc(1, sizeof(*c));

	if (dir && !path_is_dir(dir))
		return err_set(err, ERR_INPUT, "there is no cache '%s'", dir);
	c->dir = dir ? path_absolute(dir) : default_dir(err);
	if (!c->dir)
		return -1;
	*ret = steal(&c);
	return 0;
}

void cache_free(struct cache *c)
{
	if (c)
		free(c->dir);
	free(c);
}

void cleanup_cache(struct cache **c)
{
	cache_free(*c);
}

char *cache_tree(const struct cache *c, const char *id)
{
	return xasprintf("%s/store/%s/tree", c->dir, id);
}

char *cache_log(const struct cache *c, const char *id)
{
	return xasprintf("%s/logs/%s.log", c->dir, id);
}

bool cache_has(const struct cache *c, const char *id)
{
	CLEANUP_FREE char *tree = cache_tree(c, id);

	return path_is_dir(tree);
}

uint64_t cache_took(const struct cache *c, const char *id)
{
	CLEANUP_FREE char *path = xasprintf("%s/store/%s/took", c->dir, id);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(path, 64, &text, &ignored) < 0)
		return 0;
	return strtoull(text.data, NULL, 10);
}

/* Is `entry` "NAME-" followed by the 16 digits of a key? */
static bool is_entry_of(const char *entry, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(entry, name, n) && entry[n] == '-' && strlen(entry + n + 1) == 16 &&
	       strspn(entry + n + 1, "0123456789abcdef") == 16;
}

char *cache_latest(const struct cache *c, const char *name)
{
	CLEANUP_FREE char *store = xasprintf("%s/store", c->dir);
	DIR *dir = opendir(store);
	struct timespec newest = {0};
	char *latest = NULL;
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		struct stat st;

		if (!is_entry_of(e->d_name, name) || fstatat(dirfd(dir), e->d_name, &st, 0) < 0)
			continue;
		if (!latest || st.st_mtim.tv_sec > newest.tv_sec ||
			(st.st_mtim.tv_sec == newest.tv_sec &&
				st.st_mtim.tv_nsec > newest.tv_nsec)) {
			newest = st.st_mtim;
			free(latest);
			latest = xstrdup(e->d_name);
		}
	}
	if (dir)
		closedir(dir);
	return latest;
}

int cache_inputs(const struct cache *c, const char *id, struct strv *lines, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/store/%s/inputs", c->dir, id);
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (file_read(path, INPUTS_MAX, &text, err) < 0)
		return -1;
	strv_split(lines, text.data, "\n");
	return 0;
}

int cache_lock(const struct cache *c, const char *id, int *fd, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/locks/%s", c->dir, id);

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (*fd < 0)
		return err_sys(err, "cannot create '%s'", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 1;
	if (errno != EWOULDBLOCK)
		err_sys(err, "cannot lock '%s'", path);
	close(*fd);
	*fd = -1;
	return errno == EWOULDBLOCK ? 0 : -1;
}

/* Packages' own build systems cannot stand blanks in the path that they are built in; then the
 * folder is elsewhere, and `work` has a link to it. */
static int work_elsewhere(const struct cache *c, const char *id, char **path, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	CLEANUP_FREE char *folder = xasprintf("%s/" ELSEWHERE "%s.XXXXXX",
		tmp && tmp[0] == '/' && !strpbrk(tmp, BLANKS) ? tmp : "/tmp", id);
	CLEANUP_FREE char *link = NULL;

	if (!mkdtemp(folder))
		return err_sys(err, "cannot create the folder '%s'", folder);
	link = xasprintf("%s/work/%s", c->dir, path_base(folder) + strlen(ELSEWHERE));
	if (symlink(folder, link) < 0) {
		err_sys(err, "cannot create the link '%s'", link);
		rmdir(folder);
		return -1;
	}
	*path = steal(&folder);
	return 0;
}

int cache_work(const struct cache *c, const char *id, char **path, struct err *err)
{
	CLEANUP_FREE char *template = xasprintf("%s/work/%s.XXXXXX", c->dir, id);

	clear_stale(c, id);
	if (strpbrk(c->dir, BLANKS))
		return work_elsewhere(c, id, path, err);
	if (!mkdtemp(template))
		return err_sys(err, "cannot create the folder '%s'", template);
	*path = steal(&template);
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

/* A rename does not cross file systems; then the tree is copied beside its place first. */
static int bring(const char *from, const char *to, struct err *err)
{
	if (rename(from, to) == 0)
		return 0;
	if (errno != EXDEV)
		return err_sys(err, "cannot rename '%s' to '%s'", from, to);
	return tree_copy(from, to, err);
}

static int write_entry(const char *entry, const char *tree, const struct strv *inputs,
	uint64_t took, struct err *err)
{
	CLEANUP_FREE char *entry_tree = xasprintf("%s/tree", entry);
	CLEANUP_FREE char *inputs_path = xasprintf("%s/inputs", entry);
	CLEANUP_FREE char *took_path = xasprintf("%s/took", entry);
	CLEANUP_FREE char *lines = strv_join(inputs, "\n");
	char number[32];

	snprintf(number, sizeof(number), "%" PRIu64, took);
	if (file_write(inputs_path, lines, strlen(lines), 0644, err) < 0 ||
		file_write(took_path, number, strlen(number), 0644, err) < 0)
		return -1;
	return bring(tree, entry_tree, err);
}

int cache_commit(const struct cache *c, const char *id, const char *tree, const struct strv *inputs,
	uint64_t took, struct err *err)
{
	CLEANUP_FREE char *entry = xasprintf("%s/store/%s", c->dir, id);
	CLEANUP_FREE char *fresh = xasprintf("%s/work/%s.commit-XXXXXX", c->dir, id);
	CLEANUP_CLOSE int fd = -1;
	struct err ignored = ERR_INIT;

	if (!mkdtemp(fresh))
		return err_sys(err, "cannot create the folder '%s'", fresh);
	chmod(fresh, 0755);
	if (write_entry(fresh, tree, inputs, took, err) < 0)
		goto fail;
	fd = open(fresh, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0) {
		err_sys(err, "cannot sync '%s'", fresh);
		goto fail;
	}
	/* An entry without its tree cannot be used; make way for the whole one. */
	if (path_exists(entry) && tree_remove(entry, err) < 0)
		goto fail;
	if (path_rename(fresh, entry, err) < 0)
		goto fail;
	return 0;
fail:
	tree_remove(fresh, &ignored);
	return -1;
}
