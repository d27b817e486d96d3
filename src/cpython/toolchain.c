/* Compilers, as complete toolchains.
 *
 * A compiler comes with its own archiver, profile merger and linker: objects with LTO bitcode of
 * one LLVM release are unreadable to another's tools, and the build would break in the middle. So
 * every tool is looked up for the given compiler, its release is compared, and anything missing is
 * reported at once, with the package that provides it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "proc/proc.h"

/* A guard against programs that hang; a busy machine may take minutes for a second of work. */
#define ASK_TIMEOUT_MS 600000
#define CLANG_NEWEST 40
#define CLANG_OLDEST 19
/* Before, BOLT leaves out functions with computed gotos in position-independent code: the
 * interpreter's loop. */
#define BOLT_OLDEST 20

enum need { ALWAYS, WITH_LTO, TO_TRAIN, WITH_BOLT };

/* Every program of a toolchain. */
static const struct tool {
	const char *variable, *plain; /* for scripts; in installed files */
	size_t offset;
	const char *gnu;            /* binutils program; NULL: none */
	const char *llvm, *package; /* LLVM program, and what needs it */
	enum need need;
} tools[] = {
#define AT(field) offsetof(struct toolchain, field)
	{"CXX", "c++", AT(cxx), NULL, NULL, NULL, ALWAYS},
	{"CC", "cc", AT(cc), NULL, NULL, NULL, ALWAYS},
	{"AR", "ar", AT(ar), "ar", "llvm-ar", "llvm", WITH_LTO},
	{"RANLIB", "ranlib", AT(ranlib), "ranlib", "llvm-ranlib", "llvm", WITH_LTO},
	{"NM", "nm", AT(nm), "nm", "llvm-nm", "llvm", WITH_LTO},
	{"STRIP", "strip", AT(strip), "strip", "llvm-strip", "llvm", ALWAYS},
	{"OBJCOPY", "objcopy", AT(objcopy), "objcopy", "llvm-objcopy", "llvm", ALWAYS},
	{"LLVM_PROFDATA", "llvm-profdata", AT(profdata), NULL, "llvm-profdata", "llvm", TO_TRAIN},
	{"LLD", "ld.lld", AT(lld), NULL, "ld.lld", "lld", WITH_LTO},
	{"LLVM_BOLT", "llvm-bolt", AT(bolt), NULL, "llvm-bolt", "bolt", WITH_BOLT},
	{"MERGE_FDATA", "merge-fdata", AT(fdata), NULL, "merge-fdata", "bolt", WITH_BOLT},
	{"LLVM_OBJCOPY", "llvm-objcopy", AT(llvm_objcopy), NULL, "llvm-objcopy", "llvm", WITH_BOLT},
#undef AT
};

static char **path_of(const struct toolchain *t, const struct tool *tool)
{
	return (char **)((char *)t + tool->offset);
}

static bool is_compiler(const struct toolchain *t, const struct tool *tool)
{
	return path_of(t, tool) == &t->cc || path_of(t, tool) == &t->cxx;
}

const char *toolchain_family(const struct toolchain *t)
{
	return t->family == CC_CLANG ? "clang" : "gcc";
}

void toolchain_env(const struct toolchain *t, struct strv *env)
{
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		const char *path = *path_of(t, &tools[i]);

		if (tools[i].need != WITH_BOLT)
			strv_addf(env, "%s=%s%s", tools[i].variable, path ? path : "",
				is_compiler(t, &tools[i]) && t->cross_flags ? t->cross_flags : "");
	}
	strv_addf(env, "CC_FAMILY=%s", toolchain_family(t));
	strv_addf(env, "TRIPLE=%s", t->triple);
}

void toolchain_bolt_env(const struct toolchain *t, struct strv *env)
{
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (tools[i].need == WITH_BOLT)
			strv_addf(env, "%s=%s", tools[i].variable, *path_of(t, &tools[i]));
}

