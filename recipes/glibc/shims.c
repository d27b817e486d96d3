/* libc_nonshared.a: functions that today's headers declare, for C libraries that lack them.
 *
 * Each is compiled into an object of its own, by the variable ONLY_name, if the headers have such a
 * function and the floor has not: the recipe reads the names from here. They are hidden, so every file has its own and none
 * offers them to others. A system call that the kernel lacks fails with ENOSYS, as it does from a
 * newer C library. Where it is the C library that has to do the work, the running one is asked for
 * the function first. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

/* Defines a function under the name for the linker: the headers may declare the C name with other
 * attributes, or give it another name for the linker. */
#define SHIM(type, name, parameters)                                                               \
	__attribute__((visibility("hidden"), used)) type shim_##name parameters __asm__(#name);    \
	type shim_##name parameters
/* A function of the C library, whatever the headers make of its name. */
#define REAL(type, name, parameters) extern type real_##name parameters __asm__(#name)

/* ---- in libc_nonshared.a of every glibc ------------------------------------------------------ */

extern void *__dso_handle __attribute__((visibility("hidden")));

#ifdef ONLY_atexit
REAL(int, __cxa_atexit, (void (*)(void *), void *, void *));
SHIM(int, atexit, (void (*function)(void)))
{
	return real___cxa_atexit((void (*)(void *))(void (*)(void))function, NULL, __dso_handle);
}
#endif

#ifdef ONLY_at_quick_exit
REAL(int, __cxa_at_quick_exit, (void (*)(void *), void *));
SHIM(int, at_quick_exit, (void (*function)(void)))
{
	return real___cxa_at_quick_exit((void (*)(void *))(void (*)(void))function, __dso_handle);
}
#endif

#ifdef ONLY_pthread_atfork
REAL(int, __register_atfork, (void (*)(void), void (*)(void), void (*)(void), void *));
SHIM(int, pthread_atfork, (void (*prepare)(void), void (*parent)(void), void (*child)(void)))
{
	return real___register_atfork(prepare, parent, child, __dso_handle);
}
#endif

/* ---- 2.33: the version of struct stat, said by the caller before ------------------------------ */

#if defined(__x86_64__) || defined(__s390x__) || defined(__powerpc64__)
#define STAT_VERSION 1
#define MKNOD_VERSION 0
#elif defined(__arm__)
#define STAT_VERSION 3
#define MKNOD_VERSION 1
#else
#define STAT_VERSION 0
#define MKNOD_VERSION 0
#endif

#define STAT(name, old, record)                                                                    \
	REAL(int, old, (int, const char *, record *));                                             \
	SHIM(int, name, (const char *path, record *out))                                           \
	{                                                                                          \
		return real_##old(STAT_VERSION, path, out);                                        \
	}
#define FSTAT(name, old, record)                                                                   \
	REAL(int, old, (int, int, record *));                                                      \
	SHIM(int, name, (int fd, record *out))                                                     \
	{                                                                                          \
		return real_##old(STAT_VERSION, fd, out);                                          \
	}
#define FSTATAT(name, old, record)                                                                 \
	REAL(int, old, (int, int, const char *, record *, int));                                   \
	SHIM(int, name, (int dir, const char *path, record *out, int flags))                       \
	{                                                                                          \
		return real_##old(STAT_VERSION, dir, path, out, flags);                            \
	}

#ifdef ONLY_stat
STAT(stat, __xstat, struct stat)
#endif
#ifdef ONLY_stat64
STAT(stat64, __xstat64, struct stat64)
#endif
#ifdef ONLY_lstat
STAT(lstat, __lxstat, struct stat)
#endif
#ifdef ONLY_lstat64
STAT(lstat64, __lxstat64, struct stat64)
#endif
#ifdef ONLY_fstat
FSTAT(fstat, __fxstat, struct stat)
#endif
#ifdef ONLY_fstat64
FSTAT(fstat64, __fxstat64, struct stat64)
#endif
#ifdef ONLY_fstatat
FSTATAT(fstatat, __fxstatat, struct stat)
#endif
#ifdef ONLY_fstatat64
FSTATAT(fstatat64, __fxstatat64, struct stat64)
#endif

#ifdef ONLY_mknod
REAL(int, __xmknod, (int, const char *, mode_t, dev_t *));
SHIM(int, mknod, (const char *path, mode_t mode, dev_t device))
{
	return real___xmknod(MKNOD_VERSION, path, mode, &device);
}
#endif

#ifdef ONLY_mknodat
REAL(int, __xmknodat, (int, int, const char *, mode_t, dev_t *));
SHIM(int, mknodat, (int dir, const char *path, mode_t mode, dev_t device))
{
	return real___xmknodat(MKNOD_VERSION, dir, path, mode, &device);
}
#endif

