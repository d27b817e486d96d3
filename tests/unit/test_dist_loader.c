/* Where the loader finds libraries: rule by rule on libraries made for it, and against the real
 * loader on those of the system; ld.so.cache; work in parallel. */
#include "scratch.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "python/python-internal.h"
#include "proc/parallel.h"

/* A file `name` made of C with the given flags. */
static void put(const char *root, const char *name, const char *source, const char *flags)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name), *dir = path_dir(path);
	struct err err = ERR_INIT;

	assert_int_equal(make_dirs(dir, &err), 0);
	free(scratch_shell(root, "echo '%s' | cc -x c - -nostdlib -o %s %s", source, name, flags));
}

/* A library `name` with the given linker flags. */
static void put_library(const char *root, const char *name, const char *flags)
{
	CLEANUP_FREE char *all = xasprintf("-shared -fPIC %s", flags);

	put(root, name, "int one(void) { return 1; }", all);
}

struct loaded {
	char *path;
	struct elf_facts facts;
};

static void load(const char *root, const char *name, struct loaded *l)
{
	struct err err = ERR_INIT;

	l->path = xasprintf("%s/%s", root, name);
	if (elf_facts_read(l->path, &l->facts, &err) < 0)
		fail_msg("%s", err.msg);
}

static void unload(struct loaded *l)
{
	free(l->path);
	elf_facts_release(&l->facts);
}

/* The chain of files below root must find `needed` at root/expected (NULL: not at all), by a rule
 * whose name begins with `why`. */
static void finds(const char *root, const char *const *names, size_t n, const char *needed,
	const char *expected, const char *why)
{
	CLEANUP_FREE char *want = expected ? xasprintf("%s/%s", root, expected) : NULL;
	CLEANUP_FREE char *found = NULL, *rule = NULL, *got = NULL, *real = NULL;
	struct loaded l[4] = {0};
	struct py_chain chain[4];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < n; i++) {
		load(root, names[i], &l[i]);
		chain[i] = (struct py_chain){l[i].path, &l[i].facts};
	}
	assert_int_equal(py_loader_find(chain, n, needed, &found, &rule, &err), 0);
	for (size_t i = 0; i < n; i++)
		unload(&l[i]);
	if (strncmp(rule, why, strlen(why)) != 0)
		fail_msg("%s: '%s', not '%s'", needed, rule, why);
	if (!want) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	got = realpath(found, NULL);
	real = realpath(want, NULL);
	assert_string_equal(got, real);
}

#define FINDS(needed, expected, why, ...)                                                          \
	finds(root, (const char *[]){__VA_ARGS__},                                                 \
		sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), needed, expected, why)

static void test_rules(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *env = xasprintf("%s/env", root);

	put_library(root, "lib/libone.so", "");
	put_library(root, "lib2/libone.so", "");
	put_library(root, "env/libone.so", "");
	put_library(root, "env/libother.so", "");
	put_library(root, "bin/rpath", "-Wl,--disable-new-dtags,-rpath,'$ORIGIN/../lib'");
	put_library(root, "bin/runpath", "-Wl,--enable-new-dtags,-rpath,'${ORIGIN}/../lib2'");
	put_library(root, "bin/none", "");
	unsetenv("LD_LIBRARY_PATH");
	FINDS("libone.so", "lib/libone.so", "DT_RPATH of", "bin/rpath");
	FINDS("libone.so", "lib2/libone.so", "DT_RUNPATH of", "bin/runpath");
	FINDS("libone.so", NULL, "it is not in any folder", "bin/none");
	/* DT_RPATH serves what was loaded, DT_RUNPATH does not; and it puts an end to the former.
	 */
	FINDS("libone.so", "lib/libone.so", "DT_RPATH of", "bin/rpath", "bin/none");
	FINDS("libone.so", NULL, "it is not in any folder", "bin/runpath", "bin/none");
	FINDS("libone.so", "lib2/libone.so", "DT_RUNPATH of", "bin/rpath", "bin/runpath");
	FINDS("libone.so", "lib/libone.so", "DT_RPATH of", "bin/rpath", "bin/runpath", "bin/none");
	setenv("LD_LIBRARY_PATH", env, 1);
	FINDS("libone.so", "lib/libone.so", "DT_RPATH of", "bin/rpath");
	FINDS("libone.so", "env/libone.so", "LD_LIBRARY_PATH", "bin/runpath");
	FINDS("libother.so", "env/libother.so", "LD_LIBRARY_PATH", "bin/none");
	setenv("LD_LIBRARY_PATH", "/nowhere;$ORIGIN/../lib2", 1);
	FINDS("libone.so", "lib2/libone.so", "LD_LIBRARY_PATH", "bin/none");
	unsetenv("LD_LIBRARY_PATH");
	FINDS("$ORIGIN/../lib/libone.so", "lib/libone.so", "the path in DT_NEEDED", "bin/none");
}

