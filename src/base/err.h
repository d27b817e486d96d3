/* Errors are values.
 *
 * A function that can fail returns 0 or -1 and takes `struct err *err` last. The caller owns the
 * struct, which needs no allocation and no release. The function that detects the failure says what
 * failed, on what, and (as a hint) what to do next; callers may prepend their own context with
 * err_wrap(). Only `main` prints an error and exits.
 *
 * Messages are lower case, without a final newline; names are in single quotes.
 */
#ifndef SOLDER_BASE_ERR_H
#define SOLDER_BASE_ERR_H

/* Classifies what the caller can do about it; chosen by the function that sets the error. */
enum err_code {
	ERR_NONE = 0,
	ERR_USAGE,       /* the command line is wrong: exit 64 */
	ERR_INPUT,       /* a file, recipe, archive or download is bad */
	ERR_ENVIRONMENT, /* the system refused: no space, no permission, no compiler */
	ERR_CHILD,       /* a program that we ran failed */
	ERR_UNSUPPORTED, /* cannot be done here */
	ERR_INTERRUPTED, /* SIGINT, SIGTERM or SIGHUP arrived */
};

struct err {
	enum err_code code;
	char msg[4096];  /* longer text is cut, with an ellipsis */
	char hint[1024]; /* "" if there is no advice */
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.code = ERR_NONE                                                                   \
	}

/* Sets code and message, clears the hint. Returns -1, so that `return err_set(…)` reads well. */
__attribute__((format(printf, 3, 4), nonnull)) int err_set(
	struct err *err, enum err_code code, const char *fmt, ...);

/* Like err_set() with ERR_ENVIRONMENT, but appends ": " and the text of errno. */
__attribute__((format(printf, 2, 3), nonnull)) int err_sys(struct err *err, const char *fmt, ...);

/* Prepends "fmt: " to the message, unless it already begins with it. Returns -1. */
__attribute__((format(printf, 2, 3), nonnull)) int err_wrap(struct err *err, const char *fmt, ...);

/* Replaces the hint: one sentence about the next step. Returns -1. */
__attribute__((format(printf, 2, 3), nonnull)) int err_hint(struct err *err, const char *fmt, ...);

/* For a broken invariant of our own, or lack of memory: prints to stderr and aborts. */
__attribute__((format(printf, 1, 2), noreturn)) void bug(const char *fmt, ...);

#endif
