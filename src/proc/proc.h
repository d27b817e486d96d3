/* Child processes: start, watch, end.
 *
 * Between us and every child runs a guardian, a process of ours that never executes another
 * program. It survives if we are killed and, when the child or we end, kills every process that the
 * child started, wherever it went: nothing is left behind. Children have no terminal and inherit
 * only the descriptors that are listed.
 */
#ifndef SOLDER_PROC_H
#define SOLDER_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Resource limits of a child; 0: same as ours. A child with any limit dumps no core. */
struct proc_limits {
	uint64_t memory;  /* bytes of address space */
	uint64_t data;    /* bytes of private memory */
	uint64_t file;    /* size in bytes of each file that it writes */
	unsigned int cpu; /* seconds of processor time, for each process */
};

struct proc_spec {
	/* argv[0] is looked up on the PATH of `env`. NULL: no program, the child only calls
	 * `run`. */
	const struct strv *argv;
	const struct strv *env; /* "NAME=value"; NULL: proc_clean_environment() */
	const char *cwd;        /* NULL: ours */
	int out;                /* descriptor for stdout and stderr; -1: /dev/null */
	int err;                /* descriptor for stderr alone; -1: the same as out */
	const struct strv *fds; /* descriptors that the child inherits, as numbers; may be NULL */
	/* Stays open until the child and everything it started are gone, even if we are killed, so
	 * that nobody else gets the lock before then. 0: none. */
	int lock;
	unsigned int grace_ms;     /* time to end after a SIGTERM; 0: three seconds */
	unsigned int time_ms;      /* time after which proc_wait_any() ends it; 0: never */
	struct proc_limits limits; /* apply to `run`, too */
	pid_t *pid;                /* receives the child's pid from proc_run(); may be NULL */
	/* Runs in the child, before its program if it has one. An error ends the child and is
	 * reported by proc_result(). It works on a copy of our memory: return results through
	 * files. */
	int (*run)(void *ctx, struct err *err);
	void *ctx;
};

struct proc;

int proc_start(const struct proc_spec *spec, struct proc **ret, struct err *err);
/* Sends SIGTERM to the process group of a running child; does not wait. NULL is fine. */
void proc_terminate(struct proc *p);
/* Terminates a running child, kills it after its grace period, and frees. */
void proc_free(struct proc *p);
void cleanup_proc(struct proc **p);

/* Waits up to timeout_ms for any child to end (NULL entries are skipped); returns its index, or -1
 * if none ended or a signal came. */
int proc_wait_any(struct proc *const *procs, size_t n, int timeout_ms);

/* The pid of the child itself; waits until it has started. 0 if it never did. */
pid_t proc_pid(struct proc *p);
/* True if it was ended for exceeding its time, which proc_result() reports. */
bool proc_late(const struct proc *p);

/* For a child that was forked elsewhere, before exec: resets signal handlers to default, unblocks
 * all signals, and closes the descriptors from 3 on except `fds` (may be NULL). */
void proc_seal(const struct strv *fds);

/* The result of an ended child: 0 if it exited with 0, else -1 and an error (ERR_CHILD) such as
 * "exit code 2" or "killed by SIGSEGV", or the error of `run`. */
int proc_result(struct proc *p, struct err *err);

/* Runs a child to its end and captures up to max_output bytes of stdout (and stderr if `both`).
 * Fails as proc_result() does, but the output is set even then. timeout_ms 0: no limit. */
int proc_run(const struct proc_spec *spec, bool both, size_t max_output, unsigned int timeout_ms,
	struct buf *output, struct err *err);

/* Concurrent children.
 *
 * The pool calls start() for children as long as it has free places, and end() for each child in
 * the order in which they end; for another order, store results by job. After an error from either,
 * or an interrupt, it starts nothing more, ends all running children at once, and calls drop() for
 * each instead of end().
 */
enum pool_next { POOL_STARTED, POOL_NOT_NOW, POOL_NO_MORE };
#define POOL_PLACES 64

struct proc_pool {
	unsigned int jobs; /* maximum running at a time, at most POOL_PLACES; 0: processors() */
	struct progress *progress; /* kept alive; may be NULL */
	/* Starts a child and sets its job, or reports that none is ready yet (it is called again
	 * ten times a second) or none is left. Returns -1 on error. */
	int (*start)(void *ctx, struct proc **ret, void **job, struct err *err);
	/* Called when the child has ended, before it is freed. */
	int (*end)(void *ctx, void *job, struct proc *proc, struct err *err);
	void (*drop)(void *ctx, void *job); /* may be NULL */
	void *ctx;
};

