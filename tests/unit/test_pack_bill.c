/* Bills of materials: SPDX and CycloneDX. */
#include "packages.h"

#include <ctype.h>

#include "base/file.h"

static json_t *spdx_of(const struct package_fixture *f)
{
	CLEANUP_TAR_LIST struct tar_list list = {0};
	struct err err = ERR_INIT;
	json_t *j = NULL;

	if (tar_list_add_tree(&list, f->p.dir, "python", &err) < 0 ||
		package_spdx(&f->p, &list, "python", &j, &err) < 0)
		fail_msg("%s", err.msg);
	return j;
}

static const json_t *package_called(const json_t *spdx, const char *name)
{
	const json_t *p = json_find(json_object_get(spdx, "packages"), "name", name);

	if (!p)
		fail_msg("no package '%s'", name);
	return p;
}

static bool related(const json_t *spdx, const char *from, const char *how, const char *to)
{
	const char *a = package_text(package_called(spdx, from), "SPDXID");
	const char *b = package_text(package_called(spdx, to), "SPDXID");
	const json_t *r;
	size_t i;

	json_array_foreach (json_object_get(spdx, "relationships"), i, r) {
		if (!strcmp(package_text(r, "spdxElementId"), a) &&
			!strcmp(package_text(r, "relationshipType"), how) &&
			!strcmp(package_text(r, "relatedSpdxElement"), b))
			return true;
	}
	return false;
}

static void test_spdx_document(void **state)
{
	static const char *const required[] = {"SPDXID", "name", "versionInfo", "downloadLocation",
		"licenseConcluded", "licenseDeclared", "copyrightText", "supplier"};
	struct package_fixture f;
	const json_t *package, *other;
	size_t i, k;
	json_t *j;

	package_setup(&f, *state);
	j = spdx_of(&f);
	assert_json_text(j, "spdxVersion", "SPDX-2.3");
	assert_json_text(j, "dataLicense", "CC0-1.0");
	assert_json_text(j, "SPDXID", "SPDXRef-DOCUMENT");
	assert_json_text(json_object_get(j, "creationInfo"), "created", f.p.created);
	assert_ptr_equal(strstr(package_text(j, "documentNamespace"), "https://"),
		package_text(j, "documentNamespace"));
	json_array_foreach (json_object_get(j, "packages"), i, package) {
		const char *id = package_text(package, "SPDXID");

		for (k = 0; k < ARRAY_SIZE(required); k++)
			assert_true(*package_text(package, required[k]));
		assert_false(json_is_true(json_object_get(package, "filesAnalyzed")));
		assert_memory_equal(id, "SPDXRef-", 8);
		for (const char *c = id; *c; c++)
			assert_true(isalnum((unsigned char)*c) || *c == '.' || *c == '-');
		json_array_foreach (json_object_get(j, "packages"), k, other)
			assert_true(k == i || strcmp(id, package_text(other, "SPDXID")) != 0);
	}
	json_decref(j);
	package_release(&f);
}

static void test_spdx_packages(void **state)
{
	struct package_fixture f;
	const json_t *p;
	json_t *j;

	package_setup(&f, *state);
	j = spdx_of(&f);
	p = package_called(j, "zlib");
	assert_json_text(p, "downloadLocation", "NOASSERTION");
	assert_json_text(p, "sourceInfo", "pool/main/z/zlib.tar.gz");
	assert_json_text(p, "licenseDeclared", "Zlib");
	assert_json_text(json_array_get(json_object_get(p, "checksums"), 0), "algorithm", "SHA256");
	assert_json_text(json_array_get(json_object_get(p, "checksums"), 0), "checksumValue", "aa");
	assert_json_text(json_array_get(json_object_get(p, "externalRefs"), 0), "referenceLocator",
		"pkg:generic/zlib@1.3.1");
	assert_json_text(p, "comment",
		"patched by solder: a.patch (SHA-256 dd): it works; b.patch (SHA-256 ee): so");
	assert_null(json_object_get(package_called(j, "ncurses"), "comment"));
	assert_json_text(package_called(j, "ncurses"), "downloadLocation",
		"https://example.org/ncurses.tar.gz");
	assert_json_text(package_called(j, "cpython"), "downloadLocation", "NOASSERTION");
	/* each licence once, and what has AND or OR of its own in parentheses */
	p = package_called(j, f.p.name);
	assert_json_text(p, "licenseDeclared", "(Python-2.0 AND CNRI-Python) AND Zlib");
	assert_non_null(strstr(package_text(p, "comment"), "CFLAGS=-O3 \"x\""));
	assert_non_null(strstr(package_text(p, "comment"), "tls=initial-exec"));
	json_decref(j);
	package_release(&f);
}

