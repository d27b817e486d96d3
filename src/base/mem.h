/* Memory and ownership.
 *
 * Running out of memory aborts. Ownership is visible in the code: a variable with one of the
 * cleanup macros owns its value until the end of the scope; `steal(&p)` transfers it.
 */
#ifndef SOLDER_BASE_MEM_H
#define SOLDER_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Like malloc, realloc, strdup, strndup; never NULL. Sizes are checked for overflow. */
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
__attribute__((format(printf, 1, 2))) char *xasprintf(const char *fmt, ...);
__attribute__((format(printf, 1, 0))) char *xvasprintf(const char *fmt, va_list ap);

/* Appends a zeroed element to a growing array: `*ARRAY_ADD(v, n) = x`. v and its length n start as
 * NULL and 0. The next call invalidates pointers into the array. */
#define ARRAY_ADD(v, n) ((v) = array_grow((v), (n), sizeof(*(v))), &(v)[(n)++])
void *array_grow(void *v, size_t n, size_t size);

/* In an array of structs sorted by a uint64_t member: the number of elements whose member is at
 * most `key`. The last of them is the one containing an address `key`. */
#define COUNT_UPTO(v, n, member, key)                                                              \
	count_upto((v), (n), sizeof(*(v)), offsetof(__typeof__(*(v)), member), (key))
size_t count_upto(const void *v, size_t n, size_t size, size_t offset, uint64_t key);

/* "s", or "" if n is 1. */
const char *plural(unsigned long long n);

/* Like qsort(), but an empty array may be NULL. */
void sort_array(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));

void cleanup_free(void *pp);
void cleanup_close(const int *fd);
void cleanup_fclose(FILE **f);

#define CLEANUP(f) __attribute__((cleanup(f)))
#define CLEANUP_FREE CLEANUP(cleanup_free)
/* Closes a descriptor; -1 means none. */
#define CLEANUP_CLOSE CLEANUP(cleanup_close)
#define CLEANUP_FCLOSE CLEANUP(cleanup_fclose)

/* Returns *pp and sets it to NULL. */
#define steal(pp)                                                                                  \
	__extension__({                                                                            \
		__typeof__(*(pp)) steal_value = *(pp);                                             \
		*(pp) = NULL;                                                                      \
		steal_value;                                                                       \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
