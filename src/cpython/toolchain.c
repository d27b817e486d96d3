#include "cpython/toolchain.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "proc/proc.h"

/* Against programs that hang; a machine with much to do may take minutes for a second of work. */
#define ASK_TIMEOUT_MS 600000
#define CLANG_NEWEST 40
#define CLANG_OLDEST 19

int toolchain_ask(const char *program, const char *a, const char *b, char **line, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};

	strv_add(&argv, program);
	strv_add(&argv, a);
	if (b)
		strv_add(&argv, b);
	if (proc_run(&spec, false, 65536, ASK_TIMEOUT_MS, &out, err) < 0)
		return err_wrap(err, "asking '%s %s'", program, a);
	*line = xstrndup(out.data, strcspn(out.data, "\n"));
	return 0;
}

/* The first number behind the first "version " or, for gcc, the last word's. */
static unsigned int major_of(const char *version_line)
{
	const char *p = strstr(version_line, "version ");

	if (p)
		return (unsigned int)strtoul(p + strlen("version "), NULL, 10);
	p = strrchr(version_line, ' ');
	return p ? (unsigned int)strtoul(p + 1, NULL, 10) : 0;
}

static char *drop_vendor(const char *machine)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;

	strv_split(&parts, machine, "-");
	if (parts.n == 4)
		return xasprintf("%s-%s-%s", parts.v[0], parts.v[2], parts.v[3]);
	return xstrdup(machine);
}

/* What stands behind "gcc" or "clang" in the program's name: "-19". */
static const char *suffix_of(const char *cc)
{
	const char *base = path_base(cc), *dash = strrchr(base, '-');

	return dash && isdigit((unsigned char)dash[1]) ? dash : "";
}

static char *sibling(const struct toolchain *t, const char *tool)
{
	CLEANUP_FREE char *dir = path_dir(t->cc);
	CLEANUP_FREE char *beside = xasprintf("%s/%s%s", dir, tool, suffix_of(t->cc));
	CLEANUP_FREE char *named = xasprintf("%s-%u", tool, t->major);
	char *found = find_program(beside);

	return found ? found : find_program(named);
}

/* An LLVM tool of the compiler's own release. clang itself knows where its tools are. */
static int llvm_tool(const struct toolchain *t, const char *tool, const char *package, char **ret,
	struct err *err)
{
	CLEANUP_FREE char *option = xasprintf("-print-prog-name=%s", tool);
	CLEANUP_FREE char *told = NULL;
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};
	const char *number;

	if (toolchain_ask(t->cc, option, NULL, &told, err) < 0)
		return -1;
	*ret = told[0] == '/' ? find_program(told) : NULL;
	if (!*ret)
		*ret = sibling(t, tool);
	if (!*ret) {
		err_set(err, ERR_ENVIRONMENT, "'%s' needs %s of LLVM %u, which is not installed",
			path_base(t->cc), tool, t->major);
		return err_hint(err,
			"install the package %s-%u, or choose another compiler with --cc", package,
			t->major);
	}
	strv_add(&argv, *ret);
	strv_add(&argv, "--version");
	if (proc_run(&spec, true, 4096, ASK_TIMEOUT_MS, &out, err) < 0)
		return err_wrap(err, "asking '%s' for its version", *ret);
	number = strstr(out.data, "version ");
	number = number ? number : strstr(out.data, "LLD ");
	number = number ? strpbrk(number, "0123456789") : NULL;
	if (number && strtoul(number, NULL, 10) == t->major)
		return 0;
	err_set(err, ERR_ENVIRONMENT, "'%s' is not of LLVM %u, the release of '%s'", *ret, t->major,
		path_base(t->cc));
	return err_hint(err, "install the package %s-%u", package, t->major);
}

static int gnu_tool(const struct toolchain *t, const char *tool, const char *package, char **ret,
	struct err *err)
{
	*ret = !strncmp(tool, "gcc-", 4) ? sibling(t, tool) : find_program(tool);
	if (!*ret && !strncmp(tool, "gcc-", 4))
		*ret = find_program(tool + 4);
	if (*ret)
		return 0;
	err_set(err, ERR_ENVIRONMENT, "the program '%s' is not installed", tool);
	return err_hint(err, "install the package %s", package);
}

