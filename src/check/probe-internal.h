/* Probes: what they are, what they need, and how what was seen is judged.
 *
 * A probe is a script in probes/ (its first lines say what it does), run in a scratch folder of
 * its own. It writes "KEY=VALUE" lines of what it saw; the table of probes holds what should be
 * seen, for each link mode, with the reason.
 */
#ifndef SOLDER_CHECK_PROBE_INTERNAL_H
#define SOLDER_CHECK_PROBE_INTERNAL_H

#include "base/buf.h"
#include "base/progress.h"
#include "python/python.h"

#define PROBE_MAX_EXPECTATIONS 6
#define PROBE_LOG_MAX 16384

enum probe_links {
	PROBE_STATIC = 1 << PY_LINK_STATIC,
	PROBE_SHARED = 1 << PY_LINK_SHARED,
	PROBE_DUAL = 1 << PY_LINK_DUAL,
	PROBE_ANY = PROBE_STATIC | PROBE_SHARED | PROBE_DUAL,
};

/* The first one that applies counts. */
struct probe_expectation {
	unsigned int links;
	int since, before; /* minor versions of Python 3: since <= minor < before; 0: no limit */
	const char *when;  /* "KEY=PATTERN KEY=PATTERN": only if that was seen; NULL: always */
	/* "KEY=PATTERN KEY=PATTERN". A pattern is alternatives separated by "|"; "crash" stands for
	 * the signals of one. */
	const char *seen;
	const char *why;
};

struct probe {
	const char *id;
	const char *test;  /* "T1" … "T10" */
	const char *title; /* what it does */
	/* Words: cc c++ headers shared static module; program:NAME; python:MODULE[:PACKAGE], a
	 * module for the interpreter from a package of PyPI; tool:NAME[:PACKAGE], a program that
	 * PyPI has, too. */
	const char *needs;
	unsigned int seconds;
	struct probe_expectation expect[PROBE_MAX_EXPECTATIONS];
};

extern const struct probe probe_table[];
extern const size_t probe_table_n;

struct probe_seen {
	struct strv keys, values; /* of each key the last value */
	char *skip;               /* why the probe could not be made, or NULL */
	struct strv crashes;
};

/* Reads what a script wrote; lines that are none of the known forms are ignored. */
void probe_seen_parse(const char *text, struct probe_seen *seen);
void probe_seen_release(struct probe_seen *seen);
const char *probe_seen_value(const struct probe_seen *seen, const char *key);
/* "a=b, c=d"; the caller frees it. */
char *probe_seen_text(const struct probe_seen *seen);

bool probe_matches(const char *pattern, const char *value);
/* NULL if none applies. */
const struct probe_expectation *probe_expectation_for(
	const struct probe *probe, enum py_link link, int minor, const struct probe_seen *seen);
/* Does everything hold? Otherwise `wrong` gets "KEY is VALUE, not PATTERN" for each that does
 * not. */
bool probe_holds(
	const struct probe_expectation *e, const struct probe_seen *seen, struct strv *wrong);

/* A Python that is probed, and what scripts are told about it. */
struct probe_target {
	const struct python *dist;
	char *dir;  /* scratch */
	char *site; /* where consumers are installed */
	struct strv env;
	char *module;  /* an extension module in lib-dynload, or NULL */
	char *include; /* where Python.h is, or NULL */
	char *cc, *cxx;
};

int probe_target_init(struct probe_target *t, const struct python *dist, const char *scratch,
	const char *name, const char *probes_dir, bool offline, struct err *err);
void probe_target_release(struct probe_target *t);

/* What a probe needs and the machine has not: "needs cmake"; NULL when all is there. The caller
 * frees it. */
char *probe_missing(const struct probe *probe, const struct probe_target *t);
/* Installs from PyPI into t->site what the chosen probes need and is not there. What cannot be
 * installed is left out, with a warning: the probe will say that it is missing. -1 only on an
 * interrupt. */
int probe_install(const struct probe *const *chosen, size_t n, const struct probe_target *t,
	struct progress *progress, struct err *err);

#endif
