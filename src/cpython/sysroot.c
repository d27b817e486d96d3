/* The floor: the oldest C library that what is built runs with.
 *
 * The recipe of glibc makes a sysroot of stub libraries, whose symbols have the versions of then,
 * and of functions that those lack. The steps that compile and link CPython find it in their
 * folder, and in $CC a compiler that uses it. Those of the packages do not need it: an archive of
 * objects is linked to no library, and what it calls is looked up when CPython is linked. So they
 * are the same with a floor and without, and so is a profile, since the headers are. The finished
 * tree is read once more. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "elf/elf.h"

/* What the recipe has data for, and the first version that the architecture had, if it is later
 * than the oldest floor. */
static const struct {
	const char *triple, *oldest;
} architectures[] = {{"x86_64-linux-gnu", "2.17"}, {"aarch64-linux-gnu", "2.17"},
	{"riscv64-linux-gnu", "2.27"}, {"powerpc64le-linux-gnu", "2.17"},
	{"s390x-linux-gnu", "2.17"}, {"arm-linux-gnueabihf", "2.17"}};

static bool has_floor(const struct cpython_options *o)
{
	return strcmp(o->glibc, "native") != 0;
}

int sysroot_settle(struct cpython_options *o, bool said, const struct toolchain *t,
	const char *here, struct err *err)
{
	const char *oldest = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++)
		if (!strcmp(t->triple, architectures[i].triple))
			oldest = architectures[i].oldest;
	if (!has_floor(o))
		return 0;
	if (!said && !oldest)
		o->glibc = "native";
	else if (!said && elf_version_compare(o->glibc, oldest) < 0)
		o->glibc = oldest;
	if (!has_floor(o))
		return 0;
	if (!oldest) {
		err_set(err, ERR_USAGE, "there is no glibc of another version for '%s' here",
			t->triple);
		return err_hint(err, "build with --glibc native");
	}
	if (elf_version_compare(o->glibc, oldest) < 0) {
		err_set(err, ERR_USAGE, "'%s' has no glibc %s: its first is %s", t->triple,
			o->glibc, oldest);
		return err_hint(err, "build with --glibc %s", oldest);
	}
	if (here && elf_version_compare(o->glibc, here) > 0) {
		err_set(err, ERR_ENVIRONMENT,
			"a build runs what it has made, and this machine's glibc is %s, older than %s",
			here, o->glibc);
		return err_hint(err, "build with --glibc %s, or leave it out", oldest);
	}
	if (strcmp(o->relr, "yes") != 0 || elf_version_compare(o->glibc, "2.36") >= 0)
		return 0;
	err_set(err, ERR_USAGE, "--relr needs glibc 2.36, and --glibc is %s", o->glibc);
	return err_hint(err, "add --glibc 2.36, or --relr no");
}

bool sysroot_is_recipe(const char *name)
{
	return !strcmp(name, "glibc") || !strcmp(name, "musl");
}

void sysroot_plan(struct cpython_build *b, struct step *s)
{
	b->plan.sysroot = s;
	if (!has_floor(&b->request.options))
		return;
	b->plan.floor = b->request.options.glibc;
	strv_addf(&s->env, "GLIBC=%s", b->plan.floor);
}

/* What makes a compiler find the sysroot, in a step of CPython or of a package; the caller frees
 * it.
 */
static char *arguments(const struct cpython_build *b, bool cpython, bool final)
{
	const struct toolchain *t = b->full;

	if (!b->plan.floor)
		return musl_arguments(t, cpython, final);
	/* -B is where gcc looks for start files and for libraries, and clang for the former. It
	 * would warn of what it does not need for compiling. The linker looks elsewhere for what
	 * libraries need. */
	return xstrdup(t->family == CC_GCC ? "-B" SYSROOT " -Wl,-rpath-link," SYSROOT
					   : "--start-no-unused-arguments -B" SYSROOT " -L" SYSROOT
					     " -Wl,-rpath-link," SYSROOT
					     " --end-no-unused-arguments");
}

char *sysroot_arguments(const struct cpython_build *b, const char *root)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_FREE char *said = NULL;

	if (!b->plan.sysroot)
		return NULL;
	said = arguments(b, true, false);
	buf_addf(&text, " %s", said);
	buf_replace(&text, "@S@", root);
	return buf_steal(&text);
}