static int find_tools(struct toolchain *t, const struct toolchain_needs *needs, struct err *err)
{
	bool llvm = t->family == CC_CLANG && needs->lto;
	const char *gnu = t->family == CC_GCC && needs->lto ? "gcc-" : "";
	CLEANUP_FREE char *ar = xasprintf("%sar", gnu), *ranlib = xasprintf("%sranlib", gnu);
	CLEANUP_FREE char *nm = xasprintf("%snm", gnu);

	if (gnu_tool(t, "strip", "binutils", &t->strip, err) < 0 ||
		gnu_tool(t, "objcopy", "binutils", &t->objcopy, err) < 0)
		return -1;
	if (t->family == CC_CLANG && needs->pgo &&
		llvm_tool(t, "llvm-profdata", "llvm", &t->profdata, err) < 0)
		return -1;
	if (llvm)
		return llvm_tool(t, "llvm-ar", "llvm", &t->ar, err) < 0 ||
				       llvm_tool(t, "llvm-ranlib", "llvm", &t->ranlib, err) < 0 ||
				       llvm_tool(t, "llvm-nm", "llvm", &t->nm, err) < 0 ||
				       llvm_tool(t, "ld.lld", "lld", &t->lld, err) < 0
			       ? -1
			       : 0;
	return gnu_tool(t, ar, "binutils", &t->ar, err) < 0 ||
			       gnu_tool(t, ranlib, "binutils", &t->ranlib, err) < 0 ||
			       gnu_tool(t, nm, "binutils", &t->nm, err) < 0
		       ? -1
		       : 0;
}

/* Only a missing file of theirs speaks for packages: a full disk or too many open files do not. */
static bool lacks_a_package(const char *said)
{
	static const char *const signs[] = {"stdio.h", "crt1.o", "crti.o", "crtbegin",
		"cannot find -l", "unable to find library", "clang_rt"};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		const char *sign = strstr(said, signs[i]);

		if (sign && !strstr(said, strerror(EMFILE)) && !strstr(said, strerror(ENFILE)))
			return true;
	}
	return false;
}

/* The compiler cannot link a program: how it ended, which `err` says, and what it said. */
static int blame(const struct toolchain *t, bool profile, const char *said, struct err *err)
{
	struct err how = *err;

	err_set(err, ERR_ENVIRONMENT, "the compiler '%s' cannot link a program: %s%s%s", t->cc,
		how.msg, *said ? "\n" : "", said);
	if (!lacks_a_package(said))
		return err_hint(err, "does '%s' compile and link a program by hand?", t->cc);
	if (profile)
		return err_hint(
			err, "install the packages libc6-dev and libclang-rt-%u-dev", t->major);
	return err_hint(err, "install the package libc6-dev");
}

/* A compiler without the C library's headers fails only deep inside a configure run. Its own
 * temporary files go into the scratch folder, too: it may be killed. */
static int try_link(const struct toolchain *t, const struct toolchain_needs *needs, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	CLEANUP_FREE char *scratch =
		scratch_make(tmp && *tmp == '/' ? tmp : "/tmp", "solder-cc", err);
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};
	bool profile = t->family == CC_CLANG && needs->pgo;
	struct err ignored = ERR_INIT;
	int failed;

	if (!scratch)
		return -1;
	strv_add(&argv, "/bin/sh");
	strv_add(&argv, "-c");
	strv_add(&argv, "TMPDIR=$1 && export TMPDIR && shift && printf "
			"'#include <stdio.h>\\nint main(void) { return puts(\"\") < 0; }\\n' "
			">\"$TMPDIR/a.c\" && \"$@\" -o \"$TMPDIR/a\" \"$TMPDIR/a.c\"");
	strv_add(&argv, "sh");
	strv_add(&argv, scratch);
	strv_add(&argv, t->cc);
	if (profile)
		strv_add(&argv, "-fprofile-instr-generate");
	failed = proc_run(&spec, true, 2048, ASK_TIMEOUT_MS, &out, err);
	scratch_end(scratch, &ignored);
	if (failed == 0 || err->code != ERR_CHILD)
		return failed;
	while (out.len && out.data[out.len - 1] == '\n')
		out.data[--out.len] = '\0';
	return blame(t, profile, out.data, err);
}

static int add_tool(struct buf *text, const char *path, struct err *err)
{
	char hex[SHA256_HEX_SIZE] = "";

	if (path && sha256_file(path, hex, NULL, err) < 0)
		return -1;
	buf_addf(text, "%s %s\n", path ? path : "", hex);
	return 0;
}

static int identify(struct toolchain *t, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_FREE char *ld = NULL, *ld_path = NULL;
	const char *linker = t->lld;
	char hex[SHA256_HEX_SIZE];

	if (!linker) {
		if (toolchain_ask(t->cc, "-print-prog-name=ld", NULL, &ld, err) < 0)
			return -1;
		linker = ld_path = find_program(ld);
	}
	buf_addf(&text, "%s\n%s\n", t->version, t->triple);
	if (add_tool(&text, t->cc, err) < 0 || add_tool(&text, t->cxx, err) < 0 ||
		add_tool(&text, t->ar, err) < 0 || add_tool(&text, t->profdata, err) < 0 ||
		add_tool(&text, linker, err) < 0 ||
		(linker && toolchain_ask(linker, "--version", NULL, &t->linker, err) < 0))
		return -1;
	sha256_hex(text.data, text.len, hex);
	t->identity = xstrdup(hex);
	return 0;
}