/* What is loaded answers to its SONAME before anything is searched, the program, too. */
static void test_loaded(void **state)
{
	const char *root = *state;

	put_library(root, "lib/libone.so", "");
	put_library(root, "bin/named",
		"-Wl,-soname,libone.so -Wl,--disable-new-dtags,"
		"-rpath,'$ORIGIN/../lib'");
	put_library(root, "bin/none", "");
	unsetenv("LD_LIBRARY_PATH");
	FINDS("libone.so", "bin/named", "DT_SONAME of", "bin/named", "bin/none");
	FINDS("$ORIGIN/../lib/libone.so", "lib/libone.so", "the path in DT_NEEDED", "bin/named",
		"bin/none");
}

/* A program for musl. */
static void put_musl(const char *root, const char *name, const char *flags)
{
	CLEANUP_FREE char *all = xasprintf(
		"-pie -fPIE -Wl,--dynamic-linker=/musl/lib/ld-musl-x86_64.so.1 %s", flags);

	put(root, name, "void _start(void) {}", all);
}

static void test_musl(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *env = xasprintf(":\n%s/env", root);

	put_library(root, "lib/libone.so", "");
	put_library(root, "lib2/libone.so", "");
	put_library(root, "env/libone.so", "");
	put_library(root, "lib/libpthreads.so", "");
	put_library(root, "bin/named", "-Wl,-soname,libother.so");
	put_library(root, "bin/runpath", "-Wl,--enable-new-dtags,-rpath,'${ORIGIN}/../lib2'");
	put_library(root, "bin/lib", "-Wl,--disable-new-dtags,-rpath,'$ORIGIN/../$LIB'");
	put_library(root, "bin/none", "");
	put_musl(root, "bin/program",
		"-Wl,-soname,libone.so -Wl,--disable-new-dtags,-rpath,'$ORIGIN/../lib'");
	put_musl(root, "bin/new", "-Wl,--enable-new-dtags,-rpath,'$ORIGIN/../lib'");
	unsetenv("LD_LIBRARY_PATH");
	/* Neither the program's DT_SONAME nor a library's counts, and both kinds of path serve
	 * what was loaded. */
	FINDS("libone.so", "lib/libone.so", "DT_RPATH of", "bin/program");
	FINDS("libone.so", "lib/libone.so", "DT_RPATH of", "bin/program", "bin/none");
	FINDS("libone.so", "lib/libone.so", "DT_RUNPATH of", "bin/new", "bin/none");
	FINDS("libone.so", "lib2/libone.so", "DT_RUNPATH of", "bin/program", "bin/runpath");
	FINDS("libone.so", "lib2/libone.so", "DT_RUNPATH of", "bin/program", "bin/runpath",
		"bin/none");
	FINDS("libone.so", "lib/libone.so", "DT_RPATH of", "bin/program", "bin/lib");
	FINDS("libother.so", NULL, "it is not in any folder", "bin/program", "bin/named");
	FINDS("named", "bin/named", "the name of", "bin/program", "bin/named", "bin/none");
	FINDS("libpthreads.so", "lib/libpthreads.so", "DT_RPATH of", "bin/program");
	setenv("LD_LIBRARY_PATH", env, 1);
	FINDS("libone.so", "env/libone.so", "LD_LIBRARY_PATH", "bin/program", "bin/runpath");
	free(scratch_shell(root, "echo text >env/libone.so"));
	FINDS("libone.so", NULL, "", "bin/program");
	unsetenv("LD_LIBRARY_PATH");
}

