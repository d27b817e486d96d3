/* What a step sees of the machine that made it. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"

#define OUTPUT_MAX ((size_t)32 << 20)
/* Asking takes milliseconds; a busy machine must not be mistaken for one that cannot. */
#define TIMEOUT_MS 600000

/* Declarations and macros of all headers that programs for POSIX and Linux ask for. */
static const char headers[] =
	"aio alloca arpa/inet assert bits/wordsize complex crypt ctype dirent dlfcn elf endian errno "
	"fcntl features fenv float fnmatch ftw getopt glob gnu/libc-version grp iconv ifaddrs "
	"inttypes langinfo libgen libintl limits link linux/auxvec linux/can linux/fs "
	"linux/if_alg linux/limits linux/memfd linux/netlink linux/random linux/soundcard "
	"linux/tipc linux/types linux/version linux/vm_sockets linux/wait locale malloc math "
	"mqueue net/if netdb netinet/in netinet/tcp netpacket/packet nl_types poll pthread pty pwd "
	"regex resolv sched search semaphore setjmp shadow signal spawn stdalign stdarg stdatomic "
	"stdbool stddef stdint stdio stdlib string strings sys/auxv sys/epoll sys/eventfd sys/file "
	"sys/ioctl sys/ipc sys/mman sys/mount sys/msg sys/param sys/poll sys/prctl sys/ptrace "
	"sys/random sys/resource sys/select sys/sem sys/sendfile sys/shm sys/socket sys/stat "
	"sys/statfs sys/statvfs sys/syscall sys/sysinfo sys/sysmacros sys/time sys/timerfd sys/times "
	"sys/types sys/ucontext sys/uio sys/un sys/utsname sys/wait sys/xattr syslog tar termios "
	"threads time uchar ucontext unistd utime utmp utmpx wchar wctype wordexp";

/* What a link takes without being told: of each package of the system one file or two, since asking
 * takes time. */
static const char files[] = "Scrt1.o crti.o libc.so libc.so.6 libc.a libc_nonshared.a libm.so.6 "
			    "crtbeginS.o libgcc.a libgcc_s.so.1";

/* Runs the compiler in a script, as "$@"; `words` is $0. */
static int ask(const struct toolchain *t, const char *script, const char *words, struct buf *out,
	struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	const struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};

	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-c");
	strv_add(&argv, script);
	strv_add(&argv, words);
	toolchain_command(t, &argv);
	return proc_run(&spec, false, OUTPUT_MAX, TIMEOUT_MS, out, err);
}

/* The digest of what the compiler makes of the headers that are there. */
static int digest_headers(const struct toolchain *t, char hex[SHA256_HEX_SIZE], struct err *err)
{
	static const char script[] =
		"for h in $0; do "
		"printf '#if __has_include(<%s.h>)\\n#include <%s.h>\\n#endif\\n' $h $h; "
		"done | \"$@\" -D_GNU_SOURCE -E -dD -P -x c -";
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (ask(t, script, headers, &text, err) < 0)
		return err_wrap(err, "reading the system's headers");
	sha256_hex(text.data ? text.data : "", text.len, hex);
	return 0;
}

/* The digest of the files that the compiler finds by itself; it repeats the names of others. */
static int digest_files(const struct toolchain *t, char hex[SHA256_HEX_SIZE], struct err *err)
{
	static const char script[] = "for f in $0; do \"$@\" -print-file-name=$f || exit; done; "
				     "\"$@\" -print-prog-name=as";
	CLEANUP_BUF struct buf names = BUF_INIT, text = BUF_INIT;
	CLEANUP_STRV struct strv paths = STRV_INIT;

	if (ask(t, script, files, &names, err) < 0)
		return err_wrap(err, "asking for the system's libraries");
	strv_split(&paths, names.data, "\n");
	for (size_t i = 0; i < paths.n; i++) {
		CLEANUP_FREE char *path = find_program(paths.v[i]);
		const char *found = path ? path : paths.v[i];

		hex[0] = '\0';
		if (*found == '/' && sha256_file(found, hex, NULL, err) < 0)
			return -1;
		buf_addf(&text, "%s %s\n", path_base(found), hex);
	}
	sha256_hex(text.data, text.len, hex);
	return 0;
}

/* The first line of `a` that differs in `b`, up to its '='. */
static char *first_difference(const char *a, const char *b)
{
	CLEANUP_STRV struct strv here = STRV_INIT, there = STRV_INIT;

	strv_split(&here, a, "\n");
	strv_split(&there, b, "\n");
	for (size_t i = 0; i < here.n; i++)
		if (i >= there.n || strcmp(here.v[i], there.v[i]) != 0)
			return xstrndup(here.v[i], strcspn(here.v[i], "="));
	return xstrdup("something");
}

int cpython_check_system(const char *compiler, const char *expected, enum sandbox sandbox,
	const char *reason, struct err *err)
{
	size_t n = compiler ? strcspn(compiler, " ") : 0;
	CLEANUP_FREE char *cc = xstrndup(compiler ? compiler : "", n);
	CLEANUP_FREE char *flags = compiler && compiler[n] ? xstrdup(compiler + n) : NULL;
	const struct toolchain t = {.cc = cc, .cross_flags = flags};
	CLEANUP_FREE char *system = NULL, *what = NULL;

	if (!compiler)
		return 0;
	if (system_identify(&t, sandbox, &system, err) < 0)
		return -1;
	if (!strcmp(system, expected))
		return 0;
	what = first_difference(system, expected);
	err_set(err, ERR_ENVIRONMENT,
		"this machine is not like the one that asks for the step: '%s' differs", what);
	if (!strcmp(what, "sandbox"))
		return err_hint(err, "choose --sandbox alike; here it is %s", reason);
	return err_hint(err, "let both have the same packages");
}

int system_identify(const struct toolchain *t, enum sandbox sandbox, char **ret, struct err *err)
{
	char of_headers[SHA256_HEX_SIZE], of_files[SHA256_HEX_SIZE];

	if (digest_headers(t, of_headers, err) < 0 || digest_files(t, of_files, err) < 0)
		return -1;
	*ret = xasprintf("sandbox=%s\nheaders=%s\nlibraries=%s",
		sandbox == SANDBOX_NONE ? "none" : "closed", of_headers, of_files);
	return 0;
}
