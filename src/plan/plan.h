/* The plan: a graph of steps, each with a key over all that it depends on.
 *
 * A step is a shell script that runs in a folder of its own with a clean environment and leaves
 * its result in $OUT. Its key is a digest over its inputs: labelled lines ("recipe=…", "CFLAGS=…",
 * "needs openssl=…") that name everything the result depends on. A step whose key is in the cache
 * is reused; otherwise it runs, and the reason is the first line that differs from the last time.
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
	char *name;           /* unique in the plan, a file name: "openssl", "cpython-compile" */
	char *title;          /* for people: "openssl 3.5.7" */
	char *source;         /* archive or folder, may come after the key; NULL: none */
	char *script;         /* shell text */
	struct strv files;    /* pairs: a file, and its name in $RECIPE; see step_file() */
	struct strv env;      /* "NAME=value", in addition to what every step gets */
	struct strv inputs;   /* lines of the key; plan_settle() adds what it knows itself */
	struct strv programs; /* that the script runs, for sandboxes */
	const struct step *needs[24];
	size_t n_needs;
	bool merge[24]; /* needs[i]'s install tree goes into $DEPS */
	/* Finished steps' folders that the script may read; see step_view(). */
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
	char id[96]; /* name and key: the entry in the cache */
	bool cached;
	bool damaged;      /* it is in the cache, but not as it was made */
	char *reason;      /* why it runs, or why not */
	uint64_t estimate; /* ns; 0: unknown */

	/* Set by plan_run(): since when it runs, in the time of clock_ns(); 0: it does not. */
	uint64_t started;
};

struct plan {
	struct step **steps; /* needs come before those who need them */
	size_t n;
};

void plan_release(struct plan *p);
/* A new step at the end of the plan, with name and title. */
struct step *plan_add(struct plan *p, const char *name, const char *title);
struct step *plan_find(const struct plan *p, const char *name);
void step_need(struct step *s, const struct step *need, bool merge);
/* The variable `name` holds the path of what is `below` ("": all) another step's tree. */
void step_view(struct step *s, const char *name, const struct step *need, const char *below);
__attribute__((format(printf, 2, 3))) void step_input(struct step *s, const char *fmt, ...);
/* The script finds a copy of the file `path` as $RECIPE/NAME, and the key has its content. */
void step_file(struct step *s, const char *path, const char *name);

/* Computes the keys, looks into the cache and gives every step its reason. What is in the cache but
 * not whole is made again. */
int plan_settle(struct plan *p, const struct cache *cache, struct err *err);

/* The work that is left, `jobs` steps at a time. */
struct plan_outlook {
	size_t steps;   /* that are not cached */
	size_t unknown; /* those of them that were never built */
	uint64_t left;  /* ns, about: by how long the others took before; 0: nothing, or unknown */
};
struct plan_outlook plan_look(const struct plan *p, unsigned int jobs);
/* "7 steps to run, 8 from the cache, about 3 min 20 s"; the caller frees it. */
char *plan_outlook_text(const struct plan *p, unsigned int jobs);

struct plan_options {
	const struct cache *cache;
	struct progress *progress;
	unsigned int jobs;
	enum sandbox sandbox;
	bool keep_work; /* leave the folder of a failed step for a look */
};

struct plan_result {
	size_t run, reused;
	uint64_t took; /* ns */
};

/* Runs every step that is not cached. On failure the error holds the end of the step's log. */
int plan_run(struct plan *p, const struct plan_options *options, struct plan_result *result,
	struct err *err);

/* One line for each step: run or reuse, and why. */
void plan_explain(const struct plan *p, FILE *out);

#endif