/* What is inside musl's loader is found without a search; it need not be here for that. */
static void test_musl_itself(void **state)
{
	static const char *const inside[] = {"libc.so", "libc.musl-x86_64.so.1", "libpthread.so.0"};
	const char *root = *state;
	struct loaded l = {0};

	put_musl(root, "bin/program", "");
	load(root, "bin/program", &l);
	for (size_t i = 0; i < 3; i++) {
		const struct py_chain chain = {l.path, &l.facts};
		CLEANUP_FREE char *found = NULL, *why = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(py_loader_find(&chain, 1, inside[i], &found, &why, &err), 0);
		assert_string_equal(found, "/musl/lib/ld-musl-x86_64.so.1");
	}
	unload(&l);
}

/* As the loader reads them: ldd says the same of the longer names. */
static void test_expansion(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *lib = xasprintf("%s/bin/../lib", root), *odd = NULL;
	CLEANUP_FREE char *list = NULL, *braces = NULL;
	struct loaded l = {0};
	struct py_chain chain;

	put_library(root, "bin/one", "-Wl,-soname,libone.so.1");
	put_library(root, "lib/libtwo.so", "");
	free(scratch_shell(root, "mkdir 'lib/$LIBS' && mv lib/libtwo.so 'lib/$LIBS'"));
	put_library(root, "bin/two", "-Wl,--disable-new-dtags,-rpath,'$ORIGIN/../lib/$LIBS'");
	unsetenv("LD_LIBRARY_PATH");
	FINDS("libtwo.so", "lib/$LIBS/libtwo.so", "DT_RPATH of", "bin/two");
	load(root, "bin/one", &l);
	chain = (struct py_chain){l.path, &l.facts};
	braces = py_loader_expand(&chain, 1, "${ORIGIN}/../lib");
	assert_string_equal(braces, lib);
	odd = py_loader_expand(&chain, 1, "$ORIGINAL/${LIB/$LIB_");
	assert_string_equal(odd, "$ORIGINAL/${LIB/$LIB_");
	list = py_loader_expand(&chain, 1, "/usr/$LIB");
	assert_null(strchr(list, '$'));
	assert_true(py_begins_with_origin("$ORIGIN") && py_begins_with_origin("${ORIGIN}/x"));
	assert_false(py_begins_with_origin("$ORIGINAL") || py_begins_with_origin("a$ORIGIN"));
	assert_true(py_loader_answers(&chain, "libone.so.1"));
	assert_true(py_loader_answers(&chain, l.path));
	assert_false(py_loader_answers(&chain, "libone.so"));
	assert_false(py_loader_answers(&chain, "one"));
	unload(&l);
}

static void test_in_the_way(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *foreign = NULL, *path = xasprintf("%s/a/libone.so", root);
	struct err err = ERR_INIT;

	put_library(root, "b/libone.so", "");
	put_library(root, "bin/two", "-Wl,--disable-new-dtags,-rpath,'$ORIGIN/../a:$ORIGIN/../b'");
	unsetenv("LD_LIBRARY_PATH");
	FINDS("libone.so", "b/libone.so", "DT_RPATH of", "bin/two");
	/* Of the other class: passed over. */
	scratch_file(root, "a/x", "", 0644);
	assert_int_equal(tree_copy("tests/fuzz/corpus/elf/elf32.so", path, &err), 0);
	FINDS("libone.so", "b/libone.so", "DT_RPATH of", "bin/two");
	/* No ELF file at all stops the loader. */
	scratch_file(root, "a/libone.so", "this is text, and long enough to be looked at", 0644);
	foreign = xasprintf("'%s/bin/../a/libone.so' is in the way", root);
	FINDS("libone.so", NULL, foreign, "bin/two");
}

