/* /etc/ld.so.cache, as ldconfig of glibc 2.2 and newer writes it: alone, or behind the table of the
 * old format. */
#include <string.h>

#include "python/python-internal.h"

#define OLD_MAGIC "ld.so-1.7.0"
#define OLD_HEADER 16
#define OLD_ENTRY 12
#define NEW_MAGIC "glibc-ld.so.cache1.1"
#define NEW_HEADER 48
#define NEW_ENTRY 24
#define EXTENSION_MAGIC 0xeaa42174u
#define EXTENSION_HWCAPS 1
/* Of an entry's hwcap: the lower half is an index into the names of glibc-hwcaps. */
#define HWCAP_IS_NAMED ((uint64_t)1 << 62)

struct cache {
	const uint8_t *p;
	size_t n;
	const uint8_t *hwcaps; /* offsets of names */
	size_t n_hwcaps;
};

static uint32_t u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* NULL unless the string ends inside the file. */
static const char *text_at(const struct cache *c, uint32_t offset)
{
	if (offset >= c->n || !memchr(c->p + offset, '\0', c->n - offset))
		return NULL;
	return (const char *)c->p + offset;
}

static void find_hwcaps(struct cache *c, uint32_t extension)
{
	uint32_t count;

	if (extension == 0 || extension % 4 || extension > c->n || c->n - extension < 8 ||
		u32(c->p + extension) != EXTENSION_MAGIC)
		return;
	count = u32(c->p + extension + 4);
	for (uint32_t i = 0; i < count && (c->n - extension - 8) / 16 > i; i++) {
		const uint8_t *section = c->p + extension + 8 + (size_t)i * 16;
		uint32_t offset = u32(section + 8), size = u32(section + 12);

		if (u32(section) != EXTENSION_HWCAPS || offset > c->n || size > c->n - offset)
			continue;
		c->hwcaps = c->p + offset;
		c->n_hwcaps = size / 4;
	}
}

/* Moves to the new format, and returns how many entries it has. */
static int open_new(struct cache *c, uint32_t *count, struct err *err)
{
	size_t skip = 0;

	if (c->n >= OLD_HEADER && !memcmp(c->p, OLD_MAGIC, strlen(OLD_MAGIC)))
		skip = (OLD_HEADER + (size_t)u32(c->p + 12) * OLD_ENTRY + 7) & ~(size_t)7;
	if (skip > c->n || c->n - skip < NEW_HEADER ||
		memcmp(c->p + skip, NEW_MAGIC, strlen(NEW_MAGIC)) != 0)
		return err_set(err, ERR_INPUT, "it is not in the format of glibc 2.2 or newer");
	c->p += skip;
	c->n -= skip;
	*count = u32(c->p + 20);
	if (*count > (c->n - NEW_HEADER) / NEW_ENTRY)
		return err_set(err, ERR_INPUT, "it has more entries than bytes for them");
	find_hwcaps(c, u32(c->p + 32));
	return 0;
}

int ldcache_each(const void *data, size_t len, ldcache_visit visit, void *ctx, struct err *err)
{
	struct cache c = {.p = data, .n = len};
	uint32_t count = 0;

	if (open_new(&c, &count, err) < 0)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *p = c.p + NEW_HEADER + (size_t)i * NEW_ENTRY;
		struct ldcache_entry e = {.flags = (int32_t)u32(p),
			.soname = text_at(&c, u32(p + 4)),
			.path = text_at(&c, u32(p + 8)),
			.hwcap = u32(p + 16) | (uint64_t)u32(p + 20) << 32};

		if (!e.soname || !e.path)
			return err_set(err, ERR_INPUT, "the name of entry %u has no end in it", i);
		if (e.hwcap >> 32 == HWCAP_IS_NAMED >> 32) {
			uint32_t index = (uint32_t)e.hwcap;

			e.hwcaps = index < c.n_hwcaps
					   ? text_at(&c, u32(c.hwcaps + (size_t)index * 4))
					   : NULL;
			if (!e.hwcaps)
				return err_set(err, ERR_INPUT,
					"entry %u names a processor level that it does not list",
					i);
		}
		if (visit(ctx, &e))
			return 0;
	}
	return 0;
}