/* ---- 2.28: fcntl with offsets of 64 bits, which it has always had where long has ------------- */

#ifdef ONLY_fcntl64
REAL(int, fcntl, (int, int, ...));
SHIM(int, fcntl64, (int fd, int command, ...))
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return real_fcntl(fd, command, argument);
}
#endif

/* ---- system calls ---------------------------------------------------------------------------- */

#ifdef ONLY_getrandom
SHIM(ssize_t, getrandom, (void *buffer, size_t size, unsigned int flags))
{
	return syscall(SYS_getrandom, buffer, size, flags);
}
#endif

#ifdef ONLY_getentropy
SHIM(int, getentropy, (void *buffer, size_t size))
{
	char *at = buffer;

	if (size > 256) {
		errno = EIO;
		return -1;
	}
	while (size) {
		long n = syscall(SYS_getrandom, at, size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}
#endif

#ifdef ONLY_memfd_create
SHIM(int, memfd_create, (const char *name, unsigned int flags))
{
	return (int)syscall(SYS_memfd_create, name, flags);
}
#endif

#ifdef ONLY_copy_file_range
SHIM(ssize_t, copy_file_range,
	(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t size, unsigned int flags))
{
	return syscall(SYS_copy_file_range, in, in_offset, out, out_offset, size, flags);
}
#endif

/* The kernel takes an offset in two halves, of which the lower is all of it where long is. Without
 * flags a kernel that lacks them does, too. */
#if __SIZEOF_LONG__ == 8
#define HALVES(offset) (long)(offset), 0L
#else
#define HALVES(offset) (long)(offset), (long)((uint64_t)(offset) >> 32)
#endif
#define VECTOR2(name, call, plain, flagless)                                                       \
	REAL(ssize_t, plain, (int, const struct iovec *, int, off64_t));                           \
	REAL(ssize_t, flagless, (int, const struct iovec *, int));                                 \
	SHIM(ssize_t, name, (int fd, const struct iovec *v, int n, off64_t offset, int flags))     \
	{                                                                                          \
		ssize_t got = syscall(call, fd, v, n, HALVES(offset), flags);                      \
                                                                                                   \
		if (got >= 0 || errno != ENOSYS)                                                   \
			return got;                                                                \
		if (flags) {                                                                       \
			errno = ENOTSUP;                                                           \
			return -1;                                                                 \
		}                                                                                  \
		return offset == -1 ? real_##flagless(fd, v, n) : real_##plain(fd, v, n, offset);  \
	}

#if defined(ONLY_preadv2) && __SIZEOF_LONG__ == 8
VECTOR2(preadv2, SYS_preadv2, preadv, readv)
#endif
#ifdef ONLY_preadv64v2
VECTOR2(preadv64v2, SYS_preadv2, preadv64, readv)
#endif
#if defined(ONLY_pwritev2) && __SIZEOF_LONG__ == 8
VECTOR2(pwritev2, SYS_pwritev2, pwritev, writev)
#endif
#ifdef ONLY_pwritev64v2
VECTOR2(pwritev64v2, SYS_pwritev2, pwritev64, writev)
#endif

#ifdef ONLY_statx
SHIM(int, statx, (int dir, const char *path, int flags, unsigned int mask, struct statx *out))
{
	return (int)syscall(SYS_statx, dir, path, flags, mask, out);
}
#endif

#ifdef ONLY_renameat2
SHIM(int, renameat2, (int from_dir, const char *from, int to_dir, const char *to, unsigned int how))
{
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, how);
}
#endif

#ifdef ONLY_gettid
SHIM(pid_t, gettid, (void))
{
	return (pid_t)syscall(SYS_gettid);
}
#endif

#ifdef ONLY_tgkill
SHIM(int, tgkill, (pid_t process, pid_t thread, int signal))
{
	return (int)syscall(SYS_tgkill, process, thread, signal);
}
#endif

#ifdef ONLY_getcpu
SHIM(int, getcpu, (unsigned int *cpu, unsigned int *node))
{
	return (int)syscall(SYS_getcpu, cpu, node, NULL);
}
#endif

#ifdef ONLY_mlock2
SHIM(int, mlock2, (const void *start, size_t size, unsigned int flags))
{
	return (int)syscall(SYS_mlock2, start, size, flags);
}
#endif

#ifdef ONLY_execveat
SHIM(int, execveat,
	(int dir, const char *path, char *const argv[], char *const envp[], int flags))
{
	return (int)syscall(SYS_execveat, dir, path, argv, envp, flags);
}
#endif

#ifdef ONLY_close_range
SHIM(int, close_range, (unsigned int first, unsigned int last, int flags))
{
	return (int)syscall(SYS_close_range, first, last, flags);
}
#endif

#ifdef ONLY_pidfd_open
SHIM(int, pidfd_open, (pid_t process, unsigned int flags))
{
	return (int)syscall(SYS_pidfd_open, process, flags);
}
#endif

#ifdef ONLY_pidfd_getfd
SHIM(int, pidfd_getfd, (int process, int fd, unsigned int flags))
{
	return (int)syscall(SYS_pidfd_getfd, process, fd, flags);
}
#endif

/* ---- descriptors from a number on -------------------------------------------------------------- */

#if defined(ONLY_closefrom) || defined(ONLY_posix_spawn_file_actions_addclosefrom_np)
/* Calls `each` for the open descriptors from `first` on, without memory of its own, since this may
 * be in a child between fork and exec. */
static int each_fd(int first, int (*each)(void *ctx, int fd), void *ctx)
{
	struct record {
		uint64_t inode;
		int64_t next;
		unsigned short size;
		unsigned char type;
		char name[];
	};
	_Alignas(struct record) char records[1024];
	int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed = 0;
	long n = -1;

	while (dir >= 0 && !failed && (n = syscall(SYS_getdents64, dir, records, sizeof(records))) > 0)
		for (long at = 0; at < n && !failed;) {
			const struct record *r = (const void *)(records + at);
			int fd = 0;

			for (const char *digit = r->name; *digit; digit++)
				fd = *digit == '.' ? -1 : fd * 10 + (*digit - '0');
			if (fd >= first && fd != dir)
				failed = each(ctx, fd);
			at += r->size;
		}
	if (dir >= 0)
		close(dir);
	if (!failed && n == 0)
		return 0;
	/* Without /proc: as many as there may be. */
	for (long fd = first; !failed && fd < sysconf(_SC_OPEN_MAX); fd++)
		if (fcntl((int)fd, F_GETFD) >= 0)
			failed = each(ctx, (int)fd);
	return failed;
}
#endif

#ifdef ONLY_closefrom
static int close_it(void *ctx, int fd)
{
	(void)ctx;
	close(fd);
	return 0;
}

SHIM(void, closefrom, (int first))
{
	first = first < 0 ? 0 : first;
	if (syscall(SYS_close_range, first, ~0U, 0) != 0)
		each_fd(first, close_it, NULL);
}
#endif

#ifdef ONLY_posix_spawn_file_actions_addclosefrom_np
typedef int add_closefrom(posix_spawn_file_actions_t *actions, int first);

static int add_close(void *actions, int fd)
{
	return posix_spawn_file_actions_addclose(actions, fd);
}

/* Without the C library's own, closes the descriptors that are open now. */
SHIM(int, posix_spawn_file_actions_addclosefrom_np, (posix_spawn_file_actions_t *actions, int first))
{
	add_closefrom *real = (add_closefrom *)(intptr_t)dlsym(
		RTLD_DEFAULT, "posix_spawn_file_actions_addclosefrom_np");

	if (real)
		return real(actions, first);
	return first < 0 ? EBADF : each_fd(first, add_close, actions);
}
#endif

/* ---- threads --------------------------------------------------------------------------------- */

#ifdef ONLY_sem_clockwait
typedef int clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until);