void step_sysroot(const struct cpython_build *b, struct step *s)
{
	static const char *const compilers[] = {"CC=", "CXX="};
	CLEANUP_FREE char *said = NULL;
	size_t n = s->env.n;

	if (!b->plan.sysroot)
		return;
	said = arguments(b, !strncmp(s->name, "cpython-", strlen("cpython-")), s == b->plan.link);
	step_need(s, b->plan.sysroot, true);
	/* For config.site: whoever links libpython.a on such a system has to name them. */
	if (b->plan.floor && elf_version_compare(b->plan.floor, "2.34") < 0)
		strv_add(&s->env, "FLOOR_LIBS=-lpthread -ldl -lutil -lrt");
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(compilers); k++) {
			const char *name = compilers[k], *path = s->env.v[i] + strlen(name);
			char *with;

			if (strncmp(s->env.v[i], name, strlen(name)) != 0)
				continue;
			/* Programs are shown to sandboxes by variables that are paths. */
			strv_addf(&s->env, "%.*s_PROGRAM=%.*s", (int)strlen(name) - 1, name,
				(int)strcspn(path, " "), path);
			with = xasprintf("%s%s %s", name, path, said);
			free(s->env.v[i]);
			s->env.v[i] = with;
		}
	}
}

int step_archive(const struct cpython_build *b, struct step *s, struct err *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/archive.sh", cpython_of(b)->recipe->dir);
	CLEANUP_BUF struct buf text = BUF_INIT, script = BUF_INIT;

	if (!b->plan.sysroot)
		return 0;
	/* The compile's interpreter, which makes the bytecode, runs with its loader. */
	step_need(s, b->plan.sysroot, true);
	if (file_read(path, SCRIPT_MAX_BYTES, &text, err) < 0)
		return -1;
	buf_addf(&script, "%s\n%s", s->script, b->plan.floor ? "" : MUSL_NEWER);
	buf_add(&script, text.data, text.len);
	free(s->script);
	s->script = buf_steal(&script);
	if (b->native) {
		strv_addf(&s->env, "AR=%s", b->full->ar);
		strv_addf(&s->env, "NM=%s", b->full->nm);
	}
	return 0;
}

/* ---- the finished tree ----------------------------------------------------------------------- */

/* A name that no release is known for is newer than all. */
static bool is_newer(const char *version, const char *floor)
{
	const char *release = version ? elf_glibc_release(version) : NULL;

	return release ? elf_version_compare(release, floor) > 0
		       : version && !strncmp(version, "GLIBC_", strlen("GLIBC_"));
}

static bool is_elf(const char *path)
{
	char start[SELFMAG];
	struct err ignored = ERR_INIT;
	CLEANUP_CLOSE int fd = file_open(path, &ignored);

	return fd >= 0 && file_pread(fd, start, sizeof(start), 0) == sizeof(start) &&
	       elf_is(start, sizeof(start));
}

static int check_file(void *ctx, const struct tree_entry *e, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	const char *floor = ctx, *symbol = NULL, *version = NULL;

	if (!S_ISREG(e->st->st_mode) || !is_elf(e->path))
		return 0;
	if (elf_facts_read(e->path, &facts, err) < 0)
		return -1;
	for (size_t i = 0; i < facts.n_versions && !version; i++)
		if (is_newer(facts.versions[i].version, floor))
			version = facts.versions[i].version;
	for (size_t i = 0; version && i < facts.n_undefined && !symbol; i++)
		if (is_newer(facts.undefined[i].version, floor)) {
			symbol = facts.undefined[i].name;
			version = facts.undefined[i].version;
		}
	if (!version)
		return 0;
	err_set(err, ERR_CHILD, "'%s' needs %s%s%s, which is newer than glibc %s", e->rel,
		symbol ? symbol : "", symbol ? " of " : "", version, floor);
	return err_hint(err,
		"a package uses what the floor has not: build with a newer --glibc, or 'native'");
}

int sysroot_check(const char *tree, const char *floor, struct err *err)
{
	return floor ? tree_walk(tree, check_file, (void *)floor, err) : 0;
}
