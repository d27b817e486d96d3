/* What strangers write: names, pages, tags, indexes, advisories; and what we write into a set. */
#include "releases.h"

static void test_forms(void **state)
{
	static const struct {
		const char *form, *name, *version; /* NULL: it does not have the form */
	} cases[] = {
		{"demo-{version}.tar.gz", "demo-1.2.3.tar.gz", "1.2.3"},
		{"demo-{version}.tar.gz", "demo-12.tar.gz", "12"},
		{"demo-{version}.tar.gz", "demo-1.2.3rc1.tar.gz", NULL},
		{"demo-{version}.tar.gz", "demo-.tar.gz", NULL},
		{"demo-{version}.tar.gz", "demo-1..2.tar.gz", NULL},
		{"demo-{version}.tar.gz", "demo-.1.tar.gz", NULL},
		{"demo-{version}.tar.gz", "demo-1.tar.gz.asc", NULL},
		{"demo-{version}.tar.gz", "xdemo-1.tar.gz", NULL},
		{"{version}", "2.2.4", "2.2.4"},
		{"{version}", "v2.2.4", NULL},
		{"R_{_version}", "R_2_7_0", "2.7.0"},
		{"R_{_version}", "R_2__0", NULL},
		{"sqlite-autoconf-{packed}.tar.gz", "sqlite-autoconf-3530100.tar.gz", "3.53.1"},
		{"sqlite-autoconf-{packed}.tar.gz", "sqlite-autoconf-3460103.tar.gz", "3.46.1.3"},
		{"sqlite-autoconf-{packed}.tar.gz", "sqlite-autoconf-353.tar.gz", NULL},
		{"python{series}_{version}.orig.tar.*", "python3.13_3.13.18.orig.tar.xz",
			"3.13.18"},
		{"python{series}_{version}.orig.tar.*", "python3.13_3.14.1.orig.tar.xz", NULL},
		{"python{series}_{version}.orig.tar.*", "python3.13_3.13.18.orig.tar.xz.asc", NULL},
		{"zlib_{any}+really{version}.orig.tar.*", "zlib_1.3.dfsg+really1.3.2.orig.tar.gz",
			"1.3.2"},
		{"libedit_{version}-{date}.orig.tar.*", "libedit_3.1-20260512.orig.tar.gz", "3.1"},
		{"no placeholder", "no placeholder", NULL},
	};
	struct words w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool has = form_match(cases[i].form, cases[i].name, &w);

		if (has != (cases[i].version != NULL) ||
			(has && strcmp(w.version, cases[i].version) != 0))
			fail_msg("%s: %s", cases[i].name, has ? w.version : "no match");
	}
}

static void test_fill(void **state)
{
	static const char *const cases[][2] = {{"a-{version}.b", "a-3.53.1.b"},
		{"R_{_version}", "R_3_53_1"}, {"x{packed}", "x3530100"},
		{"{date}-{series}", "2026-3.53"}, {"{other} {any}{", "{other} {any}{"}};
	struct words w = {.version = "3.53.1", .date = "2026", .series = "3.53"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *filled = form_fill(cases[i][0], &w);

		assert_string_equal(filled, cases[i][1]);
	}
}

static void test_page(void **state)
{
	static const char text[] =
		"<a href=\"d-1.0.tar.gz\"><a href=\"/x/d-1.1.tar.gz\">d-1.1.tar.gz</a>"
		"<a href='https://h/y/d-1.2.tar.gz'> //h/d-1.3.tar.gz "
		"<a href=\"https://evil/d-9.0.tar.gz\"> http://h/d-9.1.tar.gz "
		"ftp://h/d-9.2.tar.gz javascript:d-9.3.tar.gz file:///d-9.4.tar.gz "
		"https://u:p@h/d-9.5.tar.gz https://h:1/d-9.8.tar.gz //evil/d-9.6.tar.gz d-9.7.tar.gz%00 ../../d-1.4.tar.gz";
	static const char *const want[][2] = {{"1.0", "https://h/f/d-1.0.tar.gz"},
		{"1.1", "https://h/x/d-1.1.tar.gz"}, {"1.2", "https://h/y/d-1.2.tar.gz"},
		{"1.3", "https://h/d-1.3.tar.gz"}, {"1.4", "https://h/d-1.4.tar.gz"}};
	static char match[] = "d-{version}.tar.gz";
	const struct release_place place = {.match = match};
	CLEANUP(found_release) struct found found = {0};
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	buf_adds(&b, text);
	page_find("https://h/f/", &b, &place, &found);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const struct release *r = found_version(&found, want[i][0], NULL);

		assert_non_null(r);
		assert_string_equal(r->url, want[i][1]);
	}
	for (size_t i = 0; i < found.n; i++)
		if (strstr(found.v[i].url, "//h/d-9") ||
			strncmp(found.v[i].url, "https://h/", 10) != 0)
			fail_msg("%s", found.v[i].url);
}

