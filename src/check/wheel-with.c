/* One wheel and one Python: will they work together, and if not, why? Nothing is run.
 *
 * Tags are judged as installers do (PEP 425, 600, 656; abi3: PEP 384), and the files as for any
 * wheel. */
#include <ctype.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "check/check-internal.h"
#include "report/json.h"

/* What a wheel's tags are held against. */
struct target {
	int major, minor;
	bool free_threaded, musl;
	char *abi;           /* "cp313t" */
	const char *machine; /* "x86_64" */
	const char *glibc;   /* of this system; NULL: unknown, or another library */
};

/* The digits after the first one are the minor version: "cp313", "py3", "cp32". False if it is not
 * of that form; *minor is -1 for "py3". */
static bool read_version(const char *tag, const char *before, int *major, int *minor)
{
	size_t n = strlen(before);

	if (strncmp(tag, before, n) != 0 || !isdigit((unsigned char)tag[n]) || strlen(tag + n) > 4)
		return false;
	*major = tag[n] - '0';
	*minor = tag[n + 1] ? (int)strtol(tag + n + 1, NULL, 10) : -1;
	return !tag[n + 1 + strspn(tag + n + 1, "0123456789")];
}

static bool python_fits(const struct target *t, const char *python, const char *abi)
{
	int major, minor;
	bool older;

	if (read_version(python, "py", &major, &minor))
		return !strcmp(abi, "none") && major == t->major && minor <= t->minor;
	if (!read_version(python, "cp", &major, &minor) || major != t->major)
		return false;
	older = minor <= t->minor;
	if (!strcmp(abi, "abi3"))
		return older && !t->free_threaded;
	return minor == t->minor && (!strcmp(abi, "none") || !strcmp(abi, t->abi));
}

static bool platform_fits(const struct target *t, const char *platform)
{
	CLEANUP_FREE char *plain = xasprintf("linux_%s", t->machine);
	CLEANUP_FREE char *end = xasprintf("_%s", t->machine);
	CLEANUP(promises_release) struct promises glibc = {0};

	if (!strcmp(platform, "any") || !strcmp(platform, plain))
		return true;
	if (!ends_with(platform, end))
		return false;
	if (!strncmp(platform, "musllinux_", strlen("musllinux_")))
		return t->musl;
	promises_of_platform(platform, &glibc);
	return !t->musl && glibc.n &&
	       (!t->glibc || elf_version_compare(glibc.v[0].glibc, t->glibc) <= 0);
}

static bool any_fits(const struct target *t, const struct strv *pythons, const struct strv *abis)
{
	for (size_t p = 0; p < pythons->n; p++) {
		for (size_t a = 0; a < abis->n; a++) {
			if (python_fits(t, pythons->v[p], abis->v[a]))
				return true;
		}
	}
	return false;
}

/* Why an installer would not take it, or NULL. The caller frees it. */
static char *tags_refuse(const struct target *t, const char *file)
{
	CLEANUP_STRV struct strv parts = STRV_INIT, pythons = STRV_INIT, abis = STRV_INIT;
	CLEANUP_STRV struct strv platforms = STRV_INIT;
	bool fits = false;

	if (!wheel_name_split(file, &parts))
		return xstrdup("its name is not a wheel's");
	strv_split(&pythons, parts.v[parts.n - 3], ".");
	strv_split(&abis, parts.v[parts.n - 2], ".");
	strv_split(&platforms, parts.v[parts.n - 1], ".");
	if (!any_fits(t, &pythons, &abis))
		return xasprintf("its tag %s-%s is not for %s", parts.v[parts.n - 3],
			parts.v[parts.n - 2], t->abi);
	for (size_t i = 0; i < platforms.n; i++)
		fits = fits || platform_fits(t, platforms.v[i]);
	return fits ? NULL
		    : xasprintf("its tag %s is not for %s with %s%s", parts.v[parts.n - 1],
			      t->machine, t->musl ? "musl" : "glibc ",
			      t->musl    ? ""
			      : t->glibc ? t->glibc
					 : "of an unknown release");
}

