/* /etc/ld.so.cache, as written by ldconfig of glibc 2.2 and later: the new format alone, or after
 * the table of the old format. */
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
/* In an entry's hwcap: the lower half is an index into the names of glibc-hwcaps. */
#define HWCAP_IS_NAMED ((uint64_t)1 << 62)

static uint32_t u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* NULL unless the string ends within the file. */
static const char *text_at(const struct ldcache *c, uint32_t offset)
{
	if (offset >= c->n || !memchr(c->p + offset, '\0', c->n - offset))
		return NULL;
	return (const char *)c->p + offset;
}

static void find_hwcaps(struct ldcache *c, uint32_t extension)
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

int ldcache_open(const void *data, size_t len, struct ldcache *c, struct err *err)
{
	size_t skip = 0;

	*c = (struct ldcache){.p = data, .n = len};
	if (c->n >= OLD_HEADER && !memcmp(c->p, OLD_MAGIC, strlen(OLD_MAGIC)))
		skip = (OLD_HEADER + (size_t)u32(c->p + 12) * OLD_ENTRY + 7) & ~(size_t)7;
	if (skip > c->n || c->n - skip < NEW_HEADER ||
		memcmp(c->p + skip, NEW_MAGIC, strlen(NEW_MAGIC)) != 0)
		return err_set(err, ERR_INPUT, "it is not in the format of glibc 2.2 or newer");
	c->p += skip;
	c->n -= skip;
	c->count = u32(c->p + 20);
	if (c->count > (c->n - NEW_HEADER) / NEW_ENTRY)
		return err_set(err, ERR_INPUT, "it has more entries than bytes for them");
	find_hwcaps(c, u32(c->p + 32));
	return 0;
}

int ldcache_next(struct ldcache *c, struct ldcache_entry *e, struct err *err)
{
	const uint8_t *p = c->p + NEW_HEADER + (size_t)c->next * NEW_ENTRY;
	uint32_t index;

	if (c->next == c->count)
		return 0;
	*e = (struct ldcache_entry){.flags = (int32_t)u32(p),
		.soname = text_at(c, u32(p + 4)),
		.path = text_at(c, u32(p + 8)),
		.hwcap = u32(p + 16) | (uint64_t)u32(p + 20) << 32};
	if (!e->soname || !e->path)
		return err_set(err, ERR_INPUT, "the name of entry %u is not terminated", c->next);
	if (e->hwcap >> 32 == HWCAP_IS_NAMED >> 32) {
		index = (uint32_t)e->hwcap;
		if (index < c->n_hwcaps)
			e->hwcaps = text_at(c, u32(c->hwcaps + (size_t)index * 4));
		if (!e->hwcaps)
			return err_set(err, ERR_INPUT,
				"entry %u names a processor level that it does not list", c->next);
	}
	c->next++;
	return 1;
}
