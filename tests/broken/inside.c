/* Tries, from inside a step, what a sandbox must refuse: inside SOCKET NAME PORT FOLDER SANDBOX. A
 * line for each, "closed" or "OPEN", what it was, and why. With the sandbox "none", only what harms
 * nobody when it works. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, int open, const char *why)
{
	printf("%s %s: %s\n", open ? "OPEN  " : "closed", what, why);
}

/* A call that must fail. */
static void refused(const char *what, long result)
{
	say(what, result >= 0, result >= 0 ? "it works" : strerror(errno));
}

/* A call that must end its caller, or fail there. */
static void deadly(const char *what, void (*call)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		call();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say(what, WIFEXITED(status) && WEXITSTATUS(status) == 0,
		WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "the process ended itself");
}

static void descriptors(void)
{
	const char *flags = getenv("MAKEFLAGS"), *auth = flags ? strstr(flags, "auth=") : NULL;
	int r = -1, w = -1, others = 0;
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;

	if (auth)
		sscanf(auth, "auth=%d,%d", &r, &w);
	while (dir && (e = readdir(dir))) {
		int fd = (int)strtol(e->d_name, NULL, 10);

		others += fd > 2 && fd != r && fd != w && fd != dirfd(dir);
	}
	say("descriptors besides output and jobserver", !dir || others,
		others ? "there are some" : "none");
}

static void terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave = -1;

	refused("/dev/tty", open("/dev/tty", O_RDWR));
	if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0) {
		setsid();
		slave = open(ptsname(master), O_RDWR);
		ioctl(slave, TIOCSCTTY, 1);
	}
	if (slave < 0)
		return;
	refused("typing (TIOCSTI)", syscall(SYS_ioctl, slave, TIOCSTI, "x"));
	refused("typing, written with 64 bits",
		syscall(SYS_ioctl, slave, 1ul << 32 | TIOCSTI, "x"));
	refused("typing (TIOCLINUX)", syscall(SYS_ioctl, slave, TIOCLINUX, "\3"));
}

static void status_line(const char *name, const char *wanted)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256], what[64];
	size_t n = strlen(name);

	snprintf(what, sizeof(what), "%s of a process", name);
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, n) != 0 || line[n] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		say(what, strcmp(line + n + 2, wanted) != 0, line + n + 2);
	}
	if (f)
		fclose(f);
}

