/* Growable byte buffers and string lists.
 *
 * A struct buf owns its bytes. They are always followed by a NUL that is not counted, so `data` can
 * be passed as a C string if the content has no NUL. Growing past BUF_MAX is a bug: readers of
 * files and networks enforce their own, far lower limits.
 */
#ifndef SOLDER_BASE_BUF_H
#define SOLDER_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

#define BUF_MAX ((size_t)1 << 30)

struct buf {
	char *data; /* never NULL after the first append */
	size_t len;
	size_t cap;
};

#define BUF_INIT                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}
#define CLEANUP_BUF CLEANUP(buf_release)

void buf_release(struct buf *b);
void buf_clear(struct buf *b);
/* Makes room for n more bytes and the NUL. */
void buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_adds(struct buf *b, const char *s);
__attribute__((format(printf, 2, 3))) void buf_addf(struct buf *b, const char *fmt, ...);
/* Transfers the bytes to the caller (never NULL) and leaves the buffer empty. */
char *buf_steal(struct buf *b);
/* Swaps the contents of two buffers. */
void buf_swap(struct buf *a, struct buf *b);
/* Replaces every occurrence of `from` (not empty) with `to`; returns the number of replacements. */
size_t buf_replace(struct buf *b, const char *from, const char *to);

bool ends_with(const char *s, const char *end);
/* The element of `names` most similar to `word`, or NULL if none is close. */
const char *nearest_name(const char *word, const char *const *names, size_t n);
/* For strspn(). */
#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* A list of owned strings; `v` is NULL-terminated once anything was added. */
struct strv {
	char **v;
	size_t n;
	size_t cap;
};

#define STRV_INIT                                                                                  \
	{                                                                                          \
		0                                                                                  \
	}
#define CLEANUP_STRV CLEANUP(strv_release)

void strv_release(struct strv *s);
void strv_clear(struct strv *s);
void strv_add(struct strv *s, const char *text);
__attribute__((format(printf, 2, 3))) void strv_addf(struct strv *s, const char *fmt, ...);
/* Takes ownership of text. */
void strv_take(struct strv *s, char *text);
/* Adds the words of `text`, separated by any of the characters in `separators`. */
void strv_split(struct strv *s, const char *text, const char *separators);
bool strv_has(const struct strv *s, const char *text);
void strv_sort(struct strv *s);
/* Sorts numbers within words numerically: "GLIBC_2.4" before "GLIBC_2.34". */
void strv_sort_versions(struct strv *s);
/* Returns the strings joined by `separator`; the caller frees it. */
char *strv_join(const struct strv *s, const char *separator);

#endif
