/* Child processes: start, watch, end.
 *
 * Between us and every child stands a guardian, a process of ours that becomes no other program: it
 * outlives us if we are killed, and ends, with the child or after us, everything that the child has
 * started, wherever that went: nothing is left behind. Children have no terminal, and inherit no
 * descriptor but those that are named.
 */
#ifndef SOLDER_PROC_H
#define SOLDER_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Resources of a child; 0: as ours. A child with any limit leaves no core. */
struct proc_limits {
	uint64_t memory;  /* bytes of address space */
	uint64_t data;    /* bytes of private memory */
	uint64_t file;    /* bytes of each file that it writes */
	unsigned int cpu; /* seconds of processor time, for each process */
};

struct proc_spec {
	/* argv[0] is looked up on the PATH of `env`. NULL: no program, the child is `run` alone. */
	const struct strv *argv;
	const struct strv *env; /* "NAME=value"; NULL: proc_clean_environment() */
	const char *cwd;        /* NULL: ours */
	int out;                /* descriptor for stdout and stderr; -1: /dev/null */
	int err;                /* descriptor for stderr alone; -1: the same as out */
	const struct strv *fds; /* numbers of descriptors that the child inherits; may be NULL */
	/* Stays open until the child and all that it started are gone, also if we are killed: what
	 * it locks nobody else takes before. 0: none. */
	int lock;
	unsigned int grace_ms;     /* to end in after a SIGTERM; 0: three seconds */
	unsigned int time_ms;      /* after which proc_wait_any() ends it; 0: never */
	struct proc_limits limits; /* for `run`, too */
	pid_t *pid; /* proc_run() stores the number of the child there; may be NULL */
	/* Runs in the child, before its program if it has one. An error ends the child and is what
	 * proc_result() reports. It has a copy of our memory: answers go into files. */
	int (*run)(void *ctx, struct err *err);
	void *ctx;
};

struct proc;

int proc_start(const struct proc_spec *spec, struct proc **ret, struct err *err);
/* Asks the group of a child that still runs to end (SIGTERM); does not wait. NULL is fine. */
void proc_terminate(struct proc *p);
/* Terminates a child that still runs, kills it when its grace is over, and frees. */
void proc_free(struct proc *p);
void cleanup_proc(struct proc **p);

/* Waits up to timeout_ms for any of the children to end (NULL entries are skipped); returns its
 * index, or -1 when none ended or a signal came. */
int proc_wait_any(struct proc *const *procs, size_t n, int timeout_ms);

/* The number of the child itself, which waits until it has started. 0 if it never did. */
pid_t proc_pid(struct proc *p);
/* Was it ended because its time was over? proc_result() says so in words. */
bool proc_late(const struct proc *p);

/* For a child that was forked elsewhere, before it becomes another program: signals are handled as
 * by default, none is blocked, and of the descriptors from 3 on only `fds` (may be NULL) get past.
 */
void proc_seal(const struct strv *fds);

/* The result of an ended child: 0 if it exited with 0, else -1 and an error (ERR_CHILD) such as
 * "exit code 2" or "killed by SIGSEGV"; or the error of `run`. */
int proc_result(struct proc *p, struct err *err);

/* Runs to the end and captures up to max_output bytes of stdout (stderr too when `both`). Fails as
 * proc_result() does; the output is there all the same. timeout_ms 0: none. */
int proc_run(const struct proc_spec *spec, bool both, size_t max_output, unsigned int timeout_ms,
	struct buf *output, struct err *err);

/* Children side by side.
 *
 * The pool asks start() for children as long as it has places for them, and calls end() for each as
 * it ends, in the order in which they end; whoever wants another order keeps results by job. After
 * an error of either, or an interrupt, nothing more is started, those that run are ended all at
 * once, and drop() is called for each in the place of end().
 */
enum pool_next { POOL_STARTED, POOL_NOT_NOW, POOL_NO_MORE };
#define POOL_PLACES 64

struct proc_pool {
	unsigned int jobs; /* how many run at a time, at most POOL_PLACES; 0: processors() */
	struct progress *progress; /* kept alive; may be NULL */
	/* Starts one and names its job, or says that there is none at the moment (it is asked again
	 * ten times a second) or none any more. A return of -1 is an error. */
	int (*start)(void *ctx, struct proc **ret, void **job, struct err *err);
	/* The child has ended and will be freed. */
	int (*end)(void *ctx, void *job, struct proc *proc, struct err *err);
	void (*drop)(void *ctx, void *job); /* may be NULL */
	void *ctx;
};

int proc_pool_run(const struct proc_pool *pool, struct err *err);

/* Adds what a program needs to run at all: our PATH, HOME and TMPDIR, and LC_ALL=C.UTF-8. Nothing
 * else of ours gets into a child, so no tokens, no keys, and nothing that changes what it does. */
void proc_clean_environment(struct strv *env);
/* Adds NAME=value for each name that is set in our own environment. */
void proc_keep(const char *const *names, size_t n, struct strv *env);

/* Adds the environment of programs of others that are asked something: our PATH and HOME, and
 * LC_ALL=C.UTF-8; with `libraries` LD_LIBRARY_PATH, too, which decides what they load. Nothing else
 * of ours, so no tokens and no keys. */
void proc_ask_environment(bool libraries, struct strv *env);

/* One GNU make jobserver for all children: `tokens` jobs run at a time altogether. Each child
 * that is to run needs one token of its own, taken by jobserver_acquire(). */
struct jobserver;
int jobserver_new(unsigned int tokens, struct jobserver **ret, struct err *err);
void jobserver_free(struct jobserver *j);
/* Takes a token if there is one now. */
bool jobserver_acquire(struct jobserver *j);
void jobserver_release(struct jobserver *j);
/* The value for MAKEFLAGS, and the descriptors that a child must inherit. */
void jobserver_makeflags(const struct jobserver *j, struct buf *out);
void jobserver_fds(const struct jobserver *j, struct strv *fds);

/* How a build is cut off from the machine: not at all; by bubblewrap; by a bubblewrap that cannot
 * disable user namespaces; by one without a user namespace, as root. */
enum sandbox { SANDBOX_NONE, SANDBOX_BWRAP, SANDBOX_BWRAP_NESTED, SANDBOX_BWRAP_ROOT };

/* Settles "auto|bwrap|none": auto takes bubblewrap when it is there and works. `reason` receives
 * a static text for the summary, which says what is not enforced; asking for bwrap where it does
 * not work is an error. */
int sandbox_choose(const char *wanted, enum sandbox *ret, const char **reason, struct err *err);

/* Where a step's root is seen by the programs that run in it. */
#define SANDBOX_ROOT "/tmp/solder"

/* Adds the words that must stand before a command. Inside there is `root`, writable, as
 * SANDBOX_ROOT; read-only, the folders in `views` under the names that sandbox_view() gives, /usr,
 * a few files of /etc, and where the absolute paths in `programs` lie if that is elsewhere; empty
 * or private folders for the rest. There is no network, no capability, no terminal and no process
 * from outside, and a filter refuses system calls that no build needs. `files` receives descriptors
 * that the command must inherit. Adds nothing for NONE. Views and programs may be NULL. */
int sandbox_prefix(enum sandbox kind, const char *root, const struct strv *views,
	const struct strv *programs, struct strv *argv, struct strv *files, struct err *err);
/* Closes them, once the command is started. */
void sandbox_release(struct strv *files);

/* Where the i-th view, the folder `host`, is seen from inside; the caller frees it. */
char *sandbox_view(enum sandbox kind, const char *host, size_t i);

#endif