static void test_spdx_files(void **state)
{
	struct package_fixture f;
	char hex[SHA256_HEX_SIZE];
	const json_t *p;
	json_t *j;

	package_setup(&f, *state);
	j = spdx_of(&f);
	p = package_called(j, AWKWARD);
	sha256_hex(AWKWARD, strlen(AWKWARD), hex);
	assert_json_text(json_array_get(json_object_get(p, "checksums"), 0), "checksumValue", hex);
	assert_json_text(package_called(j, program), "primaryPackagePurpose", "APPLICATION");
	assert_true(related(j, f.p.name, "CONTAINS", array_so));
	assert_true(related(j, array_so, "GENERATED_FROM", "cpython"));
	assert_true(related(j, zlib_so, "STATIC_LINK", "zlib"));
	assert_true(related(j, readline_so, "STATIC_LINK", "ncurses"));
	assert_false(related(j, array_so, "STATIC_LINK", "zlib"));
	/* readline has libedit, too, and this build has no such package */
	assert_null(json_find(json_object_get(j, "packages"), "name", "libedit"));
	/* what was installed later is there, and none of ours */
	assert_true(related(j, f.p.name, "CONTAINS", site_so));
	assert_false(related(j, site_so, "GENERATED_FROM", "cpython"));
	json_decref(j);
	package_release(&f);
}

static const char *digest_of(const json_t *spdx, const char *name)
{
	const json_t *sums = json_object_get(package_called(spdx, name), "checksums");

	return package_text(json_array_get(sums, 0), "checksumValue");
}

/* Vendors put their names in front of the version, or behind it, or in the middle. */
static void test_spdx_tools(void **state)
{
	static const struct {
		const char *line, *name, *version;
	} tools[] = {{"Debian clang version 19.1.7 (3~deb12u1)", "clang", "19.1.7"},
		{"clang version 14.0.6", "clang", "14.0.6"},
		{"gcc (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc", "12.2.0"},
		{"gcc-13 (SUSE Linux) 13.2.1 20230912 [revision b96e]", "gcc", "13.2.1"},
		{"cc (GCC) 13.2.1 20230801", "gcc", "13.2.1"},
		{"GNU ld (GNU Binutils for Debian) 2.40", "binutils", "2.40"},
		{"Debian LLD 19.1.7 (compatible with GNU linkers)", "lld", "19.1.7"}};
	struct package_fixture f;

	package_setup(&f, *state);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		json_t *d = json_object_get(f.p.build, "distribution"), *j;
		bool linker = i >= 5;

		json_object_set_new(d, linker ? "linker" : "compiler", json_string(tools[i].line));
		j = spdx_of(&f);
		assert_json_text(package_called(j, tools[i].name), "versionInfo", tools[i].version);
		assert_json_text(package_called(j, tools[i].name), "comment", tools[i].line);
		assert_true(related(j, tools[i].name, "BUILD_TOOL_OF", f.p.name));
		json_decref(j);
	}
	package_release(&f);
}

/* Of an archive's files, not of the tree's: some are stripped, some are left out. */
static void test_spdx_is_of_the_archive(void **state)
{
	CLEANUP_TAR_LIST struct tar_list list = {0};
	CLEANUP_FREE char *stripped = xasprintf("%s/stripped", (char *)*state);
	CLEANUP_FREE char *name = xasprintf("python/%s", array_so);
	CLEANUP_FREE char *gone = xasprintf("python/%s", zlib_so);
	struct err err = ERR_INIT;
	char hex[SHA256_HEX_SIZE];
	struct package_fixture f;
	json_t *j;

	package_setup(&f, *state);
	scratch_file(*state, "stripped", "less", 0644);
	assert_int_equal(tar_list_add_tree(&list, *state, "python", &err), 0);
	tar_list_add_file(&list, stripped, name, true);
	tar_list_drop(&list, gone);
	assert_int_equal(package_spdx(&f.p, &list, "python", &j, &err), 0);
	sha256_hex("less", 4, hex);
	assert_string_equal(digest_of(j, array_so), hex);
	sha256_hex(program, strlen(program), hex);
	assert_string_equal(digest_of(j, program), hex);
	assert_null(json_find(json_object_get(j, "packages"), "name", zlib_so));
	json_decref(j);
	package_release(&f);
}

