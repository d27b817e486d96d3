#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		bug("out of memory (%zu times %zu bytes)", n, size);
	return p;
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n ? n : 1, size ? size : 1);
	if (!p)
		bug("out of memory (%zu times %zu bytes)", n, size);
	return p;
}

void *array_grow(void *v, size_t n, size_t size)
{
	/* Capacities are 4, 8, 16 ..., so the array is full at a power of two. */
	if (!n || (n >= 4 && !(n & (n - 1))))
		v = xreallocarray(v, n ? 2 * n : 4, size);
	memset((char *)v + n * size, 0, size);
	return v;
}

size_t count_upto(const void *v, size_t n, size_t size, size_t offset, uint64_t key)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (*(const uint64_t *)((const char *)v + middle * size + offset) <= key)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	char *copy = strndup(s, n);

	if (!copy)
		bug("out of memory (%zu bytes)", n);
	return copy;
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		bug("out of memory");
	return s;
}

char *xasprintf(const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

const char *plural(unsigned long long n)
{
	return n == 1 ? "" : "s";
}

void sort_array(void *base, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(base, n, size, compare);
}

void cleanup_free(void *pp)
{
	free(*(void **)pp);
}

void cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}