/* What the real loader prints for a file, "\tNAME => PATH (0x…)" line by line. */
static char *traced_path(const char *trace, const char *needed)
{
	CLEANUP_FREE char *start = xasprintf("\t%s => ", needed);
	const char *line = strstr(trace, start);

	if (!line || !strncmp(line + strlen(start), "not found", 9))
		return NULL;
	line += strlen(start);
	return xstrndup(line, strcspn(line, " \n"));
}

static size_t compare_file(const char *root, const char *path)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};
	const struct py_chain chain = {path, &facts};
	CLEANUP_FREE char *trace = NULL;
	struct err err = ERR_INIT;
	size_t compared = 0;

	if (elf_facts_read(path, &facts, &err) < 0 || facts.n_needed == 0 || facts.bits != 64)
		return 0;
	/* A program as it starts, and a library as the loader lists it. */
	trace = facts.interp && facts.kind != ELF_KIND_SHARED
			? scratch_shell(
				  root, "LD_TRACE_LOADED_OBJECTS=1 %s 2>/dev/null || true", path)
			: scratch_shell(root, "ldd %s 2>/dev/null || true", path);
	if (!strstr(trace, "=>"))
		return 0;
	for (size_t i = 0; i < facts.n_needed; i++) {
		CLEANUP_FREE char *found = NULL, *why = NULL;
		CLEANUP_FREE char *real = traced_path(trace, facts.needed[i]);

		/* The loader itself, and paths, are shown in another way. */
		if (!strncmp(facts.needed[i], "ld-", 3) || strchr(facts.needed[i], '/'))
			continue;
		assert_int_equal(py_loader_find(&chain, 1, facts.needed[i], &found, &why, &err), 0);
		if ((real != NULL) != (found != NULL) || (real && strcmp(real, found) != 0))
			fail_msg("%s needs %s: '%s' (%s), the loader finds '%s'", path,
				facts.needed[i], found ? found : "-", why, real ? real : "-");
		compared++;
	}
	return compared;
}

static void test_against_ldd(void **state)
{
	CLEANUP_STRV struct strv paths = STRV_INIT;
	CLEANUP_FREE char *list = NULL;
	size_t compared = 0;

	unsetenv("LD_LIBRARY_PATH");
	list = scratch_shell(*state, "ls -d /usr/lib/*-linux-gnu/*.so.* /usr/lib64/*.so.* "
				     "/usr/bin/* 2>/dev/null | awk 'NR %% 23 == 1' || true");
	strv_split(&paths, list, "\n");
	for (size_t i = 0; i < paths.n && i < 120; i++)
		compared += compare_file(*state, paths.v[i]);
	if (compared == 0)
		skip();
}

/* A cache of two names, in the new format. */
struct cache_image {
	char magic[20];
	uint32_t n, len_strings, flags, extension, unused[3];
	struct {
		int32_t flags;
		uint32_t key, value, os;
		uint64_t hwcap;
	} entries[3];
	uint32_t ext_magic, ext_count, ext_tag, ext_flags, ext_offset, ext_size, level;
	char strings[64];
};

#define STRING(offset) (uint32_t)(offsetof(struct cache_image, strings) + (offset))

static void make_cache(struct cache_image *c)
{
	static const char strings[] = "liba.so\0/x/liba.so\0/x/v3/liba.so\0x86-64-v3";

	*c = (struct cache_image){.n = 3,
		.extension = offsetof(struct cache_image, ext_magic),
		.entries = {{0x303, STRING(0), STRING(19), 0, (uint64_t)1 << 62},
			{0x303, STRING(0), STRING(8), 0, 0}, {0x003, STRING(0), STRING(8), 0, 0}},
		.ext_magic = 0xeaa42174u,
		.ext_count = 1,
		.ext_tag = 1,
		.ext_offset = offsetof(struct cache_image, level),
		.ext_size = 4,
		.level = STRING(33)};
	memcpy(c->magic, "glibc-ld.so.cache1.1", 20);
	memcpy(c->strings, strings, sizeof(strings));
}

struct seen {
	size_t n;
	char text[512];
};

