/* What archives say of themselves: SPDX, CycloneDX and PYTHON.json. */
#include "scratch.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "pack/pack-internal.h"

#define AWKWARD "lib/a \"quoted\" +\\ name.so"

static char zlib_so[] = "lib/python3.13/lib-dynload/zlib.cpython-313-x86_64-linux-gnu.so";
static char readline_so[] = "lib/python3.13/lib-dynload/readline.so";
static char array_so[] = "lib/python3.13/lib-dynload/array.so";
static char awkward_so[] = AWKWARD;
static char site_so[] = "lib/python3.13/site-packages/other.so";
static char program[] = "bin/python3.13";

static const char build_json[] =
	"{\"distribution\": {\"link\": \"static\", \"optimisation\": \"-O3, PGO yes, LTO thin\","
	" \"tls\": \"initial-exec\", \"compiler\": \"Debian clang version 19.1.7 (3~deb12u1)\","
	" \"triple\": \"x86_64-linux-gnu\"},"
	" \"packages\": ["
	"{\"name\": \"zlib\", \"version\": \"1.3.1\", \"licence\": \"Zlib\", \"sha256\": \"aa\","
	" \"source\": \"pool/main/z/zlib.tar.gz\"},"
	"{\"name\": \"ncurses\", \"version\": \"6.5\", \"licence\": \"Zlib\", \"sha256\": \"bb\","
	" \"source\": \"https://example.org/ncurses.tar.gz\"},"
	"{\"name\": \"cpython\", \"version\": \"3.13.15\", \"licence\": \"Python-2.0 AND "
	"CNRI-Python\","
	" \"sha256\": \"cc\", \"source\": \"given by the user\"}]}";

static const char says_json[] =
	"{\"python_version\": \"3.13.15\", \"abiflags\": \"\", \"python_tag\": \"cp313\","
	" \"builtins\": [\"_abc\", \"math\", \"sys\"],"
	" \"python_config_vars\": {\"CFLAGS\": \"-O3 \\\"x\\\"\", \"LIBS\": \"-ldl -lm\","
	" \"SYSLIBS\": \"-lm\", \"PY_CORE_CFLAGS\": \"-I/x -fPIC -DPy_BUILD_CORE\","
	" \"LIBPL\": \"/install/lib/python3.13/config-3.13\"}}";

/* A package that no folder stands behind but for its files. */
struct fixture {
	struct package p;
	struct dist_file files[6];
};

static json_t *parsed(const char *text)
{
	json_t *j = json_loads(text, 0, NULL);

	assert_non_null(j);
	return j;
}

static void add_file(struct fixture *f, const char *root, char *rel, enum dist_role role)
{
	struct dist_file *file = &f->files[f->p.files.n++];

	scratch_file(root, rel, rel, 0755);
	*file = (struct dist_file){.rel = rel, .role = role};
	file->path = xasprintf("%s/%s", root, rel);
	file->site = rel == site_so;
}

static void setup(struct fixture *f, char *root)
{
	*f = (struct fixture){0};
	f->p.dir = root;
	f->p.build = parsed(build_json);
	f->p.says = parsed(says_json);
	f->p.triple = xstrdup("x86_64-unknown-linux-gnu");
	f->p.opts = xstrdup("pgo+lto");
	f->p.name = xstrdup("cpython-3.13.15+20260805-x86_64-unknown-linux-gnu");
	f->p.lib_rel = xstrdup("lib/python3.13");
	f->p.dist.series = xstrdup("3.13");
	snprintf(f->p.created, sizeof(f->p.created), "2026-08-05T12:25:43Z");
	f->p.files.v = f->files;
	add_file(f, root, program, DIST_ROLE_INTERPRETER);
	add_file(f, root, awkward_so, DIST_ROLE_LIBRARY);
	add_file(f, root, array_so, DIST_ROLE_EXTENSION);
	add_file(f, root, readline_so, DIST_ROLE_EXTENSION);
	add_file(f, root, zlib_so, DIST_ROLE_EXTENSION);
	add_file(f, root, site_so, DIST_ROLE_EXTENSION);
}

static void release(struct fixture *f)
{
	for (size_t i = 0; i < f->p.files.n; i++)
		free(f->files[i].path);
	strv_release(&f->p.tests);
	free(f->p.triple);
	free(f->p.opts);
	free(f->p.name);
	free(f->p.lib_rel);
	free(f->p.dist.series);
	json_decref(f->p.build);
	json_decref(f->p.says);
}

