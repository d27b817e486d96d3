/* Locked profiles: which one fits a build, what is refused, and that the shipped ones are whole. */
#include "scratch.h"

#include "base/buf.h"
#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "recipe/recipe.h"
#include "tar/tar.h"

#define DIGEST "60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb"
#define ENTRY(file, cpython, compiler, release) ENTRY_OF("pgo", file, cpython, compiler, release)
#define BOLT_ENTRY(file, cpython, compiler, release, lto)                                          \
	ENTRY_OF("bolt\n    lto: " lto, file, cpython, compiler, release)
#define ENTRY_OF(kind, file, cpython, compiler, release)                                           \
	"  - file: " file "\n    kind: " kind "\n    cpython: " cpython                            \
	"\n    compiler: " compiler "\n    release: '" release                                     \
	"'\n    triple: x86_64-linux-gnu\n    size: 5\n"                                           \
	"    sha256: " DIGEST "\n    content: " DIGEST "\n    training: pgo\n    command: x\n"     \
	"    date: 2026-11-30\n"

static struct locked_profile wanted(
	const char *version, const char *compiler, const char *release, const char *lto)
{
	static char kinds[][5] = {"pgo", "bolt"}, triple[] = "x86_64-linux-gnu";

	return (struct locked_profile){.kind = kinds[lto != NULL],
		.lto = (char *)lto,
		.triple = triple,
		.version = (char *)version,
		.compiler = (char *)compiler,
		.release = (char *)release};
}

static void write_index(const char *root, const char *text)
{
	free(scratch_shell(root, "mkdir -p cpython/profiles"));
	scratch_file(root, "cpython/profiles/index.yaml", text, 0644);
}

static void test_choice(void **state)
{
	static const struct {
		const char *version, *compiler, *release, *lto, *file;
	} cases[] = {
		{"3.13.15", "clang", "22", NULL, "a"},
		{"3.13.5", "clang", "22", NULL, "b"},
		{"3.13.9", "clang", "22", NULL, "a"}, /* the newest of the series */
		{"3.1.0", "clang", "22", NULL, NULL},
		{"3.130.1", "clang", "22", NULL, NULL},
		{"3.14.0", "clang", "22", NULL, NULL},
		{"3.13.15", "clang", "21", NULL, NULL},
		{"3.13.15", "gcc", "12.2.0", NULL, "c"},
		{"3.13.15", "gcc", "12.3.0", NULL, NULL},
		{"3.13.15", "gcc", "22", NULL, NULL},
		{"3.13.15", "clang", "22", "thin", "t"},
		{"3.13.16", "clang", "22", "thin", "t"},
		{"3.13.15", "clang", "22", "full", "f"},
		{"3.13.15", "clang", "22", "none", NULL},
		{"3.13.15", "gcc", "12.2.0", "thin", NULL},
	};
	CLEANUP(cleanup_profiles) struct profiles *p = NULL;
	struct err err = ERR_INIT;
	char *root = *state;

	write_index(root, "profiles:\n" ENTRY("b", "3.13.5", "clang", "22") ENTRY("a", "3.13.15",
				  "clang", "22") ENTRY("c", "3.13.15", "gcc", "12.2.0")
				  BOLT_ENTRY("f", "3.13.15", "clang", "22", "full")
					  BOLT_ENTRY("t", "3.13.15", "clang", "22", "thin"));
	if (profiles_load(root, &p, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(p->n, 5);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct locked_profile w =
			wanted(cases[i].version, cases[i].compiler, cases[i].release, cases[i].lto);
		const struct locked_profile *found = profiles_find(p, &w);

		if (strcmp(found ? found->file : "", cases[i].file ? cases[i].file : "") != 0)
			fail_msg("%s %s %s %s: %s", w.version, w.compiler, w.release,
				w.lto ? w.lto : "-", found ? found->file : "none");
	}
}

/* It is of one machine, unless any will do. */
static void test_machines(void **state)
{
	static char other[] = "aarch64-linux-gnu";
	CLEANUP(cleanup_profiles) struct profiles *p = NULL;
	struct locked_profile w = wanted("3.13.15", "clang", "22", NULL);
	struct err err = ERR_INIT;

	write_index(*state, "profiles:\n" ENTRY("a", "3.13.15", "clang", "22"));
	assert_int_equal(profiles_load(*state, &p, &err), 0);
	assert_string_equal(profiles_find(p, &w)->file, "a");
	w.triple = other;
	assert_null(profiles_find(p, &w));
	w.triple = NULL;
	assert_string_equal(profiles_find(p, &w)->file, "a");
}

/* A profile is of functions of its ABI. */
static void test_abi(void **state)
{
	static char threads[] = "t";
	CLEANUP(cleanup_profiles) struct profiles *p = NULL;
	struct locked_profile w = wanted("3.13.15", "clang", "22", NULL);
	struct err err = ERR_INIT;
	char *root = *state;

	write_index(root, "profiles:\n" ENTRY("a", "3.13.15", "clang", "22"));
	assert_int_equal(profiles_load(root, &p, &err), 0);
	w.abi = threads;
	assert_null(profiles_find(p, &w));
	profiles_free(p);
	write_index(root, "profiles:\n" ENTRY("b", "3.13.15", "clang", "22") "    abi: t\n" ENTRY(
				  "a", "3.13.15", "clang", "22"));
	assert_int_equal(profiles_load(root, &p, &err), 0);
	assert_string_equal(profiles_find(p, &w)->file, "b");
	w.abi = NULL;
	assert_string_equal(profiles_find(p, &w)->file, "a");
}

static void test_none(void **state)
{
	CLEANUP(cleanup_profiles) struct profiles *p = NULL;
	const struct locked_profile w = wanted("3.13.15", "gcc", "12.2.0", NULL);
	struct err err = ERR_INIT;

	assert_int_equal(profiles_load(*state, &p, &err), 0);
	assert_int_equal(p->n, 0);
	assert_null(profiles_find(p, &w));
}

/* What is wrong with an index is said, with its place. */
static void test_hostile(void **state)
{
	static const struct {
		const char *from, *to, *why;
	} cases[] = {
		{"file: a", "file: ../a", "2:11: a profile is a file beside its index"},
		{"file: a", "file: /etc/passwd", "2:11: a profile is a file beside its index"},
		{"file: a", "file: .hidden", "2:11: a profile is a file beside its index"},
		{"file: a", "file: \"a b\"", "2:12: a profile is a file beside its index"},
		{"file: a", "file: []", "'file' must be a text"},
		{"size: 5", "size: -5", "8:11: a size is a number of bytes"},
		{"size: 5", "size: 0", "8:11: a size is a number of bytes"},
		{"size: 5", "size: 99999999999999999999", "8:11: a size is a number of bytes"},
		{"sha256: 6", "sha256: ", "9:13: a SHA-256 digest has 64"},
		{"content: 6", "content: X", "10:14: a SHA-256 digest has 64"},
		{"kind: pgo", "kin: pgo", "unknown key 'kin'"},
		{"    kind: pgo\n", "", "the key 'kind' is missing"},
		{"kind: pgo", "kind: bolt", "3:11: the key 'lto' goes with the kind 'bolt'"},
		{"kind: pgo", "kind: pgo\n    lto: thin", "3:11: the key 'lto' goes with"},
		{"profiles:", "profile:", "unknown key 'profile'"},
		{"profiles:\n", "profiles: 7\n# ", "'profiles' must be a list"},
	};
	static const char good[] = "profiles:\n" ENTRY("a", "3.13.15", "clang", "22");
	char *root = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(cleanup_profiles) struct profiles *p = NULL;
		CLEANUP_BUF struct buf text = BUF_INIT;
		struct err err = ERR_INIT;
		const char *at = strstr(good, cases[i].from);

		assert_non_null(at);
		buf_add(&text, good, (size_t)(at - good));
		buf_adds(&text, cases[i].to);
		if (i + 1 < ARRAY_SIZE(cases))
			buf_adds(&text, at + strlen(cases[i].from));
		write_index(root, text.data);
		assert_int_equal(profiles_load(root, &p, &err), -1);
		if (!strstr(err.msg, cases[i].why))
			fail_msg("%s: %s", cases[i].to, err.msg);
	}
}

