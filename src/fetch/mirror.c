/* apt's mirrors and proxy, as apt itself reports them. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/term.h"
#include "fetch/fetch-internal.h"
#include "proc/proc.h"

#define OUTPUT_MAX ((size_t)4 << 20)
#define ASK_MS 20000

/* Without apt there is no output. */
static int ask_apt(
	const char *command, const char *root, bool both, struct buf *out, struct err *err)
{
	static const char *const configuration[] = {"APT_CONFIG"};
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	struct proc_spec spec = {.argv = &argv, .env = &env, .out = -1, .err = -1};
	CLEANUP_FREE char *program = NULL;

	strv_split(&argv, command, " ");
	program = find_program(argv.v[0]);
	buf_adds(out, "");
	if (!program)
		return 0;
	if (root)
		strv_addf(&argv, "-oDir=%s", root);
	proc_clean_environment(&env);
	proc_keep(configuration, ARRAY_SIZE(configuration), &env);
	return proc_run(&spec, both, OUTPUT_MAX, ASK_MS, out, err);
}

/* Debian's main archive, also at a mirror or as a snapshot, but not that of security updates. */
static bool is_debian(const char *base)
{
	const char *host = strstr(base, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;

	if (strncasecmp(base, "http://", 7) != 0 && strncasecmp(base, "https://", 8) != 0)
		return false;
	return path && (ends_with(path, "/debian") || strstr(path, "/debian/"));
}

static bool same_host(const char *a, const char *b)
{
	CLEANUP_FREE char *of_a = url_host(a), *of_b = url_host(b);

	return !strcmp(of_a, of_b);
}

/* `apt-get update --print-uris` fetches nothing, needs no privilege and no list that was fetched
 * before, as `apt-get indextargets` does. For each suite it prints a line
 * "'http://host/debian/dists/SUITE/InRelease' ...", the last host first, in order for each host. */
int apt_mirrors(const char *root, struct strv *bases, struct err *err)
{
	static const char release[] = "/InRelease'", dists[] = "/dists/";
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_STRV struct strv lines = STRV_INIT;
	size_t group = 0, same; /* how many at the front are of one host */

	if (ask_apt("apt-get update --print-uris", root, true, &out, err) < 0) {
		CLEANUP_FREE char *said = err->code == ERR_CHILD ? last_line_safe(out.data) : NULL;

		err_wrap(err, "asking apt for its mirrors");
		return said ? err_hint(err, "it said last: %s", said) : -1;
	}
	strv_split(&lines, out.data, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char *base = lines.v[i] + 1, *end = strstr(base, release);
		char *suite = end ? strstr(base, dists) : NULL;

		if (lines.v[i][0] != '\'' || !suite)
			continue;
		*end = *suite = '\0';
		suite += strlen(dists);
		if (ends_with(suite, "-security") || strstr(suite, "-security/") ||
			!is_debian(base) || strv_has(bases, base))
			continue;
		same = bases->n && same_host(base, bases->v[group ? group - 1 : 0]) ? group : 0;
		strv_add(bases, base);
		base = bases->v[bases->n - 1];
		memmove(&bases->v[same + 1], &bases->v[same],
			(bases->n - 1 - same) * sizeof(*bases->v));
		bases->v[same] = base;
		group = same + 1;
	}
	return 0;
}

char *apt_config_dump(void)
{
	struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;

	ask_apt("apt-config dump", NULL, false, &out, &ignored);
	return buf_steal(&out);
}

/* The value of the line `key "value";`, or NULL. Keys are not case-sensitive. */
static char *dump_value(const char *dump, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = dump; line && *line; line = strchr(line, '\n')) {
		line += strspn(line, "\n");
		if (!strncasecmp(line, key, n) && !strncmp(line + n, " \"", 2))
			return xstrndup(line + n + 2, strcspn(line + n + 2, "\"\n"));
	}
	return NULL;
}

char *apt_proxy(const char *dump, const char *url)
{
	/* apt takes the options of http for https where https has none of its own */
	static const char *const schemes[] = {"https", "http"};
	CLEANUP_FREE char *host = url_host(url);

	for (size_t i = strncasecmp(url, "https:", 6) ? 1 : 0; i < ARRAY_SIZE(schemes); i++) {
		CLEANUP_FREE char *key = xasprintf("Acquire::%s::Proxy", schemes[i]);
		CLEANUP_FREE char *host_key = xasprintf("%s::%s", key, host);
		char *value = dump_value(dump, host_key);

		if (!value)
			value = dump_value(dump, key);
		if (value && (!strcasecmp(value, "DIRECT") || !strcasecmp(value, "false")))
			value[0] = '\0';
		else if (value && !*value) /* set to nothing is not set */
			free(steal(&value));
		if (value)
			return value;
	}
	return NULL;
}