static void test_index(void **state)
{
#define SUM "60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb"
	static const char text[] =
		"Package: a\nDirectory: pool/main/a/a\nFiles:\n 0 1 a_1.orig.tar.gz\n"
		"Checksums-Sha256:\n " SUM " 5 a_1.orig.tar.gz\n " SUM " 6 a_1.debian.tar.xz\n"
		" " SUM " 0 a_2.orig.tar.gz\n " SUM " -1 a_3.orig.tar.gz\n"
		" " SUM " 5 ../a_4.orig.tar.gz\n 60 5 a_5.orig.tar.gz\n"
		" " SUM " 5 a_6\x1b.orig.tar.gz\nOther: x\n " SUM " 5 a_7.orig.tar.gz\n\n"
		"Directory: pool/../../etc\nChecksums-Sha256:\n " SUM " 5 a_8.orig.tar.gz\n\n"
		"Directory: /etc\nChecksums-Sha256:\n " SUM " 5 a_9.orig.tar.gz\n\n"
		"Checksums-Sha256:\n " SUM " 5 b_1.orig.tar.xz\n " SUM " 7 b_1.orig.tar.xz.asc\n"
		"Directory: pool/b\n";
	static char match[] = "b_{version}.orig.tar.*";
	const struct release_place place = {.match = match};
	CLEANUP(debian_release) struct debian d = {0};
	CLEANUP(found_release) struct found found = {0};

	(void)state;
	index_read(text, &d.text);
	assert_string_equal(d.text.data,
		SUM " 5 pool/main/a/a/a_1.orig.tar.gz\n" SUM " 5 pool/b/b_1.orig.tar.xz\n" SUM
		    " 7 pool/b/b_1.orig.tar.xz.asc\n");
	debian_find(&d, &place, &found);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.v[0].version, "1");
	assert_string_equal(found.v[0].url, "pool/b/b_1.orig.tar.xz");
	assert_string_equal(found.v[0].signature, "pool/b/b_1.orig.tar.xz.asc");
	assert_int_equal(found.v[0].signature_size, 7);
}

/* Which advisories of the text are about this version. */
static char *judged(const char *root, const char *text, const char *name, const char *version)
{
	static char other[] = "openssl-src", tags[] = "https://github.com/openssl/openssl.git";
	struct recipe r = {
		.name = (char *)name, .releases = {.series = 2, .upstream = {.tags = tags}}};
	CLEANUP(cleanup_advisories) struct advisories *a = NULL;
	CLEANUP_STRV struct strv files = STRV_INIT;
	struct update_result result = {0};
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	scratch_file(root, "a.json", text, 0644);
	strv_addf(&files, "%s/a.json", root);
	strv_add(&r.releases.names, other);
	if (advisories_load(&files, &a, &err) < 0)
		fail_msg("%s", err.msg);
	advisories_judge(a, &r, version, "debian", &result);
	buf_adds(&out, "");
	for (size_t i = 0; i < result.n_advisories; i++)
		buf_addf(&out, "%s%s>%s", i ? " " : "", result.advisories[i].id,
			result.advisories[i].fixed ? result.advisories[i].fixed : "-");
	update_release(&result);
	strv_release(&r.releases.names);
	return buf_steal(&out);
}

static void assert_judged(
	const char *root, const char *text, const char *name, const char *version, const char *want)
{
	CLEANUP_FREE char *got = judged(root, text, name, version);

	if (strcmp(got, want) != 0)
		fail_msg("%s %s: '%s', not '%s'", name, version, got, want);
}

