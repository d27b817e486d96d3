/* What a wheel or a tree says of the GNU C library that it needs.
 *
 * A wheel says it in its name: manylinux_2_17_x86_64 promises to load with glibc 2.17 (PEP 600);
 * the older names stand for versions, too (PEP 513, 571, 599). A tree may have PYTHON.json, which
 * names the highest version of a symbol, and solder's own build.json, which has the option --glibc.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "report/json.h"

void promises_release(struct promises *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].by);
		free(p->v[i].glibc);
	}
	free(p->v);
	*p = (struct promises){0};
}

bool glibc_is_version(const char *text)
{
	size_t major = strspn(text, "0123456789"), minor;

	if (!major || text[major] != '.')
		return false;
	minor = strspn(text + major + 1, "0123456789");
	text += major + 1 + minor;
	/* There were releases such as 2.2.5. */
	return minor &&
	       (!*text || (*text == '.' && text[1] && !text[1 + strspn(text + 1, "0123456789")]));
}

/* "2.17" for "manylinux_2_17_x86_64"; NULL for a tag that promises nothing about glibc. The caller
 * frees it. */
static char *glibc_of_tag(const char *tag)
{
	static const struct {
		const char *name, *glibc;
	} older[] = {
		{"manylinux1_", "2.5"}, {"manylinux2010_", "2.12"}, {"manylinux2014_", "2.17"}};
	unsigned int major, minor;

	for (size_t i = 0; i < ARRAY_SIZE(older); i++) {
		if (!strncmp(tag, older[i].name, strlen(older[i].name)))
			return xstrdup(older[i].glibc);
	}
	return sscanf(tag, "manylinux_%3u_%3u", &major, &minor) == 2
		       ? xasprintf("%u.%u", major, minor)
		       : NULL;
}

static void add_promise(struct promises *p, char *by, char *glibc)
{
	*ARRAY_ADD(p->v, p->n) = (struct promise){by, glibc};
}

void promises_of_wheel(const char *file, struct promises *p)
{
	const char *base = path_base(file), *tags = strrchr(base, '-');
	CLEANUP_STRV struct strv list = STRV_INIT;
	CLEANUP_FREE char *lowest = NULL;
	size_t of = 0;

	if (!tags || !ends_with(base, ".whl"))
		return;
	strv_split(&list, tags + 1, ".");
	/* Installers take the wheel where any of its tags fits. */
	for (size_t i = 0; i < list.n; i++) {
		CLEANUP_FREE char *glibc = glibc_of_tag(list.v[i]);

		if (!glibc || (lowest && elf_version_compare(glibc, lowest) >= 0))
			continue;
		free(lowest);
		lowest = steal(&glibc);
		of = i;
	}
	if (lowest)
		add_promise(p, xasprintf("the tag %s", list.v[of]), steal(&lowest));
}

void promises_of_platform(const char *platform, struct promises *p)
{
	char *glibc = platform ? glibc_of_tag(platform) : NULL;

	if (glibc)
		add_promise(p, xasprintf("sysconfig's platform, %s,", platform), glibc);
}

static void read_python_json(const char *path, struct promises *p)
{
	static const char mark[] = "glibc-max-symbol-version:";
	struct err ignored = ERR_INIT;
	json_t *all = py_json_load(path, &ignored), *feature;
	size_t i;

	json_array_foreach (json_object_get(all, "crt_features"), i, feature) {
		const char *text = json_string_value(feature);

		if (text && !strncmp(text, mark, strlen(mark)) &&
			glibc_is_version(text + strlen(mark)))
			add_promise(p, xstrdup("PYTHON.json"), xstrdup(text + strlen(mark)));
	}
	json_decref(all);
}

static void read_build_json(const char *path, struct promises *p)
{
	struct err ignored = ERR_INIT;
	json_t *all = py_json_load(path, &ignored);
	const char *glibc = check_text(json_object_get(all, "options"), "glibc");

	if (glibc && glibc_is_version(glibc))
		add_promise(p, xstrdup("build.json"), xstrdup(glibc));
	json_decref(all);
}

void promises_of_tree(const char *dir, struct promises *p)
{
	static const char *const tops[] = {"", "/python", "/install", "/python/install"};
	CLEANUP_FREE char *real = realpath(dir, NULL);

	if (real && !strcmp(path_base(real), "install")) {
		CLEANUP_FREE char *above = xasprintf("%s/../PYTHON.json", real);

		read_python_json(above, p);
	}
	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		CLEANUP_FREE char *python = xasprintf("%s%s/PYTHON.json", dir, tops[i]);
		CLEANUP_FREE char *build = xasprintf("%s%s/share/solder/build.json", dir, tops[i]);

		read_python_json(python, p);
		read_build_json(build, p);
	}
}