void toolchain_names(const struct toolchain *t, struct strv *pairs)
{
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		/* Without a C++ compiler CXX is CC, and what goes by its path is "cc". */
		if (!*path_of(t, &tools[i]) ||
			(path_of(t, &tools[i]) == &t->cxx && !strcmp(t->cxx, t->cc)))
			continue;
		if (is_compiler(t, &tools[i]) && t->cross_flags) {
			strv_addf(pairs, "%s%s", *path_of(t, &tools[i]), t->cross_flags);
			strv_add(pairs, tools[i].plain);
		}
		strv_add(pairs, *path_of(t, &tools[i]));
		strv_add(pairs, tools[i].plain);
	}
}

void toolchain_free(struct toolchain *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		free(*path_of(t, &tools[i]));
	free(t->cross_flags);
	free(t->version);
	free(t->release);
	free(t->linker);
	free(t->triple);
	free(t->identity);
	free(t->bolt_identity);
	free(t->passed);
	free(t);
}

void cleanup_toolchain(struct toolchain **t)
{
	toolchain_free(*t);
}

/* Runs a program with one option and captures its output, with stderr if `both`. */
static int ask_tool(
	const char *program, const char *option, bool both, struct buf *out, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT;
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};

	strv_add(&argv, program);
	strv_add(&argv, option);
	return proc_run(&spec, both, 65536, ASK_TIMEOUT_MS, out, err) < 0
		       ? err_wrap(err, "asking '%s %s'", program, option)
		       : 0;
}

/* The first line of ask_tool()'s output. */
static int ask_line(const char *program, const char *option, char **line, struct err *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	if (ask_tool(program, option, false, &out, err) < 0)
		return -1;
	*line = xstrndup(out.data, strcspn(out.data, "\n"));
	return 0;
}

/* The tool of the compiler's release in its own folder: "ar-19" next to "clang-19". */
static char *find_next_to(const char *cc, const char *tool)
{
	const char *dash = strrchr(path_base(cc), '-');
	CLEANUP_FREE char *dir = path_dir(cc);
	CLEANUP_FREE char *path = xasprintf(
		"%s/%s%s", dir, tool, dash && isdigit((unsigned char)dash[1]) ? dash : "");

	return find_program(path);
}

static char *find_sibling(const struct toolchain *t, const char *tool)
{
	CLEANUP_FREE char *named = xasprintf("%s-%u", tool, t->major);
	char *found = find_next_to(t->cc, tool);

	return found ? found : find_program(named);
}

/* The release of an LLVM tool as it says itself; 0: it does not say. */
static int ask_release(const char *program, unsigned int *release, struct err *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	const char *number;

	if (ask_tool(program, "--version", true, &out, err) < 0)
		return -1;
	number = strstr(out.data, "version ");
	number = number ? number : strstr(out.data, "LLD ");
	number = number ? strpbrk(number, "0123456789") : NULL;
	*release = number ? (unsigned int)strtoul(number, NULL, 10) : 0;
	return 0;
}

/* An LLVM tool of the compiler's own release. clang itself knows where its tools are. */
static int find_llvm(
	const struct toolchain *t, const struct tool *tool, char **ret, struct err *err)
{
	CLEANUP_FREE char *option = xasprintf("-print-prog-name=%s", tool->llvm), *told = NULL;
	unsigned int release;

	if (ask_line(t->cc, option, &told, err) < 0)
		return -1;
	*ret = told[0] == '/' ? find_program(told) : NULL;
	if (!*ret && !(*ret = find_sibling(t, tool->llvm))) {
		err_set(err, ERR_ENVIRONMENT, "'%s' needs %s of LLVM %u, which is not installed",
			path_base(t->cc), tool->llvm, t->major);
		return err_hint(err,
			"install the package %s-%u, or choose another compiler with --cc%s",
			tool->package, t->major, tool->need == WITH_BOLT ? ", or --bolt no" : "");
	}
	if (ask_release(*ret, &release, err) < 0)
		return -1;
	if (release == t->major)
		return 0;
	err_set(err, ERR_ENVIRONMENT, "'%s' is not of LLVM %u, the release of '%s'", *ret, t->major,
		path_base(t->cc));
	return err_hint(err, "install the package %s-%u", tool->package, t->major);
}

