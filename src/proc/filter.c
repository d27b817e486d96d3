/* The filter of system calls of a sandbox: what no build needs and what has opened sandboxes
 * before. Everything else is the kernel's to refuse, as it does to any process without
 * capabilities. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "proc/sandbox-internal.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#endif

#ifdef NATIVE

#define X32_BIT 0x40000000u
#define NEW_NAMESPACES                                                                             \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
		CLONE_NEWCGROUP)
#define MAX_CODE 256

static const unsigned int refused[] = {
	/* mounts */
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
	SYS_chroot,
	SYS_fsopen,
	SYS_fsconfig,
	SYS_fsmount,
	SYS_fspick,
	SYS_move_mount,
	SYS_open_tree,
	SYS_mount_setattr,
	467 /* open_tree_attr */,
	/* namespaces; clone is looked at below */
	SYS_unshare,
	SYS_setns,
	/* other processes */
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_process_madvise,
	SYS_kcmp,
	SYS_pidfd_getfd,
	/* keys: the keyring of the session is not in a namespace */
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
	/* what attacks on the kernel begin with */
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	/* files by handle, past every folder; notifications of whole file systems */
	SYS_open_by_handle_at,
	SYS_fanotify_init,
	/* the machine */
	SYS_kexec_load,
	SYS_kexec_file_load,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_reboot,
	SYS_swapon,
	SYS_swapoff,
	SYS_acct,
	SYS_syslog,
	SYS_quotactl,
	SYS_quotactl_fd,
	SYS_settimeofday,
	SYS_clock_settime,
	SYS_sethostname,
	SYS_setdomainname,
	SYS_vhangup,
#ifdef SYS_iopl
	SYS_iopl,
	SYS_ioperm,
	SYS_modify_ldt,
#endif
};

/* Those of the network namespace, and of files. AF_VSOCK, for one, is in none: it leads out of a
 * virtual machine. */
static const unsigned int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
/* They type for the user. */
static const unsigned int typing[] = {TIOCSTI, TIOCLINUX};

struct code {
	struct sock_filter v[MAX_CODE];
	unsigned short n;
};

static void add(
	struct code *c, unsigned int what, unsigned int value, unsigned int yes, unsigned int no)
{
	if (c->n == MAX_CODE)
		bug("the filter is too long");
	c->v[c->n++] = (struct sock_filter){
		(unsigned short)what, (unsigned char)yes, (unsigned char)no, value};
}

static void load(struct code *c, size_t offset)
{
	add(c, BPF_LD | BPF_W | BPF_ABS, (unsigned int)offset, 0, 0);
}

static void answer(struct code *c, unsigned int action)
{
	add(c, BPF_RET | BPF_K, action, 0, 0);
}

/* If the loaded word is `value`, the answer is `action`. */
static void answer_if(struct code *c, unsigned int value, unsigned int action)
{
	add(c, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	answer(c, action);
}

/* The lower half of an argument: the kernel takes no more of these, whatever the upper one holds.
 */
static void load_argument(struct code *c, unsigned int i)
{
	load(c, offsetof(struct seccomp_data, args) + i * sizeof(__u64));
}

static void fill(struct code *c)
{
	const unsigned int refuse = SECCOMP_RET_ERRNO | EPERM;

	/* The numbers mean something else to other kinds of programs. */
	load(c, offsetof(struct seccomp_data, arch));
	add(c, BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
	answer(c, SECCOMP_RET_KILL_PROCESS);
	load(c, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	add(c, BPF_JMP | BPF_JSET | BPF_K, X32_BIT, 0, 1);
	answer(c, SECCOMP_RET_KILL_PROCESS);
#endif
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		answer_if(c, refused[i], refuse);
	/* Its flags are in memory, which a filter cannot read; libc then takes clone. */
	answer_if(c, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);

	add(c, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
	load_argument(c, 0);
	add(c, BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1);
	answer(c, refuse);
	answer(c, SECCOMP_RET_ALLOW);

	add(c, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 2 + 2 * ARRAY_SIZE(typing));
	load_argument(c, 1);
	for (size_t i = 0; i < ARRAY_SIZE(typing); i++)
		answer_if(c, typing[i], refuse);
	answer(c, SECCOMP_RET_ALLOW);

	add(c, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 2 + 2 * ARRAY_SIZE(families));
	load_argument(c, 0);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		answer_if(c, families[i], SECCOMP_RET_ALLOW);
	answer(c, SECCOMP_RET_ERRNO | EAFNOSUPPORT);

	answer(c, SECCOMP_RET_ALLOW);
}

int sandbox_filter(int *fd, struct err *err)
{
	struct code c = {.n = 0};

	fill(&c);
	return sandbox_file(c.v, c.n * sizeof(c.v[0]), fd, err);
}

#else

int sandbox_filter(int *fd, struct err *err)
{
	(void)err;
	*fd = -1;
	return 0;
}

#endif
