/* Determines which version pyenv's shims would run. pyenv is a set of bash scripts; this applies
 * its rules without running any of them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "python/python-internal.h"

#define MAX_VERSION_FILE (64 * 1024)

char *pyenv_shim_root(const char *script)
{
	static const char assignment[] = "export PYENV_ROOT=\"";
	const char *start = strstr(script, assignment), *end;

	if (!start || !strstr(script, "pyenv\" exec "))
		return NULL;
	start += strlen(assignment);
	end = strpbrk(start, "\"\n");
	return end && *end == '"' && *start == '/' ? xstrndup(start, (size_t)(end - start)) : NULL;
}

/* The names that a version file selects: the first word of each line that is not a comment. Like
 * pyenv, ignores names that would lead out of versions/. */
static void read_version_file(const char *path, struct strv *versions)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_STRV struct strv lines = STRV_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(path, MAX_VERSION_FILE, &text, &ignored) < 0)
		return;
	strv_split(&lines, text.data, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		CLEANUP_STRV struct strv words = STRV_INIT;

		strv_split(&words, lines.v[i], " \t\r");
		if (words.n && words.v[0][0] != '#' && strcmp(words.v[0], "..") != 0 &&
			!strchr(words.v[0], '/'))
			strv_add(versions, words.v[0]);
	}
}

/* The nearest .python-version from `dir` upwards; NULL if none. */
static char *local_file(const char *dir)
{
	CLEANUP_FREE char *at = xstrdup(dir);

	for (;;) {
		CLEANUP_FREE char *file =
			xasprintf("%s/.python-version", strcmp(at, "/") ? at : "");
		char *above;

		if (access(file, F_OK) == 0 && !path_is_dir(file))
			return steal(&file);
		if (!strcmp(at, "/") || !strcmp(at, "."))
			return NULL;
		above = path_dir(at);
		free(at);
		at = above;
	}
}

static void selected(const char *root, struct strv *versions, char **origin)
{
	const char *env = getenv("PYENV_VERSION"), *dir = getenv("PYENV_DIR");
	CLEANUP_FREE char *cwd = path_absolute(".");

	if (env && *env) {
		strv_split(versions, env, ":");
		*origin = xstrdup("PYENV_VERSION");
		return;
	}
	*origin = dir && *dir == '/' ? local_file(dir) : NULL;
	if (!*origin)
		*origin = local_file(cwd);
	if (!*origin)
		*origin = xasprintf("%s/version", root);
	read_version_file(*origin, versions);
}

/* Pre-releases, "3.13.0rc2", "3.13.0a1", "3.12-dev", are never the latest. */
static bool is_unfinished(const char *name)
{
	size_t n = strlen(name), digits = n;

	while (digits > 0 && isdigit((unsigned char)name[digits - 1]))
		digits--;
	if (digits < n && digits > 0 &&
		(strchr("ab", name[digits - 1]) ||
			(digits > 1 && !strncmp(name + digits - 2, "rc", 2))))
		return true;
	return ends_with(name, "-dev") || ends_with(name, "-src") || ends_with(name, "-latest");
}

/* "3.13t" */
static bool is_free_threaded(const char *name)
{
	size_t n = strlen(name);

	return n > 1 && name[n - 1] == 't' && isdigit((unsigned char)name[n - 2]);
}

/* "3.12" selects the newest installed 3.12.x; "3.13t" the newest free-threaded one. */
static char *latest(const char *root, const char *prefix)
{
	CLEANUP_FREE char *versions = xasprintf("%s/versions", root);
	CLEANUP_STRV struct strv names = STRV_INIT;
	size_t len = strlen(prefix);
	bool free_threaded = is_free_threaded(prefix);
	const char *best = NULL;
	struct err ignored = ERR_INIT;

	len -= free_threaded;
	dir_list(versions, &names, &ignored);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i];

		if (strlen(name) > len && !strncmp(name, prefix, len) && strchr(".-", name[len]) &&
			is_free_threaded(name) == free_threaded && !is_unfinished(name) &&
			(!best || elf_version_compare(name, best) > 0))
			best = name;
	}
	return best ? xstrdup(best) : NULL;
}

/* The folder of a selected version, "3.11.7", "python-3.11.7" or "3.11"; NULL if not installed. */
static char *version_dir(const char *root, const char *version)
{
	const char *plain = strncmp(version, "python-", 7) ? version : version + 7;
	const char *names[] = {version, plain};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *dir = xasprintf("%s/versions/%s", root, names[i]);

		if (path_is_dir(dir))
			return steal(&dir);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *name = latest(root, names[i]);

		if (name)
			return xasprintf("%s/versions/%s", root, name);
	}
	return NULL;
}

/* Searches PATH without the shims. */
static char *find_outside(const char *root, const char *program)
{
	CLEANUP_FREE char *shims = xasprintf("%s/shims", root);
	CLEANUP_STRV struct strv dirs = STRV_INIT;
	const char *path = getenv("PATH");

	strv_split(&dirs, path ? path : "", ":");
	for (size_t i = 0; i < dirs.n; i++) {
		CLEANUP_FREE char *full = xasprintf("%s/%s", dirs.v[i], program);

		if (strcmp(dirs.v[i], shims) != 0 && access(full, X_OK) == 0 && !path_is_dir(full))
			return path_absolute(full);
	}
	return NULL;
}

int pyenv_which(
	const char *root, const char *program, char **ret, struct strv *trail, struct err *err)
{
	CLEANUP_STRV struct strv versions = STRV_INIT, missing = STRV_INIT;
	CLEANUP_FREE char *origin = NULL, *words = NULL;

	selected(root, &versions, &origin);
	words = versions.n ? strv_join(&versions, ":") : xstrdup("system");
	strv_add(&versions, "system");
	for (size_t i = 0; i < versions.n; i++) {
		bool system = !strcmp(versions.v[i], "system");
		CLEANUP_FREE char *dir = system ? NULL : version_dir(root, versions.v[i]);
		CLEANUP_FREE char *full = system ? find_outside(root, program)
					  : dir  ? xasprintf("%s/bin/%s", dir, program)
						 : NULL;

		if (!system && !dir)
			strv_add(&missing, versions.v[i]);
		if (!full || access(full, X_OK) < 0 || path_is_dir(full))
			continue;
		strv_addf(trail, "pyenv's selection is '%s', by %s%s%s", words,
			*origin == '/' ? "'" : "", origin, *origin == '/' ? "'" : "");
		if (system && strcmp(words, "system") != 0)
			strv_addf(trail,
				"no selected version has '%s': the next one on PATH is taken",
				program);
		*ret = steal(&full);
		return 0;
	}
	if (missing.n)
		return err_set(err, ERR_INPUT,
			"pyenv selects version '%s' (by '%s'), which is not installed",
			missing.v[0], origin);
	return err_set(err, ERR_INPUT, "pyenv's selection '%s' (by '%s') has no '%s'", words,
		origin, program);
}