/* gcc has no family: the newest llvm-bolt there is, and what is beside it. */
static int find_bolt_for_gcc(struct toolchain *t, struct err *err)
{
	for (unsigned int n = CLANG_NEWEST; n >= BOLT_OLDEST && !t->bolt; n--) {
		CLEANUP_FREE char *name = xasprintf("llvm-bolt-%u", n);

		t->bolt = find_program(name);
	}
	if (!t->bolt)
		t->bolt = find_program("llvm-bolt");
	for (size_t i = 0; t->bolt && i < ARRAY_SIZE(tools); i++) {
		char **path = path_of(t, &tools[i]);

		if (tools[i].need != WITH_BOLT || *path ||
			(*path = find_next_to(t->bolt, tools[i].llvm)))
			continue;
		err_set(err, ERR_ENVIRONMENT, "there is no %s beside '%s'", tools[i].llvm, t->bolt);
		return err_hint(
			err, "install the package %s of the same release", tools[i].package);
	}
	if (t->bolt)
		return 0;
	err_set(err, ERR_ENVIRONMENT, "--bolt needs llvm-bolt, which is not installed");
	return err_hint(err, "install the package bolt-22, or build with --bolt no");
}

/* What the other tools have not settled about BOLT: its release, and what proves its work. */
static int settle_bolt(struct toolchain *t, struct err *err)
{
	CLEANUP_FREE char *valgrind = find_program("valgrind");
	unsigned int release;
	char bolt[SHA256_HEX_SIZE], fdata[SHA256_HEX_SIZE];

	if (strncmp(t->triple, "x86_64-", 7) != 0) {
		err_set(err, ERR_UNSUPPORTED, "BOLT is used on x86-64 alone, and this is '%s'",
			t->triple);
		return err_hint(err, "build with --bolt no");
	}
	if ((t->family == CC_GCC && find_bolt_for_gcc(t, err) < 0) ||
		ask_release(t->bolt, &release, err) < 0)
		return -1;
	if (release < BOLT_OLDEST) {
		err_set(err, ERR_ENVIRONMENT,
			"'%s' is of LLVM %u, which leaves the interpreter's loop as it is", t->bolt,
			release);
		return err_hint(err, "use LLVM %d or later, or build with --bolt no", BOLT_OLDEST);
	}
	if (!valgrind) {
		err_set(err, ERR_ENVIRONMENT,
			"--bolt proves what it makes with valgrind, which is not installed");
		return err_hint(err, "install the package valgrind, or build with --bolt no");
	}
	if (sha256_file(t->bolt, bolt, NULL, err) < 0 ||
		sha256_file(t->fdata, fdata, NULL, err) < 0)
		return -1;
	t->bolt_identity = xasprintf("LLVM %u %s %s", release, bolt, fdata);
	return 0;
}

/* True if an LLVM program stands for this tool. */
static bool is_llvm(
	const struct toolchain *t, const struct tool *tool, const struct toolchain_needs *needs)
{
	/* GNU's tools know the machine that they are made for, LLVM's all. */
	if (needs->target && t->family == CC_CLANG && tool->llvm &&
		(tool->need == ALWAYS || tool->need == WITH_LTO))
		return true;
	return t->family == CC_CLANG && ((tool->need == WITH_LTO && needs->lto) ||
						(tool->need == TO_TRAIN && needs->training) ||
						(tool->need == WITH_BOLT && needs->bolt));
}

/* Of the programs that make code for the target: "aarch64-linux-gnu-"; else "". */
static char *prefix_of(const struct toolchain_needs *needs)
{
	return needs->target ? xasprintf("%s-", needs->target->triple) : xstrdup("");
}

