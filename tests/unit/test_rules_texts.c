/* Rules about what describes an installation: a folder of texts and links, and one change at a
 * time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "installation.h"
#include "scratch.h"

/* Texts that describe an installation, in a folder with a blank in its name. */
static void make_texts(struct world *w, const char *root)
{
	static const char pc[] = "prefix=${pcfiledir}/../..\nlibdir=${prefix}/lib\n\nLibs: "
				 "-L${libdir} -lpython3.13\nCflags: -I${prefix}/include\n";
	static const char config[] = "#!/bin/sh\nPY_ENABLE_SHARED=\"1\"\n"
				     "root=$(dirname \"$(dirname \"$0\")\")\n"
				     "case $1 in --*cludes|--*flags) printf '%s\\n' "
				     "\"-L$root/lib\" | sed 's/ /\\\\ /g' ;;\n"
				     "*) echo \"$root\" ;; esac\n";
	CLEANUP_FREE char *prefix = xasprintf("%s/a place", root);
	json_t *config_vars;

	world_facts(w, prefix);
	w->dist.stdlib = xasprintf("%s/lib/python3.13", prefix);
	scratch_file(prefix, "share/solder/build.json", "{}", 0644);
	scratch_file(prefix, "bin/python3.13", "", 0755);
	scratch_file(prefix, "bin/python3", "#!/bin/sh\n", 0755);
	scratch_remove(prefix, "bin/python3");
	scratch_file(prefix, "include/Python.h", "", 0644);
	scratch_file(prefix, "include/pyconfig.h", "", 0644);
	scratch_file(prefix, "lib/libpython3.13.so.1.0", "", 0755);
	scratch_file(prefix, "lib/libpython3.13.so", "", 0755);
	scratch_remove(prefix, "lib/libpython3.13.so");
	scratch_file(prefix, "lib/python3.13/os.py", "", 0644);
	scratch_file(prefix, "lib/pkgconfig/python-3.13.pc", pc, 0644);
	scratch_file(prefix, "lib/pkgconfig/python-3.13-embed.pc", pc, 0644);
	scratch_file(prefix, "bin/python3.13-config", config, 0755);
	free(scratch_shell(prefix, "ln -s python3.13 bin/python3; ln -s python3.13 bin/python; "
				   "ln -s libpython3.13.so.1.0 lib/libpython3.13.so"));
	config_vars = json_pack("{s:s, s:s, s:s, s:s, s:i}", "LDVERSION", "3.13", "LDLIBRARY",
		"libpython3.13.so", "INSTSONAME", "libpython3.13.so.1.0", "INCLUDEPY", "",
		"Py_ENABLE_SHARED", 1);
	json_object_set_new(config_vars, "LIBDIR", json_sprintf("%s/lib", prefix));
	json_object_set_new(config_vars, "INCLUDEPY", json_sprintf("%s/include", prefix));
	json_object_set_new(config_vars, "CONFINCLUDEPY", json_sprintf("%s/include", prefix));
	json_object_set_new(config_vars, "LIBPC", json_sprintf("%s/lib/pkgconfig", prefix));
	json_object_set_new(w->dist.says, "config_vars", config_vars);
}

static void set_variable(struct world *w, const char *name, const char *value)
{
	json_object_set_new(json_object_get(w->dist.says, "config_vars"), name, json_string(value));
}

static void text_nothing(struct world *w)
{
	(void)w;
}

static void text_dead(struct world *w)
{
	set_variable(w, "LIBDIR", "/nonexistent/lib");
}

static void text_outside(struct world *w)
{
	set_variable(w, "LIBPL", "/usr/lib");
}

static void text_library(struct world *w)
{
	set_variable(w, "INSTSONAME", "libpython3.14.so.1.0");
}

static void text_static(struct world *w)
{
	set_variable(w, "LDLIBRARY", "libpython3.13.a");
	scratch_file(w->prefix, "lib/libpython3.13.a", "", 0644);
	set_variable(w, "Py_ENABLE_SHARED", "0");
}

static void text_headers(struct world *w)
{
	scratch_remove(w->prefix, "include/Python.h");
}

static void text_pc(struct world *w)
{
	scratch_file(w->prefix, "lib/pkgconfig/python-3.13.pc",
		"prefix=/install\nCflags: -I${prefix}/include\n", 0644);
}

/* A value that refers to itself must come to an end. */
static void text_pc_loop(struct world *w)
{
	scratch_file(w->prefix, "lib/pkgconfig/python-3.13.pc",
		"prefix=${prefix}${prefix}/x\nCflags: -I${prefix}/include\n", 0644);
}

static void text_pc_library(struct world *w)
{
	scratch_file(w->prefix, "lib/pkgconfig/python-3.13-embed.pc",
		"libdir=${pcfiledir}/..\nLibs: -L${libdir} -lpython3.12\n", 0644);
}

