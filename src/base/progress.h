/* Progress of long work, for people.
 *
 * A progress shows lines of work: on a terminal one live line for each, redrawn in place with
 * elapsed time and an estimate; elsewhere a plain line when each starts and ends. All output goes
 * to the given stream (stderr). All functions accept a NULL progress and do nothing, so that rooms
 * can be silent in tests. Not thread-safe.
 */
#ifndef SOLDER_BASE_PROGRESS_H
#define SOLDER_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress;

enum progress_mode { PROGRESS_AUTO, PROGRESS_LIVE, PROGRESS_PLAIN, PROGRESS_QUIET };

/* Silences every progress created with PROGRESS_AUTO from now on. */
void progress_set_quiet(void);

struct progress *progress_new(FILE *stream, enum progress_mode mode);
/* Erases live lines and frees. */
void progress_free(struct progress *p);

/* Starts a line and returns its number. `estimate_ns` is how long it took last time, 0 if
 * unknown. */
int progress_start(struct progress *p, const char *name, uint64_t estimate_ns);
/* Bytes done out of total (0: unknown); redraws at most five times a second. */
void progress_update(struct progress *p, int line, uint64_t done, uint64_t total);
/* The same for other countable units. */
void progress_count(struct progress *p, int line, uint64_t done, uint64_t total);
/* A line for the work as a whole, shown on a terminal only: elapsed time, and what follows. */
int progress_overall(struct progress *p, const char *name);
/* Like progress_count(), with the remaining time known from elsewhere; 0: unknown. */
void progress_left(struct progress *p, int line, uint64_t done, uint64_t total, uint64_t left_ns);
/* Ends a line; `result` is a word or two ("done", "failed", "4.2 MiB"). */
void progress_end(struct progress *p, int line, const char *result);
/* Redraws live lines if it is time; call it while waiting. */
void progress_tick(struct progress *p);
/* Prints a separate line above the live lines, in every mode but quiet. */
__attribute__((format(printf, 2, 3))) void progress_say(struct progress *p, const char *fmt, ...);
/* The same prefixed with "warning: ", even when quiet; each text only once. */
__attribute__((format(printf, 2, 3))) void progress_warn(struct progress *p, const char *fmt, ...);

/* "3.2 s", "4 min 05 s", "1 h 02 min". */
void format_duration(char out[32], uint64_t ns);
/* "+1.25 %", "-0.40 %"; values that round to zero have no sign: "0 %". */
void format_change(char out[32], double percent);
/* "812 B", "4.2 MiB", "1.1 GiB". */
void format_bytes(char out[32], uint64_t bytes);

#endif