static void test_osv(void **state)
{
#define OSV(id, package, more) "{\"id\": \"" id "\", \"affected\": [{" package more "}]}"
#define NAMED(name, system) "\"package\": {\"name\": \"" name "\", \"ecosystem\": \"" system "\"}, "
#define EVENTS(events) "\"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [" events "]}]"
	static const char list[] = "[" OSV("A", NAMED("openssl", "Bitnami"),
		EVENTS("{\"introduced\": \"3.5.0\"}, {\"fixed\": \"3.5.7\"}, "
		       "{\"introduced\": \"3.6.0\"}, {\"last_affected\": \"3.6.2\"}")) "," OSV("B",
		"\"versions\": [\"openssl-3.5.6\", 7], ",
		"\"ranges\": [{\"type\": \"GIT\", \"repo\": "
		"\"https://github.com/OpenSSL/openssl\", \"events\": [{\"introduced\": "
		"\"0\"}]}]") "," OSV("C", NAMED("openssl-src", "Debian:13"),
		EVENTS("{\"introduced\": \"0\"}, {\"fixed\": \"3.5.6-1~deb13u2\"}")) "," OSV("D",
		NAMED("nodejs", "npm"),
		EVENTS("{\"introduced\": \"0\"}")) ","
						   "{\"id\": \"E\", \"withdrawn\": \"2026\", \"affected\": [{" NAMED(
							   "openssl", "x")
							   EVENTS("{\"introduced\": \"0\"}") "}]}, 7, {}, {\"id\": 7}]";

	assert_judged(*state, list, "openssl", "3.5.6", "A>3.5.7 B>- C>-");
	assert_judged(*state, list, "openssl", "3.5.7", "");
	assert_judged(*state, list, "openssl", "3.4.1", "C>3.5.6");
	assert_judged(*state, list, "openssl", "3.6.2", "A>-");
	assert_judged(*state, list, "openssl", "3.6.3", "");
	assert_judged(*state, list, "zlib", "3.5.6", "B>- C>-");
	assert_judged(*state, "{\"vulns\": []}", "openssl", "3.5.6", "");
}

static void test_tracker(void **state)
{
#define RELEASE(name, has, status, fixed)                                                          \
	"\"" name "\": {\"status\": \"" status "\", \"repositories\": {\"" name "\": \"" has       \
	"\"}" fixed "}"
#define FIXED(v) ", \"fixed_version\": \"" v "\""
	static const char tracker[] =
		"{\"openssl\": {"
		"\"CVE-1\": {\"releases\": {" RELEASE("trixie", "3.5.6-1", "open", "") ", " RELEASE(
			"sid", "3.6.1-1", "resolved",
			FIXED("3.6.1-1")) "}},"
					  "\"CVE-2\": {\"releases\": {" RELEASE("trixie",
						  "3.5.7-1~deb13u1", "resolved",
						  FIXED("3.5.7-1~deb13u1")) ", " RELEASE("sid",
						  "3.6.3-1", "resolved",
						  FIXED("3.6.3-1")) "}},"
								    "\"CVE-3\": {\"releases\": {" RELEASE(
									    "trixie", "3.5.6-1",
									    "resolved",
									    FIXED("0")) ", " RELEASE("sid",
									    "3.6.3-1", "open",
									    "") "}},"
										"\"CVE-4\": {\"releases\": {" RELEASE(
											"sid",
											"3.6.3-1",
											"resolved",
											FIXED("1.0.1c-1")) "}},"
													   "\"CVE-5\": {\"releases\": {" RELEASE(
														   "trixie",
														   "3.5.6-1",
														   "open",
														   ", \"urgency\": \"unimportant\"") "}},"
																		     "\"TEMP\": [1]},"
																		     "\"python3.13\": {\"CVE-6\": {\"description\": \"d\", \"releases\": {" RELEASE(
																			     "sid",
																			     "3.13.18-1",
																			     "resolved",
																			     FIXED("3.13.18-1")) "}}}}";

	assert_judged(*state, tracker, "openssl", "3.5.6", "CVE-1>- CVE-2>3.5.7");
	assert_judged(*state, tracker, "openssl", "3.5.7", "CVE-1>-");
	assert_judged(*state, tracker, "openssl", "3.6.0", "CVE-1>3.6.1 CVE-2>3.6.3 CVE-3>-");
	assert_judged(*state, tracker, "zlib", "1.3", "");
}

static void test_advisories_refused(void **state)
{
	static const char *const texts[][2] = {{"no", "is not JSON"}, {"", "is not JSON"},
		{"{\"a\": 1}", "holds no advisories"}, {"7", "is not JSON"}};
	const char *root = *state;
	CLEANUP_STRV struct strv files = STRV_INIT;
	struct advisories *a = NULL;
	struct err err = ERR_INIT;

	strv_addf(&files, "%s/a.json", root);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		scratch_file(root, "a.json", texts[i][0], 0644);
		assert_int_equal(advisories_load(&files, &a, &err), -1);
		if (!strstr(err.msg, texts[i][1]))
			fail_msg("%s", err.msg);
	}
}

#define ENTRY(package, version)                                                                    \
	"  - package: " package "\n    version: " version "\n    urls: [u]\n    size: 1\n"         \
	"    sha256: " SUM "\n"