static void text_pc_gone(struct world *w)
{
	scratch_remove(w->prefix, "lib/pkgconfig/python-3.13-embed.pc");
}

static void text_config_prefix(struct world *w)
{
	scratch_file(w->prefix, "bin/python3.13-config",
		"#!/bin/sh\nPY_ENABLE_SHARED='1'\necho /install\n", 0755);
}

static void text_config_fails(struct world *w)
{
	scratch_file(w->prefix, "bin/python3.13-config",
		"#!/bin/sh\nexit 1\nPY_ENABLE_SHARED=\"1\"\n", 0755);
}

static void text_config_gone(struct world *w)
{
	scratch_remove(w->prefix, "bin/python3.13-config");
}

static void text_dangling(struct world *w)
{
	free(scratch_shell(w->prefix, "ln -s nowhere lib/link"));
}

static void text_loop(struct world *w)
{
	free(scratch_shell(w->prefix, "ln -s loop lib/loop"));
}

static void text_absolute(struct world *w)
{
	free(scratch_shell(w->prefix, "ln -s \"$PWD/lib\" bin/lib"));
}

static void text_outward(struct world *w)
{
	free(scratch_shell(w->prefix, "ln -s ../../../../../../../../usr bin/usr"));
}

static void text_shebang(struct world *w)
{
	scratch_file(w->prefix, "bin/pydoc3", "#!/install/bin/python3.13\n", 0755);
}

static void text_shebang_relative(struct world *w)
{
	scratch_file(w->prefix, "bin/pydoc3", "#! python3\n", 0755);
}

/* No program: gdb reads it. */
static void text_gdb(struct world *w)
{
	scratch_file(w->prefix, "bin/python3.13-gdb.py", "#!/nonexistent\n", 0755);
}

static void text_links(struct world *w)
{
	scratch_file(w->prefix, "bin/other", "", 0755);
	free(scratch_shell(w->prefix, "ln -sf other bin/python"));
}

static void text_no_python(struct world *w)
{
	scratch_remove(w->prefix, "bin/python");
}

static void text_no_pip(struct world *w)
{
	scratch_file(w->prefix, "bin/pip3", "#!/bin/sh\n", 0755);
}

static void text_details(struct world *w)
{
	w->dist.minor = 14;
	scratch_file(w->prefix, "lib/python3.13/build-details.json",
		"{\"base_prefix\": \"../..\", \"base_interpreter\": \"bin/python3.13\", "
		"\"libpython\": {\"dynamic\": \"lib/libpython3.13.so.1.0\"}, "
		"\"c_api\": {\"headers\": \"include\"}}",
		0644);
}

static void text_details_wrong(struct world *w)
{
	w->dist.minor = 14;
	scratch_file(w->prefix, "lib/python3.13/build-details.json",
		"{\"base_prefix\": \"../..\", \"base_interpreter\": \"bin/python3.13t\"}", 0644);
}

static void text_details_absolute(struct world *w)
{
	w->dist.minor = 14;
	scratch_file(w->prefix, "lib/python3.13/build-details.json", "{\"base_prefix\": \"/usr\"}",
		0644);
}

static void text_details_damaged(struct world *w)
{
	w->dist.minor = 14;
	scratch_file(w->prefix, "lib/python3.13/build-details.json", "{", 0644);
}

static void text_details_gone(struct world *w)
{
	w->dist.minor = 14;
}

static void text_form(struct world *w)
{
	scratch_file(w->prefix, "lib/python3.13/_sysconfigdata__linux_.py",
		"# another comment\nbuild_time_vars = {'prefix': '/install'}\n", 0644);
}

static void text_form_good(struct world *w)
{
	scratch_file(w->prefix, "lib/python3.13/_sysconfigdata__linux_.py",
		"# system configuration generated and used by the sysconfig module\n"
		"build_time_vars = {'prefix': '/install'}\n",
		0644);
}

/* The files need glibc 2.17. */
static void text_glibc(struct world *w)
{
	scratch_file(w->prefix, "PYTHON.json",
		"{\"crt_features\": [\"glibc-dynamic\", \"glibc-max-symbol-version:2.17\"]}", 0644);
}

static void text_glibc_less(struct world *w)
{
	scratch_file(w->prefix, "PYTHON.json",
		"{\"crt_features\": [\"glibc-dynamic\", \"glibc-max-symbol-version:2.12\"]}", 0644);
}

static void text_glibc_built(struct world *w)
{
	scratch_file(
		w->prefix, "share/solder/build.json", "{\"options\": {\"glibc\": \"2.5\"}}", 0644);
}

static void text_glibc_native(struct world *w)
{
	scratch_file(w->prefix, "share/solder/build.json", "{\"options\": {\"glibc\": \"native\"}}",
		0644);
}