static int find_tools(struct toolchain *t, const struct toolchain_needs *needs, struct err *err)
{
	CLEANUP_FREE char *prefix = prefix_of(needs);

	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		const struct tool *tool = &tools[i];
		char **path = path_of(t, tool);
		CLEANUP_FREE char *gnu = NULL;

		if (is_llvm(t, tool, needs)) {
			if (find_llvm(t, tool, path, err) < 0)
				return -1;
			continue;
		}
		if (!tool->gnu)
			continue;
		/* gcc's wrappers pass its LTO plugin to the tools that read objects. */
		if (t->family == CC_GCC && needs->lto && tool->llvm) {
			CLEANUP_FREE char *wrapper = xasprintf("%sgcc-%s", prefix, tool->gnu);

			*path = find_sibling(t, wrapper);
		}
		gnu = xasprintf("%s%s", prefix, tool->gnu);
		if (!*path && !(*path = find_program(gnu))) {
			err_set(err, ERR_ENVIRONMENT, "the program '%s' is not installed", gnu);
			return err_hint(err, "install the package binutils%s%s",
				needs->target ? "-" : "",
				needs->target ? needs->target->triple : "");
		}
	}
	return 0;
}

/* Only a missing file points to a missing package; a full disk or too many open files do not. */
static bool lacks_a_package(const char *said)
{
	static const char *const signs[] = {"stdio.h", "crt1.o", "crti.o", "crtbegin",
		"cannot find -l", "unable to find library", "clang_rt"};

	if (strstr(said, strerror(EMFILE)) || strstr(said, strerror(ENFILE)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (strstr(said, signs[i]))
			return true;
	return false;
}

/* Adds the compiler, and what it is always told. */
void toolchain_command(const struct toolchain *t, struct strv *argv)
{
	strv_add(argv, t->cc);
	if (t->cross_flags)
		strv_split(argv, t->cross_flags + 1, " ");
}

/* A compiler without the C library's headers would only fail deep inside a configure run. Its
 * temporary files go into the scratch folder too, since it may be killed. */
static int try_link(const struct toolchain *t, const struct toolchain_needs *needs, struct err *err)
{
	static const char script[] =
		"TMPDIR=$1 && export TMPDIR && shift && printf "
		"'#include <stdio.h>\\nint main(void) { return puts(\"\") < 0; }\\n' "
		">\"$TMPDIR/a.c\" && \"$@\" -o \"$TMPDIR/a\" \"$TMPDIR/a.c\"";
	const char *tmp = getenv("TMPDIR");
	CLEANUP_FREE char *scratch =
		scratch_make(tmp && *tmp == '/' ? tmp : "/tmp", "solder-cc", err);
	bool profile = t->family == CC_CLANG && needs->training;
	const char *const words[] = {"/bin/sh", "-c", script, "sh", scratch};
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};
	struct err ignored = ERR_INIT, how = ERR_INIT;
	int failed;

	if (!scratch)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		strv_add(&argv, words[i]);
	toolchain_command(t, &argv);
	if (profile)
		strv_add(&argv, "-fprofile-instr-generate");
	failed = proc_run(&spec, true, 2048, ASK_TIMEOUT_MS, &out, &how);
	scratch_end(scratch, &ignored);
	if (failed == 0)
		return 0;
	if (how.code != ERR_CHILD) {
		*err = how;
		return -1;
	}
	while (out.len && out.data[out.len - 1] == '\n')
		out.data[--out.len] = '\0';
	err_set(err, ERR_ENVIRONMENT, "the compiler '%s' cannot link a program: %s%s%s", t->cc,
		how.msg, out.len ? "\n" : "", out.len ? out.data : "");
	if (!lacks_a_package(err->msg))
		return err_hint(err, "does '%s' compile and link a program by hand?", t->cc);
	if (needs->target) {
		CLEANUP_FREE char *packages =
			target_packages(needs->target, t->family == CC_CLANG, t->major);

		return err_hint(err, "install the packages %s", packages);
	}
	if (profile)
		return err_hint(
			err, "install the packages libc6-dev and libclang-rt-%u-dev", t->major);
	return err_hint(err, "install the package libc6-dev");
}

bool toolchain_takes(const struct toolchain *t, const char *flags)
{
	CLEANUP_FREE char *script =
		xasprintf("exec \"$@\" %s -x c -c -o /dev/null /dev/null", flags);
	const char *const words[] = {"/bin/sh", "-c", script, "sh"};
	CLEANUP_STRV struct strv argv = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct proc_spec spec = {.argv = &argv, .out = -1, .err = -1};
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		strv_add(&argv, words[i]);
	toolchain_command(t, &argv);
	return proc_run(&spec, true, 65536, ASK_TIMEOUT_MS, &out, &ignored) == 0;
}

static int identify(struct toolchain *t, struct err *err)
{
	CLEANUP_FREE char *ld = NULL, *linker = t->lld ? xstrdup(t->lld) : NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	char hex[SHA256_HEX_SIZE];

	if (!linker) {
		if (ask_line(t->cc, "-print-prog-name=ld", &ld, err) < 0)
			return -1;
		linker = find_program(ld);
	}
	const char *const parts[] = {t->cc, t->cxx, t->ar, t->profdata, linker};

	buf_addf(&text, "%s\n%s\n", t->version, t->triple);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		hex[0] = '\0';
		if (parts[i] && sha256_file(parts[i], hex, NULL, err) < 0)
			return -1;
		buf_addf(&text, "%s %s\n", parts[i] ? parts[i] : "", hex);
	}
	sha256_hex(text.data, text.len, hex);
	t->identity = xstrdup(hex);
	return linker ? ask_line(linker, "--version", &t->linker, err) : 0;
}