static void test_set_text(void **state)
{
	static const struct {
		const char *before, *version, *after;
	} cases[] = {
		{"sources:\n" ENTRY("z", "1") "  # of a\n" ENTRY("a", "1") ENTRY("b", "9"), "2",
			"sources:\n" ENTRY("z", "1") "  # of a\n" ENTRY("a", "1") ENTRY("a", "2")
				ENTRY("b", "9")},
		{"sources:\n" ENTRY("a", "1") ENTRY("a", "3"), "2",
			"sources:\n" ENTRY("a", "1") ENTRY("a", "2") ENTRY("a", "3")},
		{"sources:\n" ENTRY("a", "3") ENTRY("b", "1"), "2",
			"sources:\n" ENTRY("a", "3") ENTRY("a", "2") ENTRY("b", "1")},
		{"sources:\n" ENTRY("b", "1"), "2", "sources:\n" ENTRY("b", "1") ENTRY("a", "2")},
		{"sources:", "2", "sources:\n" ENTRY("a", "2")},
	};
	static char name[] = "a", sum[] = SUM;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct lock_entry e = {.package = name,
			.version = (char *)cases[i].version,
			.size = 1,
			.sha256 = sum};
		CLEANUP_BUF struct buf text = BUF_INIT;

		strv_add(&e.urls, "u");
		buf_adds(&text, cases[i].before);
		lock_text_add(&text, false, &e);
		assert_string_equal(text.data, cases[i].after);
		strv_release(&e.urls);
	}
}

static void test_rule_errors(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"  series: x\n", "how many numbers"},
		{"  upstream:\n    match: x\n", "one of 'index' and 'tags'"},
		{"  upstream:\n    match: x\n    tags: u\n", "'tags' needs the 'url'"},
		{"  upstream:\n    index: x\n", "'match' is missing"},
		{"  debian:\n    match: x\n    same: maybe\n", "'same' is 'yes' or 'no'"},
		{"  signed:\n    - suffix: .asc\n", "one of 'openpgp' and 'sigstore'"},
		{"  signed:\n    - suffix: .asc\n      openpgp: [ab]\n      key: k\n",
			"is not a fingerprint"},
		{"  signed:\n    - suffix: .asc\n      sigstore: me\n", "'sigstore' with 'issuer'"},
		{"  signed:\n    - suffix: .asc\n      openpgp: [ab]\n      key: ../k\n",
			"the name of a file"},
		{"  other: x\n", "unknown key 'other'"},
	};
	const char *root = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *text = xasprintf("name: p\nsummary: s\nlicence: MIT\n"
						    "licence-files: [L]\nreleases:\n%s",
			cases[i].text);
		struct recipe *r = NULL;
		struct err err = ERR_INIT;

		scratch_file(root, "p/recipe.yaml", text, 0644);
		assert_int_equal(recipe_load(root, "p", &r, &err), -1);
		if (!strstr(err.msg, cases[i].message))
			fail_msg("no '%s' in: %s", cases[i].message, err.msg);
	}
}

static void test_version_series(void **state)
{
	static const struct {
		const char *version;
		unsigned int n;
		const char *series;
	} cases[] = {{"3.13.5", 2, "3.13"}, {"3.15.0rc1", 2, "3.15"}, {"3.13.5", 1, "3"},
		{"20250104-3.1", 1, "20250104"}, {"20250104-3.1", 0, ""}, {"7", 2, "7"},
		{"", 2, ""}, {"3.15rc1", 3, "3.15"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *series = version_series(cases[i].version, cases[i].n);

		assert_string_equal(series, cases[i].series);
	}
}

/* Every file of a key in our recipes is there, and every key has a recipe that names it. */
static void test_keys(void **state)
{
	struct err err = ERR_INIT;
	CLEANUP_STRV struct strv names = STRV_INIT, keys = STRV_INIT, used = STRV_INIT;

	(void)state;
	assert_int_equal(dir_list("recipes", &names, &err), 0);
	assert_int_equal(dir_list("recipes/keys", &keys, &err), 0);
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *path = xasprintf("recipes/%s/recipe.yaml", names.v[i]);
		CLEANUP(cleanup_recipe) struct recipe *r = NULL;

		if (!path_exists(path))
			continue;
		if (recipe_load("recipes", names.v[i], &r, &err) < 0)
			fail_msg("%s", err.msg);
		for (size_t k = 0; k < r->releases.n_signers; k++)
			if (r->releases.signers[k].key)
				strv_add(&used, r->releases.signers[k].key);
	}
	for (size_t i = 0; i < used.n; i++)
		if (!strv_has(&keys, used.v[i]))
			fail_msg("there is no recipes/keys/%s", used.v[i]);
	for (size_t i = 0; i < keys.n; i++)
		if (!strv_has(&used, keys.v[i]) && ends_with(keys.v[i], ".asc"))
			fail_msg("no recipe names recipes/keys/%s", keys.v[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_index),
		SCRATCH_TEST(test_osv),
		SCRATCH_TEST(test_tracker),
		SCRATCH_TEST(test_advisories_refused),
		cmocka_unit_test(test_set_text),
		SCRATCH_TEST(test_rule_errors),
		cmocka_unit_test(test_version_series),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
