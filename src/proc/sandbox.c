#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/proc.h"
#include "proc/proc-internal.h"

/* For a trial that takes milliseconds: a busy machine must not be mistaken for one that forbids
 * it. */
#define TRIAL_MS 600000
#define CLOSED "bubblewrap: no network, read-only system"
#define OPEN ": network, files and processes of the machine are open to the build"
#ifdef SANDBOX_FILTERS
#define UNFILTERED
#define NESTED
#else
#define UNFILTERED "; not enforced: a filter of system calls"
#define NESTED ", a ban of further namespaces"
#endif

/* From strictest to loosest; the summary says what the later ones lack. bubblewrap before 0.8, or
 * set-user-ID, cannot disable user namespaces, but the filter refuses them as well. On machines
 * without user namespaces, root can still create the other ones. */
static const struct way {
	enum sandbox kind;
	const char *reason;
} ways[] = {
	{SANDBOX_BWRAP, CLOSED UNFILTERED},
	{SANDBOX_BWRAP_NESTED, CLOSED UNFILTERED NESTED},
	{SANDBOX_BWRAP_ROOT, CLOSED "; not enforced: a user namespace of its own" UNFILTERED},
};

int sandbox_file(const void *data, size_t len, int *fd, struct err *err)
{
	*fd = memfd_create("sandbox", MFD_CLOEXEC);
	if (*fd < 0 || write(*fd, data, len) != (ssize_t)len || lseek(*fd, 0, SEEK_SET) != 0)
		return err_sys(err, "cannot create a file in memory");
	return 0;
}

char *sandbox_view(enum sandbox kind, const char *host, size_t i)
{
	return kind == SANDBOX_NONE ? xstrdup(host) : xasprintf(SANDBOX_ROOT "-view-%zu", i);
}

void sandbox_bind(struct strv *argv, const char *how, const char *from, const char *to)
{
	const char *const words[] = {how, from, to};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		strv_add(argv, words[i]);
}