static void text_glibc_platform(struct world *w)
{
	json_object_set_new(w->dist.says, "platform", json_string("manylinux_2_12-x86_64"));
}

/* Besides these, build-details and sysconfig-form are "not checked" where there is no file. */
static const struct {
	void (*change)(struct world *w);
	const char *broken;
} texts[] = {
	{text_nothing, ""},
	{text_gdb, ""},
	{text_details, ""},
	{text_form_good, ""},
	{text_dead, "sysconfig-paths=fail sysconfig-library=not checked"},
	{text_outside, "sysconfig-paths=fail"},
	{text_library, "sysconfig-library=fail"},
	{text_static, "link-mode=warn"},
	{text_headers, "headers=warn"},
	{text_pc, "pkg-config=fail"},
	{text_pc_loop, "pkg-config=fail"},
	{text_pc_library, "pkg-config=fail"},
	{text_pc_gone, "pkg-config=fail"},
	{text_config_prefix, "python-config=fail"},
	{text_config_fails, "python-config=fail"},
	{text_config_gone, "link-mode=not checked python-config=not checked shebangs=not checked"},
	{text_dangling, "dangling-links=fail"},
	{text_loop, "dangling-links=fail"},
	{text_absolute, "absolute-links=fail"},
	{text_outward, "absolute-links=fail"},
	{text_shebang, "shebangs=fail"},
	{text_shebang_relative, "shebangs=fail"},
	{text_links, "python-links=fail"},
	{text_no_python, "python-links=fail"},
	{text_no_pip, "python-links=fail"},
	{text_details_wrong, "build-details=fail"},
	{text_details_absolute, "build-details=fail"},
	{text_details_damaged, "build-details=fail"},
	{text_details_gone, "build-details=fail"},
	{text_form, "sysconfig-form=warn"},
};

/* Without the two rules that are not checked in most of the cases. */
static char *without_usual(const char *found)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_adds(&text, found);
	buf_replace(&text, "sysconfig-form=not checked", "");
	buf_replace(&text, "build-details=not checked", "");
	buf_replace(&text, "  ", " ");
	while (text.len && text.data[text.len - 1] == ' ')
		text.data[--text.len] = '\0';
	return xstrdup(text.data + strspn(text.data, " "));
}

static void test_texts(void **state)
{
	static const char ids[] =
		"sysconfig-paths sysconfig-library sysconfig-form headers link-mode "
		"python-config pkg-config build-details dangling-links "
		"absolute-links shebangs python-links";
	CLEANUP_STRV struct strv only = STRV_INIT;

	strv_split(&only, ids, " ");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP_FREE char *found = NULL, *rest = NULL;
		struct world w;

		make_texts(&w, *state);
		texts[i].change(&w);
		found = world_broken(&w, &only);
		rest = without_usual(found);
		if (strcmp(rest, texts[i].broken) != 0)
			fail_msg("text %zu: '%s' instead of '%s'", i, rest, texts[i].broken);
		free(w.dist.stdlib);
		world_release(&w);
		scratch_remove(*state, "a place");
	}
}

static void test_glibc_said(void **state)
{
	static const struct {
		void (*change)(struct world *w);
		const char *broken;
	} cases[] = {
		{text_nothing, "glibc-said=not checked"},
		{text_glibc_native, "glibc-said=not checked"},
		{text_glibc, ""},
		{text_glibc_less, "glibc-said=fail"},
		{text_glibc_built, "glibc-said=fail"},
		{text_glibc_platform, "glibc-said=fail"},
	};
	CLEANUP_STRV struct strv only = STRV_INIT;

	strv_add(&only, "glibc-said");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *found = NULL;
		struct world w;

		make_texts(&w, *state);
		cases[i].change(&w);
		found = world_broken(&w, &only);
		if (strcmp(found, cases[i].broken) != 0)
			fail_msg("case %zu: '%s' instead of '%s'", i, found, cases[i].broken);
		free(w.dist.stdlib);
		world_release(&w);
		scratch_remove(*state, "a place");
	}
}

/* One that was built for its place: what is right there only is no finding. */
static void test_not_relocatable(void **state)
{
	CLEANUP_STRV struct strv only = STRV_INIT;
	CLEANUP_FREE char *found = NULL;
	struct world w;

	strv_split(&only, "absolute-links search-paths needed-libraries", " ");
	make_texts(&w, *state);
	scratch_remove(w.prefix, "share");
	w.v[EXTENSION].facts.runpath = "/usr/lib";
	text_absolute(&w);
	found = world_broken(&w, &only);
	assert_string_equal(found, "needed-libraries=not checked absolute-links=not checked");
	free(w.dist.stdlib);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(test_glibc_said),
		SCRATCH_TEST(test_texts),
		SCRATCH_TEST(test_not_relocatable),
	};

	return cmocka_run_group_tests_name("rules over texts", tests, NULL, NULL);
}