int proc_pool_run(const struct proc_pool *pool, struct err *err);

/* Adds the minimum that a program needs: our PATH, HOME and TMPDIR, and LC_ALL=C.UTF-8. Nothing
 * else of ours reaches a child: no tokens, no keys, nothing that changes its behaviour. */
void proc_clean_environment(struct strv *env);

/* The text as one word for a shell, whatever is in it; to be freed. */
char *proc_quote(const char *text);
/* Adds NAME=value for each name set in our own environment. */
void proc_keep(const char *const *names, size_t n, struct strv *env);

/* Adds the environment for querying other programs: our PATH and HOME, and LC_ALL=C.UTF-8; with
 * `libraries` also LD_LIBRARY_PATH, which affects what they load. Nothing else of ours, so no
 * tokens and no keys. */
void proc_ask_environment(bool libraries, struct strv *env);

/* A GNU make jobserver shared by all children: `tokens` jobs run at a time in total. Each running
 * child needs one token of its own, taken with jobserver_acquire(). */
struct jobserver;
int jobserver_new(unsigned int tokens, struct jobserver **ret, struct err *err);
void jobserver_free(struct jobserver *j);
/* Takes a token if one is available now. */
bool jobserver_acquire(struct jobserver *j);
void jobserver_release(struct jobserver *j);
/* The value for MAKEFLAGS, and the descriptors that a child must inherit. */
void jobserver_makeflags(const struct jobserver *j, struct buf *out);
void jobserver_fds(const struct jobserver *j, struct strv *fds);

/* How a build is isolated from the machine: not at all; by bubblewrap; by a bubblewrap that cannot
 * disable user namespaces; by one without a user namespace, as root. */
enum sandbox { SANDBOX_NONE, SANDBOX_BWRAP, SANDBOX_BWRAP_NESTED, SANDBOX_BWRAP_ROOT };

/* Resolves "auto|bwrap|none": auto uses bubblewrap if it is installed and works. `reason` receives
 * a static text for the summary, saying what is not enforced. An explicit bwrap that does not work
 * is an error. */
int sandbox_choose(const char *wanted, enum sandbox *ret, const char **reason, struct err *err);

/* The path of a step's root as its programs see it. */
#define SANDBOX_ROOT "/tmp/solder"

/* Adds the words to put in front of a command. Inside, it sees `root`, writable, as SANDBOX_ROOT;
 * read-only, the folders in `views` under the names from sandbox_view(), /usr, a few files of /etc,
 * and the locations of the absolute paths in `programs`, if elsewhere; and empty or private folders
 * for the rest. It has no network, no capabilities, no terminal and no view of outside processes,
 * and a filter refuses system calls that no build needs. `files` receives descriptors that the
 * command must inherit. Adds nothing for NONE. Views and programs may be NULL. With `opened` the
 * network is open, and these words of bubblewrap's mount more. */
int sandbox_prefix(enum sandbox kind, const char *root, const struct strv *views,
	const struct strv *programs, const struct strv *opened, struct strv *argv,
	struct strv *files, struct err *err);
/* Adds words of bubblewrap's: "--ro-bind" and its kin, and two paths. */
void sandbox_bind(struct strv *argv, const char *how, const char *from, const char *to);
/* Closes them once the command has started. */
void sandbox_release(struct strv *files);

/* The path of the i-th view, the folder `host`, inside the sandbox; the caller frees it. */
char *sandbox_view(enum sandbox kind, const char *host, size_t i);

/* Machines, by their numbers in ELF files (EM_AARCH64): ours, those whose programs the processor
 * runs, and those whose programs qemu-user runs. */
uint16_t machine_here(void);
bool machine_runs(uint16_t elf);
/* "qemu-aarch64", or "qemu-aarch64-static" if only that is installed; none need be. NULL: not
 * needed, or none is known. */
const char *machine_emulator(uint16_t elf);
/* The folder below which Debian's packages for cross-compiling have the C library of another
 * machine; NULL: there is none. The caller frees it. */
char *machine_root(uint16_t elf);
/* The program of binutils that knows files of this machine: "objcopy", or
 * "aarch64-linux-gnu-objcopy". The caller frees it. */
char *machine_tool(uint16_t elf, const char *tool);
/* Adds the words to put in front of a program of another machine, by its path: its emulator, if
 * that is installed, and the root of its C library. What the
 * program starts in turn does not go through the emulator. */
void machine_prefix(const char *program, struct strv *argv);

#endif