static char *cxx_for(const char *cc, enum cc_family family)
{
	CLEANUP_FREE char *dir = path_dir(cc);
	CLEANUP_FREE char *name =
		xasprintf("%s/%s%s", dir, family == CC_CLANG ? "clang++" : "g++", suffix_of(cc));
	char *found = find_program(name);

	/* Nothing that we build needs C++; configure scripts only like to ask for one. */
	return found ? found : xstrdup(cc);
}

static int load(const char *path, const struct toolchain_needs *needs, struct toolchain **ret,
	struct err *err)
{
	CLEANUP(cleanup_toolchain) struct toolchain *t = xcalloc(1, sizeof(*t));
	CLEANUP_FREE char *machine = NULL;

	t->cc = xstrdup(path);
	if (toolchain_ask(t->cc, "--version", NULL, &t->version, err) < 0 ||
		toolchain_ask(t->cc, "-dumpmachine", NULL, &machine, err) < 0)
		return -1;
	t->family = strstr(t->version, "clang") ? CC_CLANG : CC_GCC;
	t->major = major_of(t->version);
	t->triple = drop_vendor(machine);
	t->cxx = cxx_for(t->cc, t->family);
	if (find_tools(t, needs, err) < 0 || try_link(t, needs, err) < 0 || identify(t, err) < 0)
		return -1;
	*ret = steal(&t);
	return 0;
}

static int find_best(const struct toolchain_needs *needs, struct toolchain **ret, struct err *err)
{
	char name[32];

	for (unsigned int n = CLANG_NEWEST; n >= CLANG_OLDEST; n--) {
		CLEANUP_FREE char *path = NULL;

		snprintf(name, sizeof(name), "clang-%u", n);
		path = find_program(name);
		if (path && load(path, needs, ret, err) == 0)
			return 0;
		if (err->code == ERR_INTERRUPTED)
			return -1;
	}
	return toolchain_find("gcc", needs, ret, err);
}

int toolchain_find(const char *name, const struct toolchain_needs *needs, struct toolchain **ret,
	struct err *err)
{
	static const char *const usual[] = {"gcc", "clang", "cc"};
	char *path = NULL;
	int failed;

	if (name && !strcmp(name, "best"))
		return find_best(needs, ret, err);
	if (name)
		path = find_program(name);
	for (size_t i = 0; !name && !path && i < ARRAY_SIZE(usual); i++)
		path = find_program(usual[i]);
	if (!path && name) {
		err_set(err, ERR_ENVIRONMENT, "there is no compiler '%s' on PATH", name);
		return err_hint(err, "install it (package %s), or choose another with --cc",
			path_base(name));
	}
	if (!path) {
		err_set(err, ERR_ENVIRONMENT, "there is no C compiler on PATH");
		return err_hint(err, "install the package build-essential, or name one with --cc");
	}
	failed = load(path, needs, ret, err);
	free(path);
	return failed;
}

void toolchain_env(const struct toolchain *t, struct strv *env)
{
	strv_addf(env, "CC=%s", t->cc);
	strv_addf(env, "CXX=%s", t->cxx);
	strv_addf(env, "AR=%s", t->ar);
	strv_addf(env, "RANLIB=%s", t->ranlib);
	strv_addf(env, "NM=%s", t->nm);
	strv_addf(env, "STRIP=%s", t->strip);
	strv_addf(env, "OBJCOPY=%s", t->objcopy);
	strv_addf(env, "LLVM_PROFDATA=%s", t->profdata ? t->profdata : "");
	strv_addf(env, "LLD=%s", t->lld ? t->lld : "");
	strv_addf(env, "CC_FAMILY=%s", t->family == CC_CLANG ? "clang" : "gcc");
	strv_addf(env, "TRIPLE=%s", t->triple);
}

void toolchain_free(struct toolchain *t)
{
	if (!t)
		return;
	free(t->cc);
	free(t->cxx);
	free(t->ar);
	free(t->ranlib);
	free(t->nm);
	free(t->strip);
	free(t->objcopy);
	free(t->profdata);
	free(t->lld);
	free(t->version);
	free(t->linker);
	free(t->triple);
	free(t->identity);
	free(t);
}

void cleanup_toolchain(struct toolchain **t)
{
	toolchain_free(*t);
}