static void mounts(void)
{
	refused("remount / writable", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
	refused("remount /usr writable", mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL));
	refused("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	refused("umount", umount2("/tmp", MNT_DETACH));
	refused("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
	refused("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
	refused("open_tree", syscall(SYS_open_tree, -1, "/", 1));
	refused("mount_setattr", syscall(SYS_mount_setattr, -1, "/", 0, NULL, 0));
	refused("mknod of a disk", mknod("/tmp/disk", S_IFBLK | 0600, makedev(8, 0)));
}

static void namespaces(void)
{
	struct {
		unsigned long long v[8];
	} args = {{CLONE_NEWUSER, 0, 0, 0, SIGCHLD}};
	long pid;

	/* In a process of its own: it could not go back. */
	pid = fork();
	if (pid == 0) {
		refused("unshare(CLONE_NEWUSER)", unshare(CLONE_NEWUSER));
		fflush(stdout);
		_exit(0);
	}
	waitpid((pid_t)pid, NULL, 0);
	pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	refused("clone(CLONE_NEWUSER)", pid);
	pid = syscall(SYS_clone3, &args, 64);
	if (pid == 0)
		_exit(0);
	refused("clone3(CLONE_NEWUSER)", pid);
	refused("setns", setns(open("/proc/1/ns/mnt", O_RDONLY), 0));
}

static void processes(void)
{
	DIR *dir = opendir("/proc");
	int n = 0;
	struct dirent *e;
	char why[64];

	while (dir && (e = readdir(dir)))
		n += (int)strtol(e->d_name, NULL, 10) > 0;
	snprintf(why, sizeof(why), "%d processes", n);
	say("processes of the machine", n > 8, why);
	if (dir)
		closedir(dir);
}

static void tracing(void)
{
	char byte;
	struct iovec here = {&byte, 1}, there = {&byte, 1};

	refused("ptrace of the parent", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
	refused("process_vm_readv", process_vm_readv(getpid(), &here, 1, &there, 1, 0));
}

static void kernel(void)
{
	char nothing[128] = {0};

	refused("keyctl", syscall(SYS_keyctl, 0, -3, 1));
	refused("add_key", syscall(SYS_add_key, "user", "solder", "x", 1, -3));
	refused("bpf", syscall(SYS_bpf, 0, nothing, sizeof(nothing)));
	refused("perf_event_open", syscall(SYS_perf_event_open, nothing, 0, -1, -1, 0));
	refused("userfaultfd", syscall(SYS_userfaultfd, 1));
	refused("io_uring", syscall(SYS_io_uring_setup, 1, nothing));
	refused("init_module", syscall(SYS_init_module, nothing, 0, ""));
	refused("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	refused("/proc/sys/kernel/core_pattern", open("/proc/sys/kernel/core_pattern", O_WRONLY));
	refused("/proc/sysrq-trigger", open("/proc/sysrq-trigger", O_WRONLY));
	refused("/sys/kernel", open("/sys/kernel", O_RDONLY));
	refused("/dev/kmsg", open("/dev/kmsg", O_RDONLY));
}

static void unix_socket(const char *what, const char *name, int abstract)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t n = strlen(name) < sizeof(a.sun_path) - 1 ? strlen(name) : sizeof(a.sun_path) - 2;

	memcpy(a.sun_path + abstract, name, n);
	refused(what, connect(fd, (struct sockaddr *)&a,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1)));
	close(fd);
}

static void sockets(const char *path, const char *name, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	unix_socket("socket with a path", path, 0);
	unix_socket("socket with a name", name, 1);
	refused("loopback", connect(fd, (struct sockaddr *)&a, sizeof(a)));
	a.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1, for documentation */
	refused("network", connect(fd, (struct sockaddr *)&a, sizeof(a)));
	close(fd);
	refused("socket of the virtual machine's host", socket(40 /* AF_VSOCK */, SOCK_STREAM, 0));
}

static void empty(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	int n = 0;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	say(folder, n, n ? "it has something" : dir ? "empty" : strerror(errno));
	if (dir)
		closedir(dir);
}

static void writes(const char *folder)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/solder-probe", folder);
	if (open(path, O_WRONLY | O_CREAT, 0600) >= 0) {
		unlink(path);
		say(path, 1, "written");
		return;
	}
	say(path, 0, strerror(errno));
}

#ifdef __x86_64__
static void compat_call(void)
{
	unsigned int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
}

static void x32_call(void)
{
	syscall(0x40000000L | SYS_getpid);
}
#endif

int main(int argc, char **argv)
{
	static const char *const folders[] = {"", "/usr", "/etc", "/dev", "/run", "/home", "/root"};
	static const char *const homes[] = {"/run", "/home", "/root", "/mnt", "/media", "/srv",
		"/opt", "/boot", "/var/lib", "/var/run"};

	if (argc != 6)
		return 64;
	setvbuf(stdout, NULL, _IOLBF, 0);
	descriptors();
	terminal();
	status_line("CapEff", "0000000000000000");
	status_line("CapPrm", "0000000000000000");
	status_line("CapBnd", "0000000000000000");
	status_line("NoNewPrivs", "1");
	status_line("Seccomp", "2");
	processes();
	if (strcmp(argv[5], "none") != 0) {
		mounts();
		namespaces();
		tracing();
		kernel();
	}
#ifdef __x86_64__
	deadly("system calls of 32 bits", compat_call);
	deadly("system calls of x32", x32_call);
#endif
	sockets(argv[1], argv[2], (int)strtol(argv[3], NULL, 10));
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++)
		empty(homes[i]);
	empty(argv[4]);
	refused("/etc/shadow", open("/etc/shadow", O_RDONLY));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && strcmp(argv[5], "none"); i++)
		writes(folders[i]);
	writes(argv[4]);
	return 0;
}
