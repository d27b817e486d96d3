/* Parses the output of probes, and compares it with the expectations. */
#include <stdlib.h>
#include <string.h>

#include "check/check-internal.h"

#define MAX_KEYS 100

void probe_seen_parse(const char *text, struct probe_seen *seen)
{
	CLEANUP_STRV struct strv lines = STRV_INIT;

	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char *line = lines.v[i];
		size_t n = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789-"), k = 0;

		if (!strncmp(line, "skip: ", 6)) {
			free(seen->skip);
			seen->skip = xstrdup(line + 6);
		} else if (!strncmp(line, "crash: ", 7)) {
			if (seen->crashes.n < MAX_KEYS)
				strv_add(&seen->crashes, line + 7);
		} else if (n && line[n] == '=') {
			line[n] = '\0';
			while (k < seen->keys.n && strcmp(seen->keys.v[k], line) != 0)
				k++;
			if (k < seen->keys.n) {
				free(seen->values.v[k]);
				seen->values.v[k] = xstrdup(line + n + 1);
			} else if (k < MAX_KEYS) {
				strv_add(&seen->keys, line);
				strv_add(&seen->values, line + n + 1);
			}
		}
	}
}

void probe_seen_release(struct probe_seen *seen)
{
	strv_release(&seen->keys);
	strv_release(&seen->values);
	strv_release(&seen->crashes);
	free(seen->skip);
	*seen = (struct probe_seen){0};
}

const char *probe_seen_value(const struct probe_seen *seen, const char *key)
{
	for (size_t i = 0; i < seen->keys.n; i++)
		if (!strcmp(seen->keys.v[i], key))
			return seen->values.v[i];
	return NULL;
}

char *probe_seen_text(const struct probe_seen *seen)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < seen->keys.n; i++)
		buf_addf(&out, "%s%s=%s", i ? ", " : "", seen->keys.v[i], seen->values.v[i]);
	buf_adds(&out, "");
	return buf_steal(&out);
}

bool probe_matches(const char *pattern, const char *value)
{
	CLEANUP_STRV struct strv choices = STRV_INIT;

	strv_split(&choices, pattern, "|");
	return strv_has(&choices, value) ||
	       (strv_has(&choices, "crash") &&
		       check_listed("SIGSEGV SIGBUS SIGABRT SIGILL SIGFPE", value));
}

bool probe_holds(
	const struct probe_expectation *e, const struct probe_seen *seen, struct strv *wrong)
{
	CLEANUP_STRV struct strv pairs = STRV_INIT;
	bool holds = true;

	strv_split(&pairs, e->seen, " ");
	for (size_t i = 0; i < pairs.n; i++) {
		char *pattern = strchr(pairs.v[i], '=');
		const char *value;

		if (!pattern)
			bug("an expectation without '=': %s", pairs.v[i]);
		*pattern++ = '\0';
		value = probe_seen_value(seen, pairs.v[i]);
		if (value && probe_matches(pattern, value))
			continue;
		holds = false;
		if (wrong)
			strv_addf(wrong, "%s is %s, not %s", pairs.v[i], value ? value : "not seen",
				pattern);
	}
	return holds;
}

const struct probe_expectation *probe_expectation_for(
	const struct probe *probe, enum py_link link, int minor, const struct probe_seen *seen)
{
	for (size_t i = 0; i < PROBE_MAX_EXPECTATIONS && probe->expect[i].seen; i++) {
		const struct probe_expectation *e = &probe->expect[i];
		struct probe_expectation when = {.seen = e->when};

		if (!(e->links & (1u << link)) || minor < e->since ||
			(e->before && minor >= e->before))
			continue;
		if (!e->when || probe_holds(&when, seen, NULL))
			return e;
	}
	return NULL;
}