static json_t *spdx_of(const struct fixture *f)
{
	CLEANUP_PACK_LIST struct pack_list list = {0};
	struct err err = ERR_INIT;
	json_t *j = NULL;

	if (pack_list_add_tree(&list, f->p.dir, "python", &err) < 0 ||
		package_spdx(&f->p, &list, "python", &j, &err) < 0)
		fail_msg("%s", err.msg);
	return j;
}

/* The member of a list of objects whose `key` is `value`, or NULL. */
static const json_t *find(const json_t *list, const char *key, const char *value)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		if (!strcmp(package_text(item, key), value))
			return item;
	}
	return NULL;
}

static const json_t *package_called(const json_t *spdx, const char *name)
{
	const json_t *p = find(json_object_get(spdx, "packages"), "name", name);

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

static void assert_text(const json_t *o, const char *key, const char *expected)
{
	assert_string_equal(package_text(o, key), expected);
}

static void test_spdx_document(void **state)
{
	static const char *const required[] = {"SPDXID", "name", "versionInfo", "downloadLocation",
		"licenseConcluded", "licenseDeclared", "copyrightText", "supplier"};
	struct fixture f;
	const json_t *package, *other;
	size_t i, k;
	json_t *j;

	setup(&f, *state);
	j = spdx_of(&f);
	assert_text(j, "spdxVersion", "SPDX-2.3");
	assert_text(j, "dataLicense", "CC0-1.0");
	assert_text(j, "SPDXID", "SPDXRef-DOCUMENT");
	assert_text(json_object_get(j, "creationInfo"), "created", f.p.created);
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
	release(&f);
}

static void test_spdx_packages(void **state)
{
	struct fixture f;
	const json_t *p;
	json_t *j;

	setup(&f, *state);
	j = spdx_of(&f);
	p = package_called(j, "zlib");
	assert_text(p, "downloadLocation", "https://deb.debian.org/debian/pool/main/z/zlib.tar.gz");
	assert_text(p, "licenseDeclared", "Zlib");
	assert_text(json_array_get(json_object_get(p, "checksums"), 0), "algorithm", "SHA256");
	assert_text(json_array_get(json_object_get(p, "checksums"), 0), "checksumValue", "aa");
	assert_text(json_array_get(json_object_get(p, "externalRefs"), 0), "referenceLocator",
		"pkg:generic/zlib@1.3.1");
	assert_text(package_called(j, "ncurses"), "downloadLocation",
		"https://example.org/ncurses.tar.gz");
	assert_text(package_called(j, "cpython"), "downloadLocation", "NOASSERTION");
	/* each licence once, and what has AND or OR of its own in parentheses */
	p = package_called(j, f.p.name);
	assert_text(p, "licenseDeclared", "(Python-2.0 AND CNRI-Python) AND Zlib");
	assert_non_null(strstr(package_text(p, "comment"), "CFLAGS=-O3 \"x\""));
	assert_non_null(strstr(package_text(p, "comment"), "tls=initial-exec"));
	json_decref(j);
	release(&f);
}

static void test_spdx_files(void **state)
{
	struct fixture f;
	char hex[SHA256_HEX_SIZE];
	const json_t *p;
	json_t *j;

	setup(&f, *state);
	j = spdx_of(&f);
	p = package_called(j, AWKWARD);
	sha256_hex(AWKWARD, strlen(AWKWARD), hex);
	assert_text(json_array_get(json_object_get(p, "checksums"), 0), "checksumValue", hex);
	assert_text(package_called(j, program), "primaryPackagePurpose", "APPLICATION");
	assert_true(related(j, f.p.name, "CONTAINS", array_so));
	assert_true(related(j, array_so, "GENERATED_FROM", "cpython"));
	assert_true(related(j, zlib_so, "STATIC_LINK", "zlib"));
	assert_true(related(j, readline_so, "STATIC_LINK", "ncurses"));
	assert_false(related(j, array_so, "STATIC_LINK", "zlib"));
	/* readline has libedit, too, and this build has no such package */
	assert_null(find(json_object_get(j, "packages"), "name", "libedit"));
	/* what was installed later is none of ours */
	assert_null(find(json_object_get(j, "packages"), "name", site_so));
	json_decref(j);
	release(&f);
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
	struct fixture f;

	setup(&f, *state);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
		json_t *d = json_object_get(f.p.build, "distribution"), *j;
		bool linker = i >= 5;

		json_object_set_new(d, linker ? "linker" : "compiler", json_string(tools[i].line));
		j = spdx_of(&f);
		assert_text(package_called(j, tools[i].name), "versionInfo", tools[i].version);
		assert_text(package_called(j, tools[i].name), "comment", tools[i].line);
		assert_true(related(j, tools[i].name, "BUILD_TOOL_OF", f.p.name));
		json_decref(j);
	}
	release(&f);
}