/* A wheel with the METADATA of old or of new, as ensurepip has them; one is installed, too. */
static void test_spdx_bundled(void **state)
{
	struct package_fixture f;
	const json_t *p;
	json_t *j;

	package_setup(&f, *state);
	free(scratch_shell(*state,
		"mkdir -p w/pip-26.1.dist-info w/setuptools-65.5.0.dist-info "
		"lib/python3.13/ensurepip/_bundled "
		"lib/python3.13/site-packages/pip-26.1.dist-info\n"
		"printf 'Metadata-Version: 2.4\\nName: pip\\nVersion: 26.1\\n"
		"License-Expression: MIT AND BSD-3-Clause\\n' "
		">w/pip-26.1.dist-info/METADATA\n"
		"printf 'Name: x\\nClassifier: License :: OSI Approved :: MIT License\\n' "
		">w/setuptools-65.5.0.dist-info/METADATA\n"
		"cp w/pip-26.1.dist-info/METADATA lib/python3.13/site-packages/pip-26.1.dist-info\n"
		"cd w && for w in pip-26.1 setuptools-65.5.0; do python3 -m zipfile -c "
		"../lib/python3.13/ensurepip/_bundled/$w-py3-none-any.whl $w.dist-info; done"));
	scratch_file(*state, "lib/libpython3.13.a", "archive", 0644);
	/* of a user */
	scratch_file(*state, "lib/python3.13/site-packages/numpy/libnpymath.a", "x", 0644);
	scratch_file(*state, "lib/python3.13/site-packages/tests/bad-1-any.whl", "x", 0644);
	scratch_file(*state, "lib/python3.13/site-packages/my_pkg-2.dist-info/METADATA",
		"Metadata-Version: 2.1\r\nName: My_Pkg\r\nVersion: 2\r\n", 0644);
	j = spdx_of(&f);
	p = package_called(j, "pip");
	assert_json_text(p, "versionInfo", "26.1");
	assert_json_text(p, "licenseDeclared", "MIT AND BSD-3-Clause");
	assert_json_text(p, "comment", "also installed, in site-packages");
	assert_json_text(p, "packageFileName",
		"lib/python3.13/ensurepip/_bundled/pip-26.1-py3-none-any.whl");
	assert_json_text(json_array_get(json_object_get(p, "externalRefs"), 0), "referenceLocator",
		"pkg:pypi/pip@26.1");
	assert_true(related(j, f.p.name, "CONTAINS", "pip"));
	p = package_called(j, "My_Pkg");
	assert_json_text(p, "versionInfo", "2");
	assert_json_text(p, "licenseDeclared", "NOASSERTION");
	assert_json_text(json_array_get(json_object_get(p, "externalRefs"), 0), "referenceLocator",
		"pkg:pypi/my-pkg@2");
	assert_true(related(j, f.p.name, "CONTAINS", "My_Pkg"));
	p = package_called(j, "setuptools");
	assert_json_text(p, "licenseDeclared", "MIT");
	assert_null(json_object_get(p, "comment"));
	assert_json_text(package_called(j, f.p.name), "licenseDeclared",
		"MIT AND (MIT AND BSD-3-Clause) AND (Python-2.0 AND CNRI-Python) AND Zlib");
	assert_null(json_find(json_object_get(j, "packages"), "name",
		"lib/python3.13/site-packages/numpy/libnpymath.a"));
	assert_null(json_find(json_object_get(j, "packages"), "name", "bad"));
	assert_true(related(j, "lib/libpython3.13.a", "GENERATED_FROM", "cpython"));
	assert_true(strlen(digest_of(j, "lib/libpython3.13.a")) == 64);
	json_decref(j);
	package_release(&f);
}

/* What is no wheel is not guessed about. */
static void test_spdx_bad_wheel(void **state)
{
	CLEANUP_TAR_LIST struct tar_list list = {0};
	struct package_fixture f;
	struct err err = ERR_INIT;
	json_t *none = NULL;

	package_setup(&f, *state);
	scratch_file(*state, "lib/pip-26.1-py3-none-any.whl", "x", 0644);
	assert_int_equal(tar_list_add_tree(&list, *state, "python", &err), 0);
	assert_int_equal(package_spdx(&f.p, &list, "python", &none, &err), -1);
	assert_null(none);
	assert_non_null(strstr(err.msg, "pip-26.1"));
	package_release(&f);
}

/* The same content gives the same text, other content another namespace; a file that is gone is
 * an error. */