/* Whose code the compiler makes: gcc is made for one machine, clang for all. */
static int settle_machine(struct toolchain *t, const struct target *target, struct err *err)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;
	CLEANUP_FREE char *machine = NULL;

	if (target && t->family == CC_CLANG) {
		/* The start and the end keep it from warning where it does not link. */
		t->cross_flags = xasprintf(" --target=%s --start-no-unused-arguments -fuse-ld=lld"
					   " --end-no-unused-arguments",
			target->triple);
		t->triple = xstrdup(target->triple);
		return 0;
	}
	if (ask_line(t->cc, "-dumpmachine", &machine, err) < 0)
		return -1;
	strv_split(&parts, machine, "-");
	t->triple = parts.n == 4 ? xasprintf("%s-%s-%s", parts.v[0], parts.v[2], parts.v[3])
				 : xstrdup(machine);
	if (!target || !strcmp(t->triple, target->triple))
		return 0;
	err_set(err, ERR_USAGE, "'%s' makes code for %s, and the target is %s", path_base(t->cc),
		t->triple, target->name);
	return err_hint(err, "use --cc %s-gcc, or a clang", target->triple);
}

static int load_toolchain(const char *path, const struct toolchain_needs *needs,
	struct toolchain **ret, struct err *err)
{
	CLEANUP(cleanup_toolchain) struct toolchain *t = xcalloc(1, sizeof(*t));
	CLEANUP_FREE char *prefix = prefix_of(needs), *cxx = NULL;
	const char *number;

	t->cc = xstrdup(path);
	if (ask_line(t->cc, "--version", &t->version, err) < 0)
		return -1;
	t->family = strstr(t->version, "clang") ? CC_CLANG : CC_GCC;
	/* The number after the first "version " or, for gcc, the last word. */
	number = strstr(t->version, "version ");
	number = number ? number + strlen("version ") : strrchr(t->version, ' ');
	t->major = number ? (unsigned int)strtoul(number, NULL, 10) : 0;
	t->release = !number ? xstrdup("0")
		     : t->family == CC_CLANG
			     ? xasprintf("%u", t->major)
			     : xstrndup(number + strspn(number, " "),
				       strspn(number + strspn(number, " "), "0123456789."));
	/* Nothing that we build needs C++; configure scripts merely ask for a compiler. */
	cxx = t->family == CC_CLANG ? xstrdup("clang++") : xasprintf("%sg++", prefix);
	t->cxx = find_next_to(path, cxx);
	if (!t->cxx)
		t->cxx = xstrdup(path);
	if (settle_machine(t, needs->target, err) < 0 || find_tools(t, needs, err) < 0 ||
		(needs->bolt && settle_bolt(t, err) < 0) || try_link(t, needs, err) < 0 ||
		identify(t, err) < 0)
		return -1;
	*ret = steal(&t);
	return 0;
}