/* Of an archive's files, not of the tree's: some are stripped, some are left out. */
static void test_spdx_is_of_the_archive(void **state)
{
	CLEANUP_PACK_LIST struct pack_list list = {0};
	CLEANUP_FREE char *stripped = xasprintf("%s/stripped", (char *)*state);
	CLEANUP_FREE char *name = xasprintf("python/%s", array_so);
	CLEANUP_FREE char *gone = xasprintf("python/%s", zlib_so);
	struct err err = ERR_INIT;
	char hex[SHA256_HEX_SIZE];
	struct fixture f;
	json_t *j;

	setup(&f, *state);
	scratch_file(*state, "stripped", "less", 0644);
	assert_int_equal(pack_list_add_tree(&list, *state, "python", &err), 0);
	pack_list_add_file(&list, stripped, name, true);
	pack_list_drop(&list, gone);
	assert_int_equal(package_spdx(&f.p, &list, "python", &j, &err), 0);
	sha256_hex("less", 4, hex);
	assert_string_equal(digest_of(j, array_so), hex);
	sha256_hex(program, strlen(program), hex);
	assert_string_equal(digest_of(j, program), hex);
	assert_null(find(json_object_get(j, "packages"), "name", zlib_so));
	json_decref(j);
	release(&f);
}

/* The same content gives the same text, other content another namespace; a file that is gone is
 * an error. */
static void test_spdx_is_a_function_of_content(void **state)
{
	CLEANUP_PACK_LIST struct pack_list list = {0};
	struct fixture f;
	json_t *a, *b, *c, *none = NULL;
	CLEANUP_FREE char *x = NULL, *y = NULL;
	struct err err = ERR_INIT;

	setup(&f, *state);
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
	assert_int_equal(pack_list_add_tree(&list, *state, "python", &err), 0);
	scratch_remove(*state, array_so);
	assert_int_equal(package_spdx(&f.p, &list, "python", &none, &err), -1);
	assert_null(none);
	assert_non_null(strstr(err.msg, array_so));
	json_decref(a);
	json_decref(b);
	json_decref(c);
	release(&f);
}

static bool depends(const json_t *cdx, const char *from, const char *on)
{
	const json_t *list = json_object_get(
		find(json_object_get(cdx, "dependencies"), "ref", from), "dependsOn");
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
	struct fixture f;
	json_t *spdx, *j;
	const json_t *components, *zlib, *meta, *ref;
	const char *number;

	setup(&f, *state);
	spdx = spdx_of(&f);
	j = package_cyclonedx(spdx);
	assert_text(j, "bomFormat", "CycloneDX");
	assert_text(j, "specVersion", "1.6");
	assert_int_equal(json_integer_value(json_object_get(j, "version")), 1);
	number = package_text(j, "serialNumber");
	assert_int_equal(strlen(number), strlen(shape));
	for (size_t i = 0; shape[i]; i++)
		assert_true(shape[i] == '#' ? isxdigit((unsigned char)number[i])
					    : number[i] == shape[i]);
	meta = json_object_get(j, "metadata");
	assert_text(meta, "timestamp", f.p.created);
	assert_text(json_object_get(meta, "component"), "name", f.p.name);
	assert_text(json_object_get(meta, "component"), "type", "application");
	components = json_object_get(j, "components");
	zlib = find(components, "name", "zlib");
	assert_text(zlib, "type", "library");
	assert_text(zlib, "purl", "pkg:generic/zlib@1.3.1");
	assert_text(json_array_get(json_object_get(zlib, "licenses"), 0), "expression", "Zlib");
	assert_text(json_array_get(json_object_get(zlib, "hashes"), 0), "alg", "SHA-256");
	assert_text(json_array_get(json_object_get(zlib, "hashes"), 0), "content", "aa");
	ref = json_array_get(json_object_get(zlib, "externalReferences"), 0);
	assert_text(ref, "type", "source-distribution");
	assert_text(ref, "url", "https://deb.debian.org/debian/pool/main/z/zlib.tar.gz");
	assert_null(json_object_get(find(components, "name", "cpython"), "externalReferences"));
	/* nothing is asserted of a file's licence, so nothing is said */
	assert_null(json_object_get(find(components, "name", AWKWARD), "licenses"));
	assert_non_null(find(
		json_object_get(json_object_get(meta, "tools"), "components"), "name", "clang"));
	assert_null(find(components, "name", "clang"));
	assert_true(depends(j, "SPDXRef-distribution", package_text(zlib, "bom-ref")));
	assert_true(depends(j, package_text(find(components, "name", zlib_so), "bom-ref"),
		package_text(zlib, "bom-ref")));
	json_decref(j);
	json_decref(spdx);
	release(&f);
}