static void target_of(const struct wheel_python *p, struct target *t)
{
	const struct python *dist = p->dist;
	const char *flags = dist->abiflags ? dist->abiflags : "";

	*t = (struct target){.major = dist->major,
		.minor = dist->minor,
		.free_threaded = strchr(flags, 't') != NULL,
		.musl = p->exe.interp && strstr(p->exe.interp, "ld-musl"),
		.abi = xasprintf("cp%d%d%s", dist->major, dist->minor, flags),
		.machine = elf_machine_name(p->exe.machine)};
	if (!t->machine)
		t->machine = "an unknown machine";
	if (!t->musl && dist->runs)
		t->glibc = gnu_get_libc_version();
}

/* Sets verdict and why: from the tags, the C library and the prediction, the first that decides. */
static void decide(const struct target *t, const struct wheel_audit *audit, struct wheel *w)
{
	const char *needs = check_text(w->audit, "glibc");
	char *refused = tags_refuse(t, w->file);
	size_t n = audit->counts[WHEEL_EXTENSION];

	w->verdict = CHECK_FAILS;
	if (refused) {
		w->why = xasprintf("installers refuse it: %s", refused);
	} else if (needs && t->glibc && elf_version_compare(needs, t->glibc) > 0) {
		w->why = xasprintf("its files need glibc %s, and here is %s", needs, t->glibc);
	} else if (!n && audit->counts[WHEEL_FOREIGN]) {
		w->why = xstrdup("its extension modules are for another Python or machine");
	} else if (w->expected == WHEEL_BREAKS) {
		w->why = xstrdup(w->because);
	} else if (w->expected == WHEEL_UNSURE) {
		w->verdict = CHECK_NOT_CHECKED;
		w->why = xstrdup(w->because);
	} else {
		w->verdict = CHECK_WORKS;
		w->why = n ? xasprintf(
				     "%zu extension module%s: %s", n, n == 1 ? "" : "s", w->because)
			   : xstrdup("it has no extension modules");
	}
	free(refused);
}

/* "numpy 2.5.5 will not work with CPython 3.13.1 (PATH): …"; the caller frees it. */
static char *sentence(const struct wheel *w, const struct python *dist)
{
	const char *will = w->verdict == CHECK_WORKS   ? "will work"
			   : w->verdict == CHECK_FAILS ? "will not work"
						       : "may or may not work";

	return xasprintf("%s %s %s with CPython %s (%s): %s.", w->name, w->version, will,
		dist->version, dist->interpreter, w->why);
}

static int judge(const struct python *dist, const char *file, struct wheel_audit *audit,
	json_t *list, struct err *err)
{
	CLEANUP(wheel_python_release) struct wheel_python here = {0};
	CLEANUP(wheel_release) struct wheel w = WHEEL_INIT;
	struct target t;
	json_t *item;

	if (py_other_implementation(dist))
		return err_set(err, ERR_UNSUPPORTED,
			"wheels are judged as CPython loads them; '%s' is %s", dist->interpreter,
			py_other_implementation(dist));
	if (!dist->version || wheel_python_read(dist, &here, err) < 0)
		return dist->version ? -1
				     : err_set(err, ERR_UNSUPPORTED,
					       "the version of '%s' is unknown", dist->interpreter);
	w.file = xstrdup(path_base(file));
	if (!wheel_name_parse(file, &w.name, &w.version))
		return err_set(err, ERR_INPUT, "'%s' is not the name of a wheel", file);
	if (wheel_predict(&here, audit, &w, err) < 0)
		return -1;
	target_of(&here, &t);
	decide(&t, audit, &w);
	free(t.abi);
	item = wheel_json(&w);
	json_object_set_new(item, "python", json_text(dist->interpreter));
	json_object_set_new(item, "python_version", json_text(dist->version));
	CLEANUP_FREE char *answer = sentence(&w, dist);

	json_object_set_new(item, "answer", json_text(answer));
	json_array_append_new(list, item);
	return 0;
}

/* What happens to be there under such a name may be no Python, or broken: it is left out. */
static int judge_named(const char *name, const char *file, struct wheel_audit *audit,
	struct strv *seen, json_t *list, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	struct err ignored = ERR_INIT;

	if (interrupt_check(err) < 0)
		return -1;
	if (py_find(name, &dist, &ignored) < 0 || strv_has(seen, dist.interpreter) ||
		py_other_implementation(&dist))
		return 0;
	strv_add(seen, dist.interpreter);
	judge(&dist, file, audit, list, &ignored);
	return 0;
}

