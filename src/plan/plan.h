/* The plan: a graph of steps, each with a key over everything it depends on.
 *
 * A step is a shell script that runs in its own folder with a clean environment and leaves its
 * result in $OUT. Its key is a digest of its inputs: labelled lines ("recipe=…", "CFLAGS=…", "needs
 * openssl=…") that name everything the result depends on. A step whose key is in the cache is
 * reused; otherwise it runs, and the reason given is the first line that differs from the last
 * time.
 *
 * The step's folder, $S, holds
 *   src      the source, unpacked (one leading folder stripped) and patched; $SRC
 *   deps     the install trees of the steps in `deps`, merged; $DEPS
 *   out      empty at the start, the result at the end; $OUT
 *   recipe   copies of the files that the step names; $RECIPE
 *   home, tmp
 */
#ifndef SOLDER_PLAN_PLAN_H
#define SOLDER_PLAN_PLAN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/progress.h"
#include "plan/cache.h"
#include "proc/proc.h"

struct step {
	char *name;   /* unique in the plan, usable as a file name: "openssl", "cpython-compile" */
	char *title;  /* for people: "openssl 3.5.7" */
	char *source; /* archive or folder, may be set after the key; NULL: none */
	char *script; /* shell text */
	struct strv files;    /* pairs: a file and its name in $RECIPE; see step_file() */
	struct strv env;      /* "NAME=value", in addition to what every step gets */
	struct strv inputs;   /* lines of the key; plan_settle() adds its own */
	struct strv programs; /* run by the script; sandboxes show them */
	bool compiles;        /* by $CC and $CXX, what a launcher can make elsewhere */
	const struct step *needs[48];
	size_t n_needs;
	bool merge[48]; /* needs[i]'s install tree goes into $DEPS */
	/* Folders of finished steps that the script may read; see step_view(). */
	struct {
		const char *name, *below;
		const struct step *step;
	} views[4];
	size_t n_views;
	/* Runs in the child before the script; `root` is the step's folder. */
	int (*prepare)(const struct step *step, const struct cache *cache, const char *root,
		struct err *err);
	const void *ctx; /* for `prepare` */

	/* Set by plan_settle(). */
	char id[96]; /* name and key: the cache entry */
	bool cached;
	bool damaged;      /* in the cache, but not intact */
	char *reason;      /* why it runs, or why it does not */
	uint64_t estimate; /* ns; 0: unknown */

	struct step *same; /* Set by plan_join(): the first step with this key; NULL: this one. */
	/* Set by plan_share(); "" and NULL before. */
	char shared[65];
	char *system; /* what it sees of the machine */
	bool remote;  /* its output came from another machine */

	/* Set by plan_run(): start time on clock_ns(); 0: not running. */
	uint64_t started;
	bool ran;      /* it ran, and is now in the cache */
	bool lost;     /* it failed, or needs one that failed */
	char *failure; /* why it failed; NULL: it did not */
};

struct plan {
	struct step **steps; /* each step comes after its needs */
	size_t n;
	bool joined; /* the steps are those of other plans */
};

void plan_release(struct plan *p);
/* Appends a new step with this name and title to the plan. */
struct step *plan_add(struct plan *p, const char *name, const char *title);
struct step *plan_find(const struct plan *p, const char *name);
void step_need(struct step *s, const struct step *need, bool merge);
/* Sets the variable `name` to the path of `below` ("": all) in another step's tree. */
void step_view(struct step *s, const char *name, const struct step *need, const char *below);
__attribute__((format(printf, 2, 3))) void step_input(struct step *s, const char *fmt, ...);
/* Gives the script a copy of the file `path` as $RECIPE/NAME, and adds its content to the key. */
void step_file(struct step *s, const char *path, const char *name);
/* Adds the paths of the programs and files that the environment names, each once. */
void step_tools(const struct step *s, struct strv *paths);

/* Of what another machine made: the archive of an output, what was printed, and the time, eleven
 * days. */
#define STEP_ARCHIVE_MAX ((uint64_t)4 << 30)
#define STEP_LOG_MAX ((size_t)64 << 20)
#define STEP_TOOK_MAX 1e15

/* Computes the keys, looks them up in the cache and gives every step its reason. Damaged cache
 * entries are made again. */
int plan_settle(struct plan *p, const struct cache *cache, struct err *err);

/* Adds the steps of a settled plan to `all`, to be run as one; `all` begins empty and is released
 * before the plans. Of steps with the same key only the first is added and run; the others name it
 * as `same`, and from now on are what it is. */
void plan_join(struct plan *all, struct plan *p);

/* Gives the steps names under which machines can share them: digests of the lines of the key, of
 * the lines in `system`, which say what a step sees of the machine, and of the names of its needs.
 * A step that runs after this notes its name in the cache, unless a need was made elsewhere or at
 * another time, when the machine was not the same. */
void plan_share(struct plan *p, const char *system);
/* True if a finished step was made under its present name: other machines may have it. */
bool step_is_shared(const struct step *s, const struct cache *cache);

/* The remaining work, with `jobs` steps at a time. */
struct plan_outlook {
	size_t steps;   /* not cached */
	size_t unknown; /* of these, never built before */
	uint64_t left;  /* ns, from past durations of the other steps; 0: nothing, or unknown */
};
struct plan_outlook plan_look(const struct plan *p, unsigned int jobs);
/* "7 steps to run, 8 from the cache, about 3 min 20 s"; the caller frees it. */
char *plan_outlook_text(const struct plan *p, unsigned int jobs);

/* Steps that are made elsewhere, by a command for the shell, in which {dir} stands for a folder,
 * {name} for the step's id, and {slot} for a number from 1 that no other command has that runs at
 * the same time. Those with a `prepare` are made here. */
struct plan_elsewhere {
	const char *command;
	/* Writes what the step needs into the folder; in the child, before the command runs. */
	int (*hand_out)(
		const struct step *s, const struct cache *cache, const char *dir, struct err *err);
	/* After a command that ended with 0: makes the folder `out` of what it brought into `dir`,
	 * and says how long the step took. The file `log` in there goes into the step's log. */
	int (*take_back)(const struct step *s, const char *dir, const char *out, uint64_t *took,
		struct err *err);
};

struct plan_options {
	const struct cache *cache;
	struct progress *progress;
	unsigned int jobs;
	const struct plan_elsewhere *elsewhere; /* NULL: all are made here */
	/* Words before the compiler ("distcc") in steps that compile. The sandbox, which there must
	 * be, then opens its network to these. Keys do not change; but what was made so is given to
	 * nobody, since no one here has seen the compilers that made it. NULL: none. */
	const char *launcher;
	/* Of these, and of steps elsewhere, beside `jobs` here; 0: they are among them. */
	unsigned int farm_jobs;
	enum sandbox sandbox;
	bool keep_work;  /* keep the folder of a failed step for inspection */
	bool keep_going; /* after a failure, run what does not need the step that failed */
};

struct plan_result {
	size_t run, reused;
	size_t failed;    /* with keep_going */
	uint64_t took;    /* ns */
	uint64_t largest; /* bytes that the largest process of all had in memory; 0: none ran */
};

/* Runs every step that is not cached: beside others only while memory is left. On failure the
 * error, or with keep_going the step's `failure`, includes the end of the step's log. */
int plan_run(struct plan *p, const struct plan_options *options, struct plan_result *result,
	struct err *err);

/* One line per step: run or reuse, and why. */
void plan_explain(const struct plan *p, FILE *out);

#endif