/* Without the C library's own, which waits by any clock, the time that is left is one of the clock
 * that can be set. */
SHIM(int, sem_clockwait, (sem_t *semaphore, clockid_t clock, const struct timespec *until))
{
	static clockwait *real;
	static int asked;
	struct timespec now, then = *until;

	if (!__atomic_load_n(&asked, __ATOMIC_ACQUIRE)) {
		__atomic_store_n(&real, (clockwait *)(intptr_t)dlsym(RTLD_DEFAULT, "sem_clockwait"),
			__ATOMIC_RELAXED);
		__atomic_store_n(&asked, 1, __ATOMIC_RELEASE);
	}
	if (real)
		return real(semaphore, clock, until);
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME) {
		errno = EINVAL;
		return -1;
	}
	if (clock == CLOCK_MONOTONIC && until->tv_nsec >= 0 && until->tv_nsec < 1000000000) {
		if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
			return -1;
		then.tv_sec -= now.tv_sec;
		then.tv_nsec -= now.tv_nsec;
		if (clock_gettime(CLOCK_REALTIME, &now) < 0)
			return -1;
		then.tv_sec += now.tv_sec;
		then.tv_nsec += now.tv_nsec;
		if (then.tv_nsec < 0) {
			then.tv_nsec += 1000000000;
			then.tv_sec--;
		} else if (then.tv_nsec >= 1000000000) {
			then.tv_nsec -= 1000000000;
			then.tv_sec++;
		}
	}
	return sem_timedwait(semaphore, &then);
}
#endif