/* python3.N on PATH, and the versions of pyenv. */
static int judge_each(const char *file, struct wheel_audit *audit, json_t *list, struct err *err)
{
	CLEANUP_STRV struct strv folders = STRV_INIT, seen = STRV_INIT, versions = STRV_INIT;
	const char *path = getenv("PATH"), *home = getenv("HOME"), *root = getenv("PYENV_ROOT");
	CLEANUP_FREE char *pyenv = root ? xasprintf("%s/versions", root)
					: xasprintf("%s/.pyenv/versions", home ? home : "");
	struct err ignored = ERR_INIT;

	strv_split(&folders, path ? path : "/usr/bin:/bin", ":");
	for (size_t i = 0; i < folders.n; i++) {
		CLEANUP_STRV struct strv names = STRV_INIT;

		dir_list(folders.v[i], &names, &ignored);
		for (size_t k = 0; k < names.n; k++) {
			CLEANUP_FREE char *python = xasprintf("%s/%s", folders.v[i], names.v[k]);
			const char *minor = names.v[k] + strlen("python3.");

			if (strncmp(names.v[k], "python3.", strlen("python3.")) != 0 || !*minor ||
				minor[strspn(minor, "0123456789t")])
				continue;
			if (judge_named(python, file, audit, &seen, list, err) < 0)
				return -1;
		}
	}
	dir_list(pyenv, &versions, &ignored);
	for (size_t i = 0; i < versions.n; i++) {
		CLEANUP_FREE char *python = xasprintf("%s/%s", pyenv, versions.v[i]);

		if (judge_named(python, file, audit, &seen, list, err) < 0)
			return -1;
	}
	return 0;
}

int check_with_download(const struct python *dist, const char *requirement, const char *scratch,
	char **file, struct err *err)
{
	const char *const others[] = {NULL};
	CLEANUP_STRV struct strv pip = STRV_INIT;
	CLEANUP_FREE char *said = NULL;
	size_t n;
	int got;

	if (!wheel_is_requirement(requirement, &n))
		return err_set(err, ERR_INPUT, "'%s' is neither a wheel nor the name of a package",
			requirement);
	if (!py_runs(dist) || !pip_find(dist->interpreter, others, &pip))
		return err_set(err, ERR_UNSUPPORTED, "'%s' has no pip to download '%s' with",
			dist->interpreter, requirement);
	got = pip_download(&pip, NULL, requirement, scratch, scratch, file, &said, err);
	if (got == 0 && said)
		return err_set(err, ERR_INPUT, "pip: %s", said);
	if (got == 0)
		return err_set(err, ERR_INPUT, "pip downloaded no wheel of '%s'", requirement);
	return got < 0 ? -1 : 0;
}

int check_with(const struct python *dist, const char *file, const char *scratch, json_t *model,
	struct err *err)
{
	CLEANUP(wheel_audit_release) struct wheel_audit audit = {0};
	CLEANUP_FREE char *name = NULL, *version = NULL;
	json_t *list = check_list(model, "with");
	int failed;

	if (!wheel_name_parse(file, &name, &version))
		return err_set(err, ERR_INPUT, "'%s' is not the name of a wheel", file);
	if (wheel_audit_read(file, scratch, &audit, err) < 0)
		return -1;
	failed = dist ? judge(dist, file, &audit, list, err) : judge_each(file, &audit, list, err);
	if (failed == 0 && !json_array_size(list))
		failed = err_set(err, ERR_ENVIRONMENT, "there is no python3.N on PATH");
	return failed;
}

struct doc *check_with_page(const json_t *model)
{
	static const struct doc_column columns[] = {
		{"verdict", DOC_VERDICT}, {"version", 0}, {"Python", DOC_WRAP}, {"why", DOC_WRAP}};
	const json_t *list = json_object_get(model, "with"), *item;
	const json_t *first = json_array_get(list, 0);
	CLEANUP_FREE char *title = xasprintf("solder check: %s", check_text(first, "file"));
	struct doc *doc = doc_new(title);
	size_t i;

	if (json_array_size(list) == 1) {
		doc_text(doc, "%s", check_text(first, "answer"));
		return doc;
	}
	doc_table(doc, NULL, columns, ARRAY_SIZE(columns));
	json_array_foreach (list, i, item) {
		enum check_verdict verdict = check_verdict_of(item);

		doc_row(doc, (const char *const[]){check_verdict_word(verdict),
				     check_text(item, "python_version"), check_text(item, "python"),
				     check_text(item, "why")});
		doc_cell_tone(doc, 0, check_verdict_tone(verdict));
	}
	return doc;
}