/* Shows the top of the file system; /bin stays a link if it is one. */
static void show_system(struct strv *argv)
{
	static const char *const tops[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
	/* Settings read by loaders, compilers and interpreters; no secrets, no user names. */
	static const char *const shown[] = {"/etc/ld.so.cache", "/etc/ld.so.conf",
		"/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/etc/os-release",
		"/etc/debian_version", "/etc/ssl/openssl.cnf", "/etc/ssl/certs",
		"/etc/pki/tls/certs", "/etc/crypto-policies", "/etc/perl", "/etc/clang",
		"/etc/protocols", "/etc/services", "/nix/store", "/gnu/store"};

	sandbox_bind(argv, "--ro-bind", "/usr", "/usr");
	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		char target[64];
		ssize_t n = readlink(tops[i], target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		if (n > 0)
			sandbox_bind(argv, "--symlink", target, tops[i]);
		else
			sandbox_bind(argv, "--ro-bind-try", tops[i], tops[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		sandbox_bind(argv, "--ro-bind-try", shown[i], shown[i]);
}

/* True for folders that contain someone's home. */
static bool is_wide(const char *dir)
{
	const char *home = getenv("HOME");
	CLEANUP_FREE char *above = path_dir(dir);
	size_t n = strlen(dir);

	return !strcmp(above, "/") || !strcmp(above, "/home") ||
	       (home && !strncmp(home, dir, n) && (home[n] == '/' || !home[n]));
}

static bool is_shown(const char *path, const struct strv *shown)
{
	static const char *const system[] = {"/usr", "/bin", "/sbin"};
	bool found = strv_has(shown, path);

	for (size_t i = 0; !found && i < shown->n + ARRAY_SIZE(system); i++) {
		const char *dir = i < shown->n ? shown->v[i] : system[i - shown->n];
		size_t n = strlen(dir);

		found = !strncmp(path, dir, n) && path[n] == '/';
	}
	return found;
}

/* Shows programs outside the system. A program in PREFIX/bin is shown with all of PREFIX; a link is
 * shown alone, without its folder. */
static void show_programs(const struct strv *programs, struct strv *argv)
{
	CLEANUP_STRV struct strv shown = STRV_INIT;

	for (size_t i = 0; programs && i < programs->n; i++) {
		const char *path = programs->v[i];
		CLEANUP_FREE char *real = path[0] == '/' ? realpath(path, NULL) : NULL;
		CLEANUP_FREE char *dir = real ? path_dir(real) : NULL;
		CLEANUP_FREE char *above = dir ? path_dir(dir) : NULL;
		const char *place;

		if (!real)
			continue;
		if (!strcmp(path_base(dir), "bin") && !is_wide(above))
			place = above;
		else
			place = is_wide(dir) ? real : dir;
		if (!is_shown(real, &shown)) {
			sandbox_bind(argv, "--ro-bind", place, place);
			strv_add(&shown, place);
		}
		if (strcmp(path, real) != 0 && !is_shown(path, &shown)) {
			sandbox_bind(argv, "--symlink", real, path);
			strv_add(&shown, path);
		}
	}
}

/* Generated files: user and host databases that programs look up, without the machine's own
 * data. */
static int add_files(struct strv *argv, struct strv *files, struct err *err)
{
	CLEANUP_FREE char *passwd = xasprintf("%sbuild:x:%u:%u::" SANDBOX_ROOT "/home:/bin/sh\n",
		getuid() ? "root:x:0:0::/:/bin/sh\n" : "", getuid(), getgid());
	CLEANUP_FREE char *group =
		xasprintf("%sbuild:x:%u:\n", getgid() ? "root:x:0:\n" : "", getgid());
	const char *const made[][2] = {{"/etc/passwd", passwd}, {"/etc/group", group},
		{"/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"}};
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		if (sandbox_file(made[i][1], strlen(made[i][1]), &fd, err) < 0)
			return -1;
		strv_addf(files, "%d", fd);
		strv_add(argv, "--file");
		strv_addf(argv, "%d", fd);
		strv_add(argv, made[i][0]);
	}
	if (sandbox_filter(&fd, err) < 0)
		return -1;
	if (fd >= 0) {
		strv_addf(files, "%d", fd);
		strv_add(argv, "--seccomp");
		strv_addf(argv, "%d", fd);
	}
	return 0;
}

int sandbox_prefix(enum sandbox kind, const char *root, const struct strv *views,
	const struct strv *programs, const struct strv *opened, struct strv *argv,
	struct strv *files, struct err *err)
{
	/* Root's build is also root to these files in its user namespace, and the kernel lets root
	 * write its settings without any capability. */
	static const char *const settings[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq",
		"/proc/bus", "/proc/fs", "/proc/acpi", "/proc/scsi", "/proc/asound", "/proc/driver",
		"/proc/mtrr", "/proc/pressure"};

	if (kind == SANDBOX_NONE)
		return 0;
	strv_split(argv,
		"bwrap --unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup-try --hostname "
		"localhost --cap-drop ALL --new-session --die-with-parent",
		" ");
	if (!opened)
		strv_add(argv, "--unshare-net");
	if (kind != SANDBOX_BWRAP_ROOT)
		strv_add(argv, "--unshare-user");
	if (kind == SANDBOX_BWRAP)
		strv_add(argv, "--disable-userns");
	show_system(argv);
	strv_split(argv,
		"--proc /proc --dev /dev --tmpfs /dev/shm --tmpfs /tmp --tmpfs /var/tmp --dir /run "
		"--dir /home --dir /root",
		" ");
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		sandbox_bind(argv, "--ro-bind-try", settings[i], settings[i]);
	show_programs(programs, argv);
	sandbox_bind(argv, "--bind", root, SANDBOX_ROOT);
	for (size_t i = 0; views && i < views->n; i++) {
		CLEANUP_FREE char *seen = sandbox_view(kind, views->v[i], i);

		sandbox_bind(argv, "--ro-bind", views->v[i], seen);
	}
	if (add_files(argv, files, err) < 0)
		return -1;
	for (size_t i = 0; opened && i < opened->n; i++)
		strv_add(argv, opened->v[i]);
	/* From then on nothing can be made in "/". */
	strv_split(argv, "--remount-ro /dev --remount-ro / --chdir /", " ");
	return 0;
}

void sandbox_release(struct strv *files)
{
	for (size_t i = 0; i < files->n; i++)
		close((int)strtol(files->v[i], NULL, 10));
	strv_release(files);
}

/* Being installed is not enough: containers often forbid the namespaces it needs. */
static int try_bwrap(enum sandbox kind, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP(sandbox_release) struct strv files = STRV_INIT;
	CLEANUP_BUF struct buf output = BUF_INIT;
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1, .fds = &files};

	if (sandbox_prefix(kind, "/tmp", NULL, NULL, NULL, &argv, &files, err) < 0)
		return -1;
	strv_split(&argv, "/bin/sh -c", " ");
	strv_add(&argv, "test -w " SANDBOX_ROOT);
	if (proc_run(&spec, true, 1000, TRIAL_MS, &output, err) == 0)
		return 0;
	if (err->code != ERR_CHILD)
		return -1;
	return err_set(err, ERR_UNSUPPORTED, "%s", output.len ? output.data : err->msg);
}

int sandbox_choose(const char *wanted, enum sandbox *ret, const char **reason, struct err *err)
{
	CLEANUP_FREE char *program = find_program("bwrap");
	struct err first = ERR_INIT, problem = ERR_INIT;

	*ret = SANDBOX_NONE;
	if (!strcmp(wanted, "none")) {
		*reason = "none, as asked for" OPEN;
		return 0;
	}
	for (size_t i = 0; program && i < ARRAY_SIZE(ways); i++) {
		if (ways[i].kind == SANDBOX_BWRAP_ROOT && geteuid() != 0)
			break;
		if (try_bwrap(ways[i].kind, &problem) == 0) {
			*ret = ways[i].kind;
			*reason = ways[i].reason;
			return 0;
		}
		if (problem.code != ERR_UNSUPPORTED) {
			*err = problem;
			return -1;
		}
		first = i ? first : problem;
	}
	if (!strcmp(wanted, "auto")) {
		*reason = program ? "none, bubblewrap is not permitted on this machine" OPEN
				  : "none, bubblewrap is not installed" OPEN;
		return 0;
	}
	if (!program) {
		err_set(err, ERR_ENVIRONMENT, "the program 'bwrap' is not installed");
		return err_hint(err, "install the package bubblewrap, or use --sandbox none");
	}
	*err = first;
	err_wrap(err, "bubblewrap does not work here");
	return err_hint(err, "use --sandbox none");
}