/* ---- memory and strings ---------------------------------------------------------------------- */

#ifdef ONLY_explicit_bzero
SHIM(void, explicit_bzero, (void *start, size_t size))
{
	memset(start, 0, size);
	__asm__ volatile("" : : "r"(start) : "memory");
}
#endif

#ifdef ONLY___explicit_bzero_chk
REAL(void *, __memset_chk, (void *, int, size_t, size_t));
SHIM(void, __explicit_bzero_chk, (void *start, size_t size, size_t room))
{
	real___memset_chk(start, 0, size, room);
	__asm__ volatile("" : : "r"(start) : "memory");
}
#endif

#ifdef ONLY_reallocarray
SHIM(void *, reallocarray, (void *start, size_t n, size_t size))
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(start, all);
}
#endif

#ifdef ONLY_strlcpy
SHIM(size_t, strlcpy, (char *to, const char *from, size_t room))
{
	size_t n = strlen(from), fits = n < room ? n : room - 1;

	if (room) {
		memcpy(to, from, fits);
		to[fits] = '\0';
	}
	return n;
}
#endif

#ifdef ONLY_strlcat
SHIM(size_t, strlcat, (char *to, const char *from, size_t room))
{
	size_t before = strnlen(to, room), n = strlen(from), left = room - before;

	if (left) {
		size_t fits = n < left ? n : left - 1;

		memcpy(to + before, from, fits);
		to[before + fits] = '\0';
	}
	return before + n;
}
#endif

/* ---- 2.38: numbers of C23, which may begin with 0b ------------------------------------------- */

#define NUMBER(type, name)                                                                         \
	REAL(type, name, (const char *, char **, int));                                            \
	SHIM(type, __isoc23_##name, (const char *text, char **end, int base))                      \
	{                                                                                          \
		return real_##name(text, end, base);                                               \
	}
#define WIDE_NUMBER(type, name)                                                                    \
	REAL(type, name, (const wchar_t *, wchar_t **, int));                                      \
	SHIM(type, __isoc23_##name, (const wchar_t *text, wchar_t **end, int base))                \
	{                                                                                          \
		return real_##name(text, end, base);                                               \
	}
#define SCAN(name, plain, from)                                                                    \
	REAL(int, plain, (from, const char *, va_list));                                           \
	SHIM(int, __isoc23_##name, (from in, const char *format, ...))                             \
	{                                                                                          \
		va_list arguments;                                                                 \
		int n;                                                                             \
                                                                                                   \
		va_start(arguments, format);                                                       \
		n = real_##plain(in, format, arguments);                                           \
		va_end(arguments);                                                                 \
		return n;                                                                          \
	}
#define VSCAN(name, plain, from)                                                                   \
	REAL(int, plain, (from, const char *, va_list));                                           \
	SHIM(int, __isoc23_##name, (from in, const char *format, va_list arguments))               \
	{                                                                                          \
		return real_##plain(in, format, arguments);                                        \
	}

#ifdef ONLY___isoc23_strtol
NUMBER(long, strtol)
#endif
#ifdef ONLY___isoc23_strtoul
NUMBER(unsigned long, strtoul)
#endif
#ifdef ONLY___isoc23_strtoll
NUMBER(long long, strtoll)
#endif
#ifdef ONLY___isoc23_strtoull
NUMBER(unsigned long long, strtoull)
#endif
#ifdef ONLY___isoc23_strtoimax
NUMBER(intmax_t, strtoimax)
#endif
#ifdef ONLY___isoc23_strtoumax
NUMBER(uintmax_t, strtoumax)
#endif
#ifdef ONLY___isoc23_wcstol
WIDE_NUMBER(long, wcstol)
#endif
#ifdef ONLY___isoc23_wcstoul
WIDE_NUMBER(unsigned long, wcstoul)
#endif
#ifdef ONLY___isoc23_sscanf
SCAN(sscanf, __isoc99_vsscanf, const char *)
#endif
#ifdef ONLY___isoc23_fscanf
SCAN(fscanf, __isoc99_vfscanf, FILE *)
#endif
#ifdef ONLY___isoc23_vsscanf
VSCAN(vsscanf, __isoc99_vsscanf, const char *)
#endif
#ifdef ONLY___isoc23_vfscanf
VSCAN(vfscanf, __isoc99_vfscanf, FILE *)
#endif
