#include "installation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <stdlib.h>
#include <string.h>

const char *const world_api[N_API] = {"PyExc_ImportError", "PyInit_math", "PyList_New",
	"PyRun_SimpleString", "PyUnicode_New", "Py_CompileString", "Py_Initialize", "Py_Main",
	"_PyRuntime", "_Py_NoneStruct"};
static const char *const init[] = {"PyInit_zlib"};
static const char *const system_needs[] = {"libm.so.6", "libc.so.6"};
static const struct elf_undefined checked[] = {
	{.name = "__memcpy_chk", .version = "GLIBC_2.3.4", .library = "libc.so.6"},
	{.name = "__stack_chk_fail", .version = "GLIBC_2.4", .library = "libc.so.6"}};

void world_exports(struct world *w, int file, const char *const *names, size_t n)
{
	w->v[file].facts.exports = (const char **)names;
	w->v[file].facts.n_exports = n;
}

static struct elf_facts sound(enum elf_kind kind)
{
	return (struct elf_facts){.kind = kind,
		.machine = EM_X86_64,
		.bits = 64,
		.dynamic = true,
		.bind_now = true,
		.relro = ELF_RELRO_FULL,
		.stack = ELF_STACK_NONEXEC,
		.build_id = "00",
		.glibc = "2.17",
		.needed = (const char **)system_needs,
		.n_needed = ARRAY_SIZE(system_needs),
		.undefined = (struct elf_undefined *)checked,
		.n_undefined = ARRAY_SIZE(checked)};
}

void world_facts(struct world *w, const char *prefix)
{
	static const char *const rels[N_FILES] = {
		"bin/python3.13", "lib/libpython3.13.so.1.0", "lib/python3.13/lib-dynload/zlib.so"};
	static const enum py_role roles[N_FILES] = {
		PY_ROLE_INTERPRETER, PY_ROLE_LIBPYTHON, PY_ROLE_EXTENSION};

	*w = (struct world){.prefix = xstrdup(prefix)};
	for (int i = 0; i < N_FILES; i++) {
		w->v[i].rel = xstrdup(rels[i]);
		w->v[i].path = xasprintf("%s/%s", prefix, rels[i]);
		w->v[i].role = roles[i];
		w->v[i].facts = sound(i == PYTHON ? ELF_KIND_PIE : ELF_KIND_SHARED);
	}
	w->files = (struct py_files){w->v, N_FILES};
	world_exports(w, PYTHON, world_api, N_API);
	world_exports(w, LIBRARY, world_api, N_API);
	world_exports(w, EXTENSION, init, ARRAY_SIZE(init));
	w->v[LIBRARY].facts.soname = "libpython3.13.so.1.0";
	w->dist = (struct python){.given = w->prefix,
		.interpreter = w->v[PYTHON].path,
		.prefix = w->prefix,
		.runs = true,
		.major = 3,
		.minor = 13,
		.series = (char *)"3.13",
		.abiflags = (char *)"",
		.link = PY_LINK_STATIC,
		.libpython_shared = w->v[LIBRARY].path};
	w->dist.says = json_pack("{s:[s,s], s:{}}", "builtins", "sys", "math", "config_vars");
}

void world_release(struct world *w)
{
	for (int i = 0; i < N_FILES; i++) {
		free(w->v[i].rel);
		free(w->v[i].path);
	}
	json_decref(w->dist.says);
	free(w->prefix);
}

char *world_broken(const struct world *w, const struct strv *only)
{
	json_t *model = json_object(), *rule;
	CLEANUP_STRV struct strv list = STRV_INIT;
	struct err err = ERR_INIT;
	size_t i;

	assert_int_equal(check_rules(&w->dist, &w->files, only, NULL, model, &err), 0);
	json_array_foreach (json_object_get(model, "rules"), i, rule) {
		const char *verdict = json_string_value(json_object_get(rule, "verdict"));

		if (strcmp(verdict, "pass") != 0)
			strv_addf(&list, "%s=%s", json_string_value(json_object_get(rule, "id")),
				verdict);
	}
	json_decref(model);
	return strv_join(&list, " ");
}