/* python/NAME of the full archive, empty. */
static void add(struct pack_list *full, const char *name)
{
	CLEANUP_FREE char *as = xasprintf("python/%s", name);

	pack_list_add_bytes(full, "", 0, as);
}

static json_t *python_json_of(const struct fixture *f)
{
	CLEANUP_PACK_LIST struct pack_list full = {0};
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *lib = xasprintf("install/%s", zlib_so);

	add(&full, lib);
	add(&full, "install/lib/python3.13/lib-dynload/array.so");
	pack_list_add_symlink(
		&full, "array.so", "python/install/lib/python3.13/lib-dynload/twin.so");
	add(&full, "build/Modules/config.o");
	add(&full, "build/Modules/mathmodule.o");
	add(&full, "build/Python/ceval.o");
	add(&full, "licenses/zlib/LICENSE");
	add(&full, "licenses/cpython/LICENSE");
	text = python_json(&f->p, &full);
	return parsed(text);
}

static const json_t *extension_of(const json_t *j, const char *module)
{
	const json_t *all = json_object_get(json_object_get(j, "build_info"), "extensions");
	const json_t *e = json_array_get(json_object_get(all, module), 0);

	if (!e)
		fail_msg("no extension '%s'", module);
	return e;
}

static char *dump(const json_t *j, const char *key)
{
	char *text = json_dumps(json_object_get(j, key), JSON_COMPACT);

	assert_non_null(text);
	return text;
}

static void assert_dump(const json_t *j, const char *key, const char *expected)
{
	CLEANUP_FREE char *text = dump(j, key);

	assert_string_equal(text, expected);
}

static void test_python_json(void **state)
{
	struct fixture f;
	const json_t *core;
	json_t *j;

	setup(&f, *state);
	strv_add(&f.p.tests, "test");
	f.files[0].facts.glibc = "2.4";
	f.files[2].facts.glibc = "2.17";
	f.files[5].facts.glibc = "2.36"; /* installed later */
	j = python_json_of(&f);
	assert_text(j, "version", "8");
	assert_text(j, "target_triple", "x86_64-unknown-linux-gnu");
	assert_text(j, "optimizations", "pgo+lto");
	assert_text(j, "libpython_link_mode", "static");
	assert_text(j, "python_exe", "install/bin/python3.13");
	assert_text(j, "license_path", "licenses/cpython/LICENSE");
	assert_text(j, "python_stdlib_platform_config", "install/lib/python3.13/config-3.13");
	assert_dump(j, "crt_features", "[\"glibc-dynamic\",\"glibc-max-symbol-version:2.17\"]");
	assert_dump(j, "python_stdlib_test_packages", "[\"test\"]");
	assert_dump(j, "licenses", "[\"CNRI-Python\",\"Python-2.0\",\"Zlib\"]");
	/* what was asked for ourselves is no key of the format */
	assert_null(json_object_get(j, "builtins"));
	assert_null(json_object_get(j, "abiflags"));
	assert_text(json_object_get(j, "build_info"), "object_file_format", "llvm-bitcode:19.1.7");
	assert_text(json_object_get(j, "build_info"), "inittab_object", "build/Modules/config.o");
	assert_dump(json_object_get(j, "build_info"), "inittab_cflags",
		"[\"-fPIC\",\"-DPy_BUILD_CORE\"]");
	core = json_object_get(json_object_get(j, "build_info"), "core");
	assert_dump(core, "links",
		"[{\"name\":\"dl\",\"system\":true},{\"name\":\"m\",\"system\":true}]");
	assert_null(json_object_get(core, "shared_lib"));
	json_decref(j);
	release(&f);
}