static void test_spdx_is_a_function_of_content(void **state)
{
	CLEANUP_TAR_LIST struct tar_list list = {0};
	struct package_fixture f;
	json_t *a, *b, *c, *none = NULL;
	CLEANUP_FREE char *x = NULL, *y = NULL;
	struct err err = ERR_INIT;

	package_setup(&f, *state);
	a = spdx_of(&f);
	b = spdx_of(&f);
	x = json_dumps(a, 0);
	y = json_dumps(b, 0);
	assert_string_equal(x, y);
	assert_null(strstr(x, *state));
	scratch_file(*state, array_so, "other content", 0755);
	c = spdx_of(&f);
	assert_string_not_equal(
		package_text(a, "documentNamespace"), package_text(c, "documentNamespace"));
	assert_int_equal(tar_list_add_tree(&list, *state, "python", &err), 0);
	scratch_remove(*state, array_so);
	assert_int_equal(package_spdx(&f.p, &list, "python", &none, &err), -1);
	assert_null(none);
	assert_non_null(strstr(err.msg, array_so));
	json_decref(a);
	json_decref(b);
	json_decref(c);
	package_release(&f);
}

static bool depends(const json_t *cdx, const char *from, const char *on)
{
	const json_t *list = json_object_get(
		json_find(json_object_get(cdx, "dependencies"), "ref", from), "dependsOn");
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		if (!strcmp(json_string_value(item), on))
			return true;
	}
	return false;
}

static void test_cyclonedx(void **state)
{
	static const char shape[] = "urn:uuid:########-####-5###-8###-############";
	struct package_fixture f;
	json_t *spdx, *j;
	const json_t *components, *zlib, *meta, *ref;
	const char *number;

	package_setup(&f, *state);
	spdx = spdx_of(&f);
	j = package_cyclonedx(spdx);
	assert_json_text(j, "bomFormat", "CycloneDX");
	assert_json_text(j, "specVersion", "1.6");
	assert_int_equal(json_integer_value(json_object_get(j, "version")), 1);
	number = package_text(j, "serialNumber");
	assert_int_equal(strlen(number), strlen(shape));
	for (size_t i = 0; shape[i]; i++)
		assert_true(shape[i] == '#' ? isxdigit((unsigned char)number[i])
					    : number[i] == shape[i]);
	meta = json_object_get(j, "metadata");
	assert_json_text(meta, "timestamp", f.p.created);
	assert_json_text(json_object_get(meta, "component"), "name", f.p.name);
	assert_json_text(json_object_get(meta, "component"), "type", "application");
	components = json_object_get(j, "components");
	zlib = json_find(components, "name", "zlib");
	assert_json_text(zlib, "type", "library");
	assert_json_text(zlib, "purl", "pkg:generic/zlib@1.3.1");
	assert_json_text(
		json_array_get(json_object_get(zlib, "licenses"), 0), "expression", "Zlib");
	assert_json_text(json_array_get(json_object_get(zlib, "hashes"), 0), "alg", "SHA-256");
	assert_json_text(json_array_get(json_object_get(zlib, "hashes"), 0), "content", "aa");
	ref = json_array_get(json_object_get(zlib, "externalReferences"), 0);
	assert_json_text(ref, "type", "source-distribution");
	assert_json_text(ref, "url", "pool/main/z/zlib.tar.gz");
	assert_null(
		json_object_get(json_find(components, "name", "cpython"), "externalReferences"));
	/* nothing is asserted of a file's licence, so nothing is said */
	assert_null(json_object_get(json_find(components, "name", AWKWARD), "licenses"));
	assert_non_null(json_find(
		json_object_get(json_object_get(meta, "tools"), "components"), "name", "clang"));
	assert_null(json_find(components, "name", "clang"));
	assert_true(depends(j, "SPDXRef-distribution", package_text(zlib, "bom-ref")));
	assert_true(depends(j, package_text(json_find(components, "name", zlib_so), "bom-ref"),
		package_text(zlib, "bom-ref")));
	json_decref(j);
	json_decref(spdx);
	package_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_spdx_document),
		SCRATCH_TEST(test_spdx_packages), SCRATCH_TEST(test_spdx_files),
		SCRATCH_TEST(test_spdx_tools), SCRATCH_TEST(test_spdx_bundled),
		SCRATCH_TEST(test_spdx_bad_wheel), SCRATCH_TEST(test_spdx_is_of_the_archive),
		SCRATCH_TEST(test_spdx_is_a_function_of_content), SCRATCH_TEST(test_cyclonedx)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
