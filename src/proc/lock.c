#include "proc/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"

#define POLL_US 200000
#define PATIENCE_S 600
#define HOLDER_MAX 256
#define S_NS 1000000000u

struct file_lock {
	int fd;
	char *path;
};

/* Best effort: a full disk must not stop anyone from working. */
static void say_holder(int fd)
{
	char command[128] = "", text[HOLDER_MAX];
	CLEANUP_CLOSE int from = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = from < 0 ? 0 : read(from, command, sizeof(command) - 1);

	for (ssize_t i = 0; i + 1 < n; i++)
		command[i] = command[i] ? command[i] : ' ';
	n = snprintf(text, sizeof(text), "%ld %lld %s\n", (long)getpid(), (long long)time(NULL),
		command);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return;
}

char *lock_holder(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[HOLDER_MAX] = "", clock[32], command[HOLDER_MAX] = "";
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	long long since;
	struct tm tm;
	time_t t;
	long pid;

	if (n <= 0 || sscanf(text, "%ld %lld %255[^\n]", &pid, &since, command) < 2 || pid <= 0)
		return xstrdup("another process");
	for (char *c = command; *c; c++)
		*c = *c < ' ' || *c > '~' ? '?' : *c;
	t = (time_t)since;
	if (!localtime_r(&t, &tm) || !strftime(clock, sizeof(clock), "%F %T", &tm))
		return xasprintf("pid %ld (%s)", pid, command);
	return xasprintf("pid %ld (%s), since %s", pid, command, clock);
}

/* Checks that the opened file is still the one at `path`, which its last holder may just have
 * removed, and that it is ours: if it had another name too, we would overwrite that file. 1: it is;
 * 0: try again; -1: error. */
static int is_lock(int fd, const char *path, struct err *err)
{
	struct stat st, now;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "cannot examine '%s'", path);
	if (lstat(path, &now) < 0 || now.st_ino != st.st_ino || now.st_dev != st.st_dev)
		return 0;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
		(st.st_uid != geteuid() && st.st_uid != 0)) {
		err_set(err, ERR_ENVIRONMENT, "the lock '%s' was not made by this user (but by %u)",
			path, st.st_uid);
		return err_hint(err, "remove it, or work in a folder where others cannot write");
	}
	return 1;
}

int lock_try(const char *path, int *fd, struct err *err)
{
	*fd = -1;
	for (;;) {
		CLEANUP_CLOSE int opened =
			open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		int got;

		if (opened < 0) {
			err_sys(err, "cannot create the lock '%s'", path);
			errno = 0;
			return -1;
		}
		while ((got = flock(opened, LOCK_EX | LOCK_NB)) < 0 && errno == EINTR)
			;
		if (got < 0 && errno != EWOULDBLOCK) {
			err_sys(err, "cannot lock '%s'", path);
			errno = ENOLCK;
			return -1;
		}
		if (got == 0) {
			got = is_lock(opened, path, err);
			errno = 0;
			if (got < 0)
				return -1;
			if (!got)
				continue;
			say_holder(opened);
			*fd = opened;
			opened = -1;
			return 1;
		}
		got = is_lock(opened, path, err);
		errno = 0;
		return got < 0 ? -1 : 0;
	}
}

uint64_t lock_patience(unsigned int seconds)
{
	const char *given = getenv("SOLDER_LOCK_TIMEOUT");
	char *end = NULL;
	unsigned long n = given ? strtoul(given, &end, 10) : 0;

	if (end && end != given && !*end && n <= UINT32_MAX)
		return n * (uint64_t)S_NS;
	return (uint64_t)seconds * S_NS;
}

int lock_gave_up(const char *path, uint64_t waited, struct err *err)
{
	CLEANUP_FREE char *holder = lock_holder(path);
	char duration[32];

	format_duration(duration, waited);
	err_set(err, ERR_ENVIRONMENT, "waited %s for %s, which holds '%s'", duration, holder, path);
	return err_hint(err, "end it, or wait longer with SOLDER_LOCK_TIMEOUT=SECONDS");
}

int lock_wait(const char *path, const char *busy, unsigned int seconds, struct progress *progress,
	int *fd, struct err *err)
{
	uint64_t start = clock_ns(), patience = lock_patience(seconds);
	bool said = false;
	int got;

	/* Poll, since a blocking call would miss a signal that arrives just before it. */
	while ((got = lock_try(path, fd, err)) == 0) {
		if (interrupt_check(err) < 0)
			return -1;
		if (clock_ns() - start >= patience) {
			lock_gave_up(path, clock_ns() - start, err);
			return err_wrap(err, "%s", busy);
		}
		if (!said) {
			CLEANUP_FREE char *holder = lock_holder(path);

			progress_say(progress, "%s: %s; waiting for it", busy, holder);
		}
		said = true;
		progress_tick(progress);
		usleep(POLL_US);
	}
	return got < 0 ? -1 : 0;
}

int lock_take(const char *path, const char *what, struct progress *progress, struct file_lock **ret,
	struct err *err)
{
	CLEANUP_FREE char *busy = xasprintf("another solder is writing in '%s'", what);
	struct err problem = ERR_INIT;
	int fd;

	*ret = NULL;
	errno = 0;
	if (lock_wait(path, busy, PATIENCE_S, progress, &fd, &problem) < 0) {
		if (errno == ENOLCK) {
			unlink(path);
			return 1;
		}
		*err = problem;
		return -1;
	}
	*ret = xcalloc(1, sizeof(**ret));
	**ret = (struct file_lock){fd, xstrdup(path)};
	return 0;
}

int folder_lock(
	const char *folder, struct progress *progress, struct file_lock **ret, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/.solder-lock", folder);

	return lock_take(path, folder, progress, ret, err);
}

/* Removes the file while still holding the lock: a waiter then notices that the file has
 * changed. */
void lock_release(struct file_lock *lock)
{
	if (!lock)
		return;
	unlink(lock->path);
	close(lock->fd);
	free(lock->path);
	free(lock);
}

void cleanup_file_lock(struct file_lock **lock)
{
	lock_release(*lock);
}

/* In a user namespace root's folders may appear to be nobody's. The owner of "/" can do anything
 * anyway. */
static bool is_trusted(uid_t owner)
{
	struct stat root;

	return owner == geteuid() || owner == 0 || (stat("/", &root) == 0 && owner == root.st_uid);
}

int folder_trust(const char *path, bool sticky, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_sys(err, "cannot examine '%s'", path);
	if (!is_trusted(st.st_uid)) {
		err_set(err, ERR_ENVIRONMENT, "'%s' belongs to another user (%u)", path, st.st_uid);
		return err_hint(err, "what is in it could be anything; use a folder of your own");
	}
	if (st.st_mode & 022 && !(sticky && st.st_mode & S_ISVTX)) {
		err_set(err, ERR_ENVIRONMENT, "other users can write in '%s'", path);
		return err_hint(err, "if what is in it is to be trusted: chmod -R go-w '%s'", path);
	}
	return 0;
}

int folder_trust_above(const char *path, struct err *err)
{
	CLEANUP_FREE char *at = path_absolute(path), *real = NULL;

	for (;;) {
		char *above = path_dir(at);

		free(at);
		at = above;
		real = realpath(at, NULL);
		if (real || !strcmp(at, "/"))
			break;
	}
	while (real) {
		char *above;

		if (folder_trust(real, true, err) < 0)
			return -1;
		if (!strcmp(real, "/"))
			break;
		above = path_dir(real);
		free(real);
		real = above;
	}
	return 0;
}