/* A file that is not what is locked is an error, never another build. */
static void test_damaged(void **state)
{
	CLEANUP(cleanup_profiles) struct profiles *p = NULL;
	struct err err = ERR_INIT;
	char *root = *state, *path = NULL;

	write_index(root, "profiles:\n" ENTRY("a", "3.13.15", "clang", "22"));
	assert_int_equal(profiles_load(root, &p, &err), 0);
	assert_int_equal(profiles_check(p, &p->v[0], &path, &err), -1);
	assert_non_null(strstr(err.msg, "the locked profile: "));
	scratch_file(root, "cpython/profiles/a", "other", 0644);
	assert_int_equal(profiles_check(p, &p->v[0], &path, &err), -1);
	assert_non_null(strstr(err.msg, "is not the one that is locked"));
	assert_non_null(strstr(err.hint, "--profile none"));
	assert_null(path);
}

/* What solder ships is what its index says, inside, too, and unpacks as a step would; and it is the
 * same when it is given by name. */
/* One file may fit and the other not. */
static void test_bolt_text(void **state)
{
	json_t *report = json_loads(
		"{\"files\": {\"interpreter\": {\"functions\": 9, \"profiled\": 5, \"samples_fit\": 1},"
		" \"libpython\": {\"unused\": \"the profile fits 24 % of its samples\"}},"
		" \"left\": [\"interpreter: sha512\"]}",
		0, NULL);
	CLEANUP_FREE char *text = bolt_text(report);

	(void)state;
	assert_string_equal(text,
		"interpreter: 5 of 9 functions laid out by a profile that fits 100.0 %; "
		"libpython: as it was linked, since the profile fits 24 % of its samples; "
		"left as they were, since they fail: interpreter: sha512");
	json_decref(report);
	assert_null(bolt_text(NULL));
}

static void test_shipped(void **state)
{
	CLEANUP(cleanup_profiles) struct profiles *p = NULL;
	char recipes[] = "recipes";
	struct cpython_build b = {.recipes = recipes};
	struct err err = ERR_INIT;

	if (profiles_load("recipes", &p, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < p->n; i++) {
		CLEANUP_FREE char *dir = xasprintf("%s/%zu", (char *)*state, i), *path = NULL;
		struct chosen_profile given = {0};
		char hex[SHA256_HEX_SIZE];

		if (profiles_check(p, &p->v[i], &path, &err) < 0 ||
			tar_extract(path, dir, 1, NULL, &err) < 0 ||
			tree_digest(dir, hex, &err) < 0 ||
			profile_given(&b, path, &given, &err) < 0)
			fail_msg("%s", err.msg);
		assert_string_equal(hex, p->v[i].content);
		assert_string_equal(given.digest, p->v[i].content);
		profile_release(&given);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_choice),
		SCRATCH_TEST(test_machines),
		SCRATCH_TEST(test_abi),
		SCRATCH_TEST(test_none),
		SCRATCH_TEST(test_hostile),
		SCRATCH_TEST(test_damaged),
		cmocka_unit_test(test_bolt_text),
		SCRATCH_TEST(test_shipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