/* Notes the first three entries. */
static int read_cache(const void *data, size_t n, struct seen *s, struct err *err)
{
	struct ldcache_entry e;
	struct ldcache cache;
	int got = 1;

	*s = (struct seen){0};
	if (ldcache_open(data, n, &cache, err) < 0)
		return -1;
	while (s->n < 3 && (got = ldcache_next(&cache, &e, err)) > 0) {
		size_t len = strlen(s->text);

		snprintf(s->text + len, sizeof(s->text) - len, "%s=%s%s%s\n", e.soname, e.path,
			e.hwcaps ? " " : "", e.hwcaps ? e.hwcaps : "");
		s->n++;
	}
	return got < 0 ? -1 : 0;
}

static void test_cache(void **state)
{
	static const char want[] = "liba.so=/x/v3/liba.so x86-64-v3\nliba.so=/x/liba.so\n"
				   "liba.so=/x/liba.so\n";
	CLEANUP_BUF struct buf old = BUF_INIT;
	static const char old_header[16 + 12 + 4] = "ld.so-1.7.0\0\1";
	struct cache_image c;
	struct seen seen = {0};
	struct err err = ERR_INIT;

	(void)state;
	make_cache(&c);
	assert_int_equal(read_cache(&c, sizeof(c), &seen, &err), 0);
	assert_string_equal(seen.text, want);
	/* Behind a table of the old format with one entry. */
	buf_add(&old, old_header, sizeof(old_header));
	buf_add(&old, &c, sizeof(c));
	assert_int_equal(read_cache(old.data, old.len, &seen, &err), 0);
	assert_string_equal(seen.text, want);
	for (size_t n = 0; n < offsetof(struct cache_image, level); n++) {
		CLEANUP_FREE void *copy = xcalloc(n ? n : 1, 1);

		memcpy(copy, &c, n);
		assert_int_equal(read_cache(copy, n, &seen, &err), -1);
	}
	c.level = sizeof(c);
	assert_int_equal(read_cache(&c, sizeof(c), &seen, &err), -1);
	assert_non_null(strstr(err.msg, "processor level"));
	make_cache(&c);
	memset(c.strings, 'x', sizeof(c.strings));
	assert_int_equal(read_cache(&c, STRING(sizeof(c.strings)), &seen, &err), -1);
	assert_non_null(strstr(err.msg, "is not terminated"));
	c.n = UINT32_MAX;
	assert_int_equal(read_cache(&c, sizeof(c), &seen, &err), -1);
	assert_non_null(strstr(err.msg, "more entries"));
}

struct numbers {
	unsigned made[1000];
	size_t taken, stop_at, dropped;
};

static void make_number(void *ctx, size_t i)
{
	((struct numbers *)ctx)->made[i]++;
}

static int take_number(void *ctx, size_t i, struct err *err)
{
	struct numbers *s = ctx;

	assert_int_equal(s->taken, i);
	assert_int_equal(s->made[i], 1);
	if (i == s->stop_at)
		return err_set(err, ERR_INPUT, "enough");
	s->taken++;
	return 0;
}

static void drop_number(void *ctx, size_t i)
{
	struct numbers *s = ctx;

	assert_true(i >= s->taken && s->made[i] == 1);
	s->dropped++;
}

static void test_parallel(void **state)
{
	struct numbers s = {.stop_at = SIZE_MAX};
	struct parallel_work work = {make_number, take_number, drop_number, NULL, &s};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parallel(&work, 0, &err), 0);
	assert_int_equal(parallel(&work, 1000, &err), 0);
	assert_true(s.taken == 1000 && s.dropped == 0);
	s = (struct numbers){.stop_at = 10};
	assert_int_equal(parallel(&work, 1000, &err), -1);
	assert_string_equal(err.msg, "enough");
	/* No more than the window was made ahead, and all of that was dropped. */
	assert_true(s.taken == 10 && s.dropped >= 1 && s.dropped <= 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_rules),
		SCRATCH_TEST(test_loaded),
		SCRATCH_TEST(test_musl),
		SCRATCH_TEST(test_musl_itself),
		SCRATCH_TEST(test_expansion),
		SCRATCH_TEST(test_in_the_way),
		SCRATCH_TEST(test_against_ldd),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_parallel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
