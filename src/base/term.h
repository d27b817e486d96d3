/* The only way to the terminal.
 *
 * term_open() puts filters in front of stdout and stderr. Everything printed to them from then on,
 * by us or by a library, comes out as UTF-8 that can neither control a terminal nor mislead a
 * reader: control characters except line feed and tab, invisible characters, those that change text
 * direction, and bytes that are not UTF-8 appear as escapes. Output is the same on a terminal, a
 * pipe or a file. Inside JSON the escapes are JSON's own, so that programs read the exact text.
 *
 * Colours and cursor movements come only from the functions here. A filter cannot tell who wrote a
 * line feed: print untrusted text with term_line() or term_block(), or through a document, so that
 * none of its lines looks like ours.
 *
 * All functions also accept other streams, which receive the bytes unfiltered.
 */
#ifndef SOLDER_BASE_TERM_H
#define SOLDER_BASE_TERM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

/* Call once, before anything is printed. */
void term_open(void);
/* Flushes. If the reader has gone away, the process ends as by SIGPIPE. */
int term_finish(struct err *err);
/* The descriptor behind a stream, or -1. */
int term_fd(FILE *out);

enum term_when { TERM_AUTO, TERM_ALWAYS, TERM_NEVER };
void term_set_colour(enum term_when when);
/* True if colour should be used: on a terminal that is not "dumb", unless NO_COLOR is set. */
bool term_colour(FILE *out);

enum term_style { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_RED, TERM_GREEN, TERM_YELLOW, TERM_ALARM };
/* The escape sequence that turns a style on; "" for TERM_PLAIN. term_reset turns all off. */
const char *term_sequence(enum term_style style);
extern const char term_reset[];

/* Prints text in which these sequences take effect. Untrusted parts must have gone through
 * buf_add_safe(), which leaves nothing that could pass for one. */
void term_styled(FILE *out, const char *text);
/* Moves up one line and clears it. */
void term_erase_line(FILE *out);

/* Prints exactly one line, whatever the arguments contain: their line feeds appear as "\n". */
__attribute__((format(printf, 2, 3))) void term_line(FILE *out, const char *fmt, ...);
/* Prints `mark` in its style, a space and the text; all lines of the text after the first are
 * indented, unless they already are. */
void term_block(FILE *out, enum term_style style, const char *mark, const char *text);

/* Decodes one code point of `s` (at most `len` bytes, at least 1); returns its length, or 0 if the
 * bytes are not UTF-8 (overlong, surrogate, truncated, beyond U+10FFFF). */
size_t utf8_decode(const char *s, size_t len, uint32_t *code);
/* Removes one code point from the front of `*s`, which ends at `end`; a byte that is not UTF-8
 * counts as a '?'. */
uint32_t utf8_next(const char **s, const char *end);
/* The length of the longest prefix of `s` of at most `max` bytes that does not split a
 * character. */
size_t utf8_cut(const char *s, size_t max);

/* Appends one character of `s`, at most `len` bytes, as the filter shows it: "\x1b" for control
 * characters and bytes that are not UTF-8, "\u202e" for others that must not be shown as is (as
 * surrogate pairs beyond U+FFFF). Returns the number of bytes consumed. */
size_t buf_add_shown(struct buf *out, const char *s, size_t len);
/* Appends all of `s` in this way, with line feeds and tabs as "\n" and "\t". */
void buf_add_safe(struct buf *out, const char *s);

/* The last non-empty line of a program's output, made safe and cut to fit a message; NULL if there
 * is none. The caller frees it. */
char *last_line_safe(const char *output);

#endif
