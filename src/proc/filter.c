/* A sandbox's system call filter: blocks what no build needs and what has broken sandboxes before.
 * The rest is left to the kernel, as for any process without capabilities. */
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
#include "proc/proc-internal.h"

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
	/* namespaces; clone is handled below */
	SYS_unshare,
	SYS_setns,
	/* other processes */
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_process_madvise,
	SYS_kcmp,
	SYS_pidfd_getfd,
	/* keys: the session keyring is not namespaced */
	SYS_keyctl,
	SYS_add_key,
	SYS_request_key,
	/* common starting points of attacks on the kernel */
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	/* files by handle, bypassing all folders; notifications for whole file systems */
	SYS_open_by_handle_at,
	SYS_fanotify_init,
	/* machine state */
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

/* Families confined to the network namespace or the file system. AF_VSOCK, for one, is in no
 * namespace: it leads out of a virtual machine. */
static const unsigned int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
/* These inject input into the user's terminal. */
static const unsigned int typing[] = {TIOCSTI, TIOCLINUX};

struct code {
	struct sock_filter v[MAX_CODE];
	unsigned short n;
};

static void add(struct code *c, struct sock_filter insn)
{
	if (c->n == MAX_CODE)
		bug("the filter is too long");
	c->v[c->n++] = insn;
}

#define LOAD(offset) ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset)))
#define FIELD(name) LOAD(offsetof(struct seccomp_data, name))
/* The lower half of an argument: the kernel ignores the upper half of these. */
#define ARGUMENT(i) LOAD(offsetof(struct seccomp_data, args) + (i) * sizeof(__u64))
#define ANSWER(action) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, (action)))
/* Continues with the next instruction if equal, else skips the next `n`. */
#define UNLESS_EQUAL(value, n)                                                                     \
	((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (n)))
#define UNLESS_SET(bits, n)                                                                        \
	((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, (n)))

/* Returns `action` if the loaded word is one of the values. */
static void answer_for(struct code *c, const unsigned int *values, size_t n, unsigned int action)
{
	for (size_t i = 0; i < n; i++) {
		add(c, UNLESS_EQUAL(values[i], 1));
		add(c, ANSWER(action));
	}
}

int sandbox_filter(int *fd, struct err *err)
{
	const unsigned int refuse = SECCOMP_RET_ERRNO | EPERM, newer[] = {SYS_clone3};
	struct code c = {.n = 0};

	/* System call numbers mean something else on other architectures. */
	add(&c, FIELD(arch));
	add(&c, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0));
	add(&c, ANSWER(SECCOMP_RET_KILL_PROCESS));
	add(&c, FIELD(nr));
#ifdef __x86_64__
	add(&c, UNLESS_SET(X32_BIT, 1));
	add(&c, ANSWER(SECCOMP_RET_KILL_PROCESS));
#endif
	answer_for(&c, refused, ARRAY_SIZE(refused), refuse);
	/* clone3's flags are in memory, which a filter cannot read; libc then falls back to
	 * clone. */
	answer_for(&c, newer, ARRAY_SIZE(newer), SECCOMP_RET_ERRNO | ENOSYS);

	add(&c, UNLESS_EQUAL(SYS_clone, 4));
	add(&c, ARGUMENT(0));
	add(&c, UNLESS_SET(NEW_NAMESPACES, 1));
	add(&c, ANSWER(refuse));
	add(&c, ANSWER(SECCOMP_RET_ALLOW));

	add(&c, UNLESS_EQUAL(SYS_ioctl, 2 + 2 * ARRAY_SIZE(typing)));
	add(&c, ARGUMENT(1));
	answer_for(&c, typing, ARRAY_SIZE(typing), refuse);
	add(&c, ANSWER(SECCOMP_RET_ALLOW));

	add(&c, UNLESS_EQUAL(SYS_socket, 2 + 2 * ARRAY_SIZE(families)));
	add(&c, ARGUMENT(0));
	answer_for(&c, families, ARRAY_SIZE(families), SECCOMP_RET_ALLOW);
	add(&c, ANSWER(SECCOMP_RET_ERRNO | EAFNOSUPPORT));

	add(&c, ANSWER(SECCOMP_RET_ALLOW));
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
