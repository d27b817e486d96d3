/* What glibc's loader says under LD_DEBUG. */
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"

struct line {
	const char *p;
	size_t n;
};

/* Each line begins with the process: "     12797:\t". */
static bool next_line(const char **text, const char *end, struct line *line)
{
	const char *colon;

	if (*text == end)
		return false;
	line->p = *text;
	*text = memchr(line->p, '\n', (size_t)(end - line->p));
	*text = *text ? *text : end;
	line->n = (size_t)(*text - line->p);
	*text += *text < end;
	colon = memchr(line->p, ':', line->n);
	if (colon && colon + 1 < line->p + line->n && colon[1] == '\t') {
		line->n -= (size_t)(colon + 2 - line->p);
		line->p = colon + 2;
	}
	while (line->n && (*line->p == ' ' || *line->p == '\t')) {
		line->p++;
		line->n--;
	}
	return true;
}

static bool begins(const struct line *line, const char *word)
{
	size_t n = strlen(word);

	return line->n >= n && !memcmp(line->p, word, n);
}

static bool contains(const struct line *line, const char *word)
{
	return memmem(line->p, line->n, word, strlen(word));
}

/* The number behind `key`; too large ones are none. */
static bool take(const struct line *line, const char *key, uint64_t *value)
{
	uint64_t n = 0;
	size_t i = strlen(key), start;

	if (!begins(line, key))
		return false;
	while (i < line->n && line->p[i] == ' ')
		i++;
	start = i;
	for (; i < line->n && line->p[i] >= '0' && line->p[i] <= '9'; i++)
		if (__builtin_mul_overflow(n, 10, &n) ||
			__builtin_add_overflow(n, (uint64_t)(line->p[i] - '0'), &n))
			return false;
	if (i > start)
		*value = n;
	return i > start;
}

void explain_ld_read(const char *text, size_t len, struct explain_ld *ld)
{
	const char *end = text + len;
	struct line line;

	while (next_line(&text, end, &line)) {
		if (begins(&line, "binding file "))
			ld->bindings++;
		else if (begins(&line, "symbol=") && contains(&line, "lookup in file="))
			ld->searches++;
		else if (begins(&line, "file=") && contains(&line, "generating link map"))
			ld->objects++;
		else if (take(&line, "total startup time in dynamic loader:", &ld->cycles))
			ld->statistics = true;
		else if (!take(&line, "time needed for relocation:", &ld->cycles_relocating) &&
			 !take(&line, "time needed to load objects:", &ld->cycles_loading) &&
			 !take(&line, "number of relocations:", &ld->relocations) &&
			 !take(&line, "number of relocations from cache:", &ld->cached) &&
			 !take(&line, "number of relative relocations:", &ld->relative) &&
			 !take(&line, "final number of relocations:", &ld->relocations))
			take(&line, "final number of relocations from cache:", &ld->cached);
	}
}