/* The newest complete clang; NULL and no error: none. `passed` says of newer ones why not, *release
 * is that of the first. */
static struct toolchain *find_clang(const struct toolchain_needs *needs, struct buf *passed,
	unsigned int *release, struct err *err)
{
	struct toolchain *t = NULL;

	for (unsigned int n = CLANG_NEWEST; n >= CLANG_OLDEST && !t; n--) {
		CLEANUP_FREE char *name = xasprintf("clang-%u", n);
		CLEANUP_FREE char *path = find_program(name);
		struct err why = ERR_INIT;

		if (!path)
			continue;
		*release = *release ? *release : n;
		if (load_toolchain(path, needs, &t, &why) == 0)
			continue;
		if (why.code == ERR_INTERRUPTED) {
			*err = why;
			return NULL;
		}
		buf_addf(passed, "%s%.*s", passed->len ? "; " : "", (int)strcspn(why.msg, "\n"),
			why.msg);
	}
	return t;
}

bool toolchain_find_clang(
	const struct toolchain_needs *needs, struct toolchain **ret, unsigned int *release)
{
	CLEANUP_BUF struct buf ignored = BUF_INIT;
	struct err err = ERR_INIT;

	*ret = find_clang(needs, &ignored, release, &err);
	return *ret != NULL;
}

static int find_best(const struct toolchain_needs *needs, struct toolchain **ret, struct err *err)
{
	CLEANUP_BUF struct buf passed = BUF_INIT;
	unsigned int release = 0;
	struct err failed = ERR_INIT;
	struct toolchain *t = find_clang(needs, &passed, &release, &failed);

	if (failed.code) {
		*err = failed;
		return -1;
	}
	if (!t && toolchain_find("gcc", needs, &t, err) < 0)
		return -1;
	t->passed = passed.len ? buf_steal(&passed) : NULL;
	*ret = t;
	return 0;
}

/* gcc by its name for this machine stands for the one that makes code for the target. */
static char *crossed_name(const char *name, const struct target *target)
{
	const char *plain = name && strcmp(name, "cc") != 0 ? name : "gcc";

	return strncmp(plain, "gcc", 3) ? xstrdup(plain)
					: xasprintf("%s-%s", target->triple, plain);
}

static int find_crossed(const char *name, const struct toolchain_needs *needs,
	struct toolchain **ret, struct err *err)
{
	CLEANUP_FREE char *crossed = crossed_name(name, needs->target);
	CLEANUP_FREE char *path = find_program(crossed), *packages = NULL;

	if (path)
		return load_toolchain(path, needs, ret, err);
	packages = target_packages(needs->target, false, 0);
	err_set(err, ERR_ENVIRONMENT, "there is no compiler '%s' on PATH", crossed);
	return err_hint(err,
		"install the packages %s, or choose a clang with --cc; 'solder build --target list' says what there is",
		packages);
}

int toolchain_find(const char *name, const struct toolchain_needs *needs, struct toolchain **ret,
	struct err *err)
{
	static const char *const usual[] = {"gcc", "clang", "cc"};
	CLEANUP_FREE char *path = NULL;

	if (name && !strcmp(name, "best"))
		return find_best(needs, ret, err);
	if (needs->target)
		return find_crossed(name, needs, ret, err);
	if (name)
		path = find_program(name);
	for (size_t i = 0; !name && !path && i < ARRAY_SIZE(usual); i++)
		path = find_program(usual[i]);
	if (path)
		return load_toolchain(path, needs, ret, err);
	if (!name) {
		err_set(err, ERR_ENVIRONMENT, "there is no C compiler on PATH");
		return err_hint(err, "install the package build-essential, or name one with --cc");
	}
	err_set(err, ERR_ENVIRONMENT, "there is no compiler '%s' on PATH", name);
	return err_hint(
		err, "install it (package %s), or choose another with --cc", path_base(name));
}
