/* The one way to the terminal.
 *
 * term_open() puts filters in the place of stdout and stderr. Whatever is printed to them from
 * then on, by us or by a library, arrives as UTF-8 that can neither steer a terminal nor mislead
 * a reader: control characters but line feeds and tabs, characters that are invisible or change
 * the direction of text, and bytes that are no UTF-8 are shown as escapes. It is the same whether
 * the output is a terminal, a pipe or a file. Inside JSON the escapes are those of JSON, so that a
 * program reads the very text.
 *
 * Colours and movements of the cursor come from the functions here only. What a filter cannot see
 * is who wrote a line feed: text of strangers is printed with term_line() or term_block(), or by a
 * document, so that no line of theirs looks like one of ours.
 *
 * All functions take any other stream as well, which gets the bytes as they are.
 */
#ifndef SOLDER_BASE_TERM_H
#define SOLDER_BASE_TERM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

/* Once, before anything is printed. */
void term_open(void);
/* Writes what is left. A reader that went away ends the process as SIGPIPE does. */
int term_finish(struct err *err);
/* The descriptor that a stream writes to, or -1. */
int term_fd(FILE *out);

enum term_when { TERM_AUTO, TERM_ALWAYS, TERM_NEVER };
void term_set_colour(enum term_when when);
/* Whether to use colour: by default on a terminal that is not "dumb", unless NO_COLOR is set. */
bool term_colour(FILE *out);

enum term_style { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_RED, TERM_GREEN, TERM_YELLOW, TERM_ALARM };
/* The sequence that turns a style on; "" for TERM_PLAIN, and term_reset turns every one off. */
const char *term_sequence(enum term_style style);
extern const char term_reset[];

/* Prints text in which those sequences keep their meaning. What came from strangers must have gone
 * through buf_add_safe(), which leaves nothing that could be taken for one. */
void term_styled(FILE *out, const char *text);
/* Moves up one line and empties it. */
void term_erase_line(FILE *out);

/* Prints one line, whatever the arguments hold: their line feeds read "\n". */
__attribute__((format(printf, 2, 3))) void term_line(FILE *out, const char *fmt, ...);
/* Prints `mark` in its style, a space and the text; all lines of it but the first are indented,
 * if they are not already. */
void term_block(FILE *out, enum term_style style, const char *mark, const char *text);

/* One code point of `s` (at most `len` bytes, at least 1); returns its length, or 0 if the bytes
 * are not UTF-8 (overlong, surrogate, cut off, beyond U+10FFFF). */
size_t utf8_decode(const char *s, size_t len, uint32_t *code);
/* Takes one code point off the front of `*s`, which ends at `end`; a byte that is not UTF-8 counts
 * as a '?'. */
uint32_t utf8_next(const char **s, const char *end);
/* At most `max` bytes of `s`, and no part of a character. */
size_t utf8_cut(const char *s, size_t max);

/* Appends one character of `s`, at most `len` bytes, as the filter shows it: "\x1b" for control
 * characters and bytes that are no UTF-8, "\u202e" for others that must not be shown as they are
 * (in surrogate pairs beyond U+FFFF). Returns how many bytes that was. */
size_t buf_add_shown(struct buf *out, const char *s, size_t len);
/* Appends all of `s` in this way, line feeds and tabs as "\n" and "\t". */
void buf_add_safe(struct buf *out, const char *s);

/* The last line of what a program printed that is not empty, made safe and not too long for a
 * message; NULL if there is none. The caller frees it. */
char *last_line_safe(const char *output);

#endif
