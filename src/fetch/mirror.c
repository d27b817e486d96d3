/* What apt is configured with: sources.list(5) in both formats, and apt.conf(5) for the proxy. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/mem.h"
#include "fetch/fetch-internal.h"
#include "proc/proc.h"

#define SOURCES_FILE_MAX ((size_t)1 << 20)
#define DUMP_MAX ((size_t)4 << 20)
#define DUMP_MS 20000
#define BASES_MAX 64

/* Debian's main archive, also at a mirror or as a snapshot, but not that of security updates. */
static bool is_debian(const char *base)
{
	const char *host = strstr(base, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;

	if (strncasecmp(base, "http://", 7) != 0 && strncasecmp(base, "https://", 8) != 0)
		return false;
	return path && (ends_with(path, "/debian") || strstr(path, "/debian/"));
}

static void add_base(struct strv *bases, const char *uri)
{
	CLEANUP_FREE char *base = xstrdup(uri);
	size_t n = strlen(base);

	while (n && base[n - 1] == '/')
		base[--n] = '\0';
	if (is_debian(base) && !strv_has(bases, base) && bases->n < BASES_MAX)
		strv_add(bases, base);
}

/* deb [option=value …] uri suite component… */
static void parse_line(const char *line, struct strv *bases)
{
	CLEANUP_STRV struct strv words = STRV_INIT;
	CLEANUP_FREE char *copy = xstrndup(line, strcspn(line, "#"));
	char *rest = copy + strspn(copy, " \t\r");
	size_t type = strcspn(rest, " \t[");

	if (!(type == 3 && !strncmp(rest, "deb", 3)) &&
		!(type == 7 && !strncmp(rest, "deb-src", 7)))
		return;
	rest += type;
	rest += strspn(rest, " \t");
	if (*rest == '[') {
		rest += strcspn(rest, "]");
		rest += *rest == ']';
	}
	strv_split(&words, rest, " \t\r");
	if (words.n >= 2 && !ends_with(words.v[1], "-security") &&
		!strstr(words.v[1], "-security/"))
		add_base(bases, words.v[0]);
}

struct stanza {
	struct strv uris, suites;
	bool disabled;
};

static void end_stanza(struct stanza *s, struct strv *bases)
{
	bool wanted = false;

	for (size_t i = 0; i < s->suites.n; i++)
		wanted |= !ends_with(s->suites.v[i], "-security") &&
			  !strstr(s->suites.v[i], "-security/");
	for (size_t i = 0; wanted && !s->disabled && i < s->uris.n; i++)
		add_base(bases, s->uris.v[i]);
	strv_release(&s->uris);
	strv_release(&s->suites);
	s->disabled = false;
}

static bool says_no(const char *value)
{
	static const char *const words[] = {"no", "false", "without", "off", "disable", "0"};
	size_t n = strcspn(value, " \t\r");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) == n && !strncasecmp(words[i], value, n))
			return true;
	}
	return false;
}

/* `field` is the list that continuation lines go to. */
static void parse_field(struct stanza *s, const char *line, struct strv **field)
{
	const char *value = line;

	if (*line != ' ' && *line != '\t') {
		*field = NULL;
		value += strcspn(line, ":");
		value += *value == ':';
		value += strspn(value, " \t");
		if (!strncasecmp(line, "URIs:", 5))
			*field = &s->uris;
		else if (!strncasecmp(line, "Suites:", 7))
			*field = &s->suites;
		else if (!strncasecmp(line, "Enabled:", 8))
			s->disabled = says_no(value);
	}
	if (*field)
		strv_split(*field, value, " \t\r");
}

void apt_sources_parse(const char *text, bool deb822, struct strv *bases)
{
	struct stanza stanza = {0};
	struct strv *field = NULL;

	while (*text) {
		size_t n = strcspn(text, "\n");
		CLEANUP_FREE char *line = xstrndup(text, n);

		text += n + (text[n] == '\n');
		if (!deb822) {
			parse_line(line, bases);
		} else if (!line[strspn(line, " \t\r")]) {
			end_stanza(&stanza, bases);
			field = NULL;
		} else if (*line != '#') {
			parse_field(&stanza, line, &field);
		}
	}
	end_stanza(&stanza, bases);
}

static int read_sources(const char *path, struct strv *bases, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!path_exists(path))
		return 0;
	if (file_read(path, SOURCES_FILE_MAX, &text, err) < 0)
		return err_wrap(err, "reading apt's sources");
	apt_sources_parse(text.data, ends_with(path, ".sources"), bases);
	return 0;
}

int apt_mirrors(const char *root, struct strv *bases, struct err *err)
{
	CLEANUP_FREE char *list = xasprintf("%s/etc/apt/sources.list", root);
	CLEANUP_FREE char *parts = xasprintf("%s/etc/apt/sources.list.d", root);
	CLEANUP_STRV struct strv names = STRV_INIT;
	struct dirent *e;
	DIR *dir;

	if (read_sources(list, bases, err) < 0)
		return -1;
	dir = opendir(parts);
	if (!dir && errno != ENOENT)
		return err_sys(err, "reading apt's sources: cannot list '%s'", parts);
	while (dir && (e = readdir(dir))) {
		if (ends_with(e->d_name, ".list") || ends_with(e->d_name, ".sources"))
			strv_add(&names, e->d_name);
	}
	if (dir)
		closedir(dir);
	strv_sort(&names);
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", parts, names.v[i]);

		if (read_sources(path, bases, err) < 0)
			return -1;
	}
	return 0;
}

/* The value of a line `key "value";`, NULL if there is none. Keys do not depend on case. */
static char *dump_value(const char *dump, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = dump; line && *line; line = strchr(line, '\n')) {
		line += strspn(line, "\n");
		if (!strncasecmp(line, key, n) && !strncmp(line + n, " \"", 2)) {
			const char *value = line + n + 2;

			return xstrndup(value, strcspn(value, "\"\n"));
		}
	}
	return NULL;
}

/* The host, lower case, without port or user. */
static char *url_host(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at;
	size_t n;
	char *copy;

	if (!host)
		return xstrdup("");
	host += 3;
	n = strcspn(host, "/?#");
	at = memrchr(host, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	copy = xstrndup(host, n);
	copy[*copy == '[' ? strcspn(copy, "]") : strcspn(copy, ":")] = '\0';
	return copy;
}

char *apt_proxy(const char *dump, const char *url)
{
	/* apt takes the options of http for https where https has none of its own */
	static const char *const schemes[] = {"https", "http"};
	CLEANUP_FREE char *host = url_host(url);
	size_t first = strncasecmp(url, "https:", 6) ? 1 : 0;

	for (size_t i = first; i < ARRAY_SIZE(schemes); i++) {
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

char *apt_config_dump(void)
{
	static const char *const configuration[] = {"APT_CONFIG"};
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	struct proc_spec spec = {.argv = &argv, .env = &env, .out = -1, .err = -1};
	struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;

	strv_split(&argv, "apt-config dump", " ");
	proc_clean_environment(&env);
	proc_keep(configuration, ARRAY_SIZE(configuration), &env);
	/* Without apt there is no output. */
	proc_run(&spec, false, DUMP_MAX, DUMP_MS, &out, &ignored);
	buf_adds(&out, "");
	return buf_steal(&out);
}