/* A built-in module has the objects that Setup names, the core all others. */
static void test_python_json_extensions(void **state)
{
	struct fixture f;
	const char *needed[] = {"libc.so.6", "libm.so.6"};
	const json_t *e;
	json_t *j;

	setup(&f, *state);
	scratch_file(*state, "lib/python3.13/config-3.13/Setup.local",
		"# math elsewhere.c\nmath mathmodule.c -DX gone.c\n", 0644);
	f.files[4].facts.needed = needed;
	f.files[4].facts.n_needed = 2;
	j = python_json_of(&f);
	e = extension_of(j, "math");
	assert_dump(e, "objs", "[\"build/Modules/mathmodule.o\"]");
	assert_false(json_is_true(json_object_get(e, "in_core")));
	assert_text(e, "init_fn", "PyInit_math");
	e = extension_of(j, "sys");
	assert_true(json_is_true(json_object_get(e, "in_core")));
	assert_true(json_is_true(json_object_get(e, "required")));
	e = extension_of(j, "zlib");
	assert_dump(e, "links", "[{\"name\":\"m\",\"system\":true}]");
	assert_dump(e, "licenses", "[\"Zlib\"]");
	assert_dump(e, "license_paths", "[\"licenses/zlib/LICENSE\"]");
	assert_non_null(strstr(package_text(e, "shared_lib"), "lib-dynload/zlib.cpython-313"));
	e = extension_of(j, "twin");
	assert_text(e, "shared_lib", "install/lib/python3.13/lib-dynload/twin.so");
	assert_null(json_object_get(e, "licenses"));
	assert_dump(json_object_get(json_object_get(j, "build_info"), "core"), "objs",
		"[\"build/Python/ceval.o\"]");
	/* readline is not in this archive */
	assert_null(json_object_get(
		json_object_get(json_object_get(j, "build_info"), "extensions"), "readline"));
	json_decref(j);
	release(&f);
}

static void test_python_json_is_sorted(void **state)
{
	CLEANUP_PACK_LIST struct pack_list full = {0};
	CLEANUP_FREE char *first = NULL, *second = NULL;
	const char *last = "", *key;
	struct fixture f;
	json_t *j;
	json_t *value;

	setup(&f, *state);
	add(&full, "build/Python/a.o");
	first = python_json(&f.p, &full);
	second = python_json(&f.p, &full);
	assert_string_equal(first, second);
	assert_null(strstr(first, *state));
	j = parsed(first); /* objects keep the order of the text */
	json_object_foreach (j, key, value) {
		assert_true(strcmp(last, key) < 0);
		last = key;
	}
	json_decref(j);
	release(&f);
}

/* gdb's extension lies beside the debug information of those that it is for. */
static void test_gdb_script(void **state)
{
	CLEANUP_PACK_LIST struct pack_list debug = {0}, nothing = {0};
	static const char companion[] = "python/lib/debug/.build-id/ab/cdef.debug";
	const struct pack_entry *link;
	struct fixture f;

	setup(&f, *state);
	f.files[0].facts.build_id = "abcdef";
	f.files[4].facts.build_id = "123456";
	package_add_gdb(&f.p, "script", 6, &nothing);
	assert_int_equal(nothing.n, 0);
	pack_list_add_bytes(&debug, "", 0, companion);
	pack_list_add_bytes(&debug, "", 0, "python/lib/debug/.build-id/12/3456.debug");
	package_add_gdb(&f.p, "script", 6, &debug);
	assert_int_equal(debug.n, 4);
	link = pack_list_find(&debug, "python/lib/debug/.build-id/ab/cdef.debug-gdb.py");
	assert_non_null(link);
	assert_string_equal(link->link, "../../libpython.py");
	assert_string_equal(
		pack_list_find(&debug, "python/lib/debug/libpython.py")->data, "script");
	release(&f);
}

static void test_libraries(void **state)
{
	(void)state;
	assert_string_equal(package_libraries("readline")[0], "libedit");
	assert_string_equal(package_libraries("readline")[1], "ncurses");
	assert_null(package_libraries("readline")[2]);
	/* it calls expat through pyexpat */
	assert_null(package_libraries("_elementtree"));
	assert_null(package_libraries("math"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {SCRATCH_TEST(test_spdx_document),
		SCRATCH_TEST(test_spdx_packages), SCRATCH_TEST(test_spdx_files),
		SCRATCH_TEST(test_spdx_tools), SCRATCH_TEST(test_spdx_is_of_the_archive),
		SCRATCH_TEST(test_spdx_is_a_function_of_content), SCRATCH_TEST(test_cyclonedx),
		SCRATCH_TEST(test_python_json), SCRATCH_TEST(test_python_json_extensions),
		SCRATCH_TEST(test_python_json_is_sorted), SCRATCH_TEST(test_gdb_script),
		cmocka_unit_test(test_libraries)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
