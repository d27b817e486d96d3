/* Functions that are newer than musl 1.2.0, the oldest that wheels and trees for musllinux_1_2 may
 * meet. musl's symbols have no versions: what is linked with a newer one and uses a newer function
 * does not start with an older one. So each file has its own of these, hidden, and the library is
 * asked for nothing that came later. The recipe compiles each function by itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* An offset goes to the kernel in two words of the machine; on 64 bits the second one is ignored.
 */
#define LOW(offset) (long)(offset)
#define HIGH(offset) (long)((unsigned long long)(offset) >> 32)

#if defined ONLY_preadv2 /* 1.2.5 */
HIDDEN ssize_t preadv2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	return syscall(SYS_preadv2, fd, iov, n, LOW(offset), HIGH(offset), flags);
}
#endif

#if defined ONLY_pwritev2 /* 1.2.5 */
HIDDEN ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	return syscall(SYS_pwritev2, fd, iov, n, LOW(offset), HIGH(offset), flags);
}
#endif

#if defined ONLY_statx /* 1.2.5 */
HIDDEN int statx(
	int dir, const char *restrict path, int flags, unsigned mask, struct statx *restrict st)
{
	return (int)syscall(SYS_statx, dir, path, flags, mask, st);
}
#endif

#if defined ONLY_renameat2 /* 1.2.6 */
HIDDEN int renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}
#endif

#if defined ONLY_gettid /* 1.2.2 */
HIDDEN pid_t gettid(void)
{
	return (pid_t)syscall(SYS_gettid);
}
#endif

#if defined ONLY_reallocarray /* 1.2.2 */
HIDDEN void *reallocarray(void *at, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(at, bytes);
}
#endif

#if defined ONLY_tcgetwinsize /* 1.2.2 */
HIDDEN int tcgetwinsize(int fd, struct winsize *size)
{
	return ioctl(fd, TIOCGWINSZ, size);
}
#endif

#if defined ONLY_tcsetwinsize /* 1.2.2 */
HIDDEN int tcsetwinsize(int fd, const struct winsize *size)
{
	return ioctl(fd, TIOCSWINSZ, size);
}
#endif

#if defined ONLY_qsort_r /* 1.2.3 */
static void swap(char *a, char *b, size_t n)
{
	for (; n--; a++, b++) {
		char c = *a;

		*a = *b;
		*b = c;
	}
}

/* By a heap: in place, and never slower than n log n. */
HIDDEN void qsort_r(void *base, size_t n, size_t size,
	int (*compare)(const void *, const void *, void *), void *arg)
{
	char *v = base;

	for (size_t root = n / 2, end = n; end > 1;) {
		if (root)
			root--;
		else
			swap(v, v + --end * size, size);
		for (size_t at = root, child; (child = 2 * at + 1) < end; at = child) {
			if (child + 1 < end &&
				compare(v + child * size, v + (child + 1) * size, arg) < 0)
				child++;
			if (compare(v + at * size, v + child * size, arg) >= 0)
				break;
			swap(v + at * size, v + child * size, size);
		}
	}
}
#endif
