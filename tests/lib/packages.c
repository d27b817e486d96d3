#include "packages.h"

#include <stdio.h>

char zlib_so[] = "lib/python3.13/lib-dynload/zlib.cpython-313-x86_64-linux-gnu.so";
char readline_so[] = "lib/python3.13/lib-dynload/readline.so";
char array_so[] = "lib/python3.13/lib-dynload/array.so";
char awkward_so[] = AWKWARD;
char site_so[] = "lib/python3.13/site-packages/other.so";
char program[] = "bin/python3.13";

static const char build_json[] =
	"{\"distribution\": {\"link\": \"static\", \"optimisation\": \"-O3, PGO yes, LTO thin\","
	" \"tls\": \"initial-exec\", \"compiler\": \"Debian clang version 19.1.7 (3~deb12u1)\","
	" \"triple\": \"x86_64-linux-gnu\"},"
	" \"packages\": ["
	"{\"name\": \"zlib\", \"version\": \"1.3.1\", \"licence\": \"Zlib\", \"sha256\": \"aa\","
	" \"source\": \"pool/main/z/zlib.tar.gz\", \"patches\": ["
	"{\"file\": \"a.patch\", \"reason\": \"it works\", \"sha256\": \"dd\"},"
	"{\"file\": \"b.patch\", \"reason\": \"so\", \"sha256\": \"ee\"}]},"
	"{\"name\": \"ncurses\", \"version\": \"6.5\", \"licence\": \"Zlib\", \"sha256\": \"bb\","
	" \"source\": \"https://example.org/ncurses.tar.gz\"},"
	"{\"name\": \"cpython\", \"version\": \"3.13.15\", \"licence\": \"Python-2.0 AND "
	"CNRI-Python\","
	" \"sha256\": \"cc\", \"source\": \"given by the user\"}]}";

static const char says_json[] =
	"{\"python_version\": \"3.13.15\", \"abiflags\": \"\", \"python_tag\": \"cp313\","
	" \"builtins\": [\"_abc\", \"math\", \"sys\"],"
	" \"python_config_vars\": {\"CFLAGS\": \"-O3 \\\"x\\\"\", \"LIBS\": \"-ldl -lm\","
	" \"SYSLIBS\": \"-lm\", \"PY_CORE_CFLAGS\": \"-I/x -fPIC -DPy_BUILD_CORE\"}}";

json_t *json_parsed(const char *text)
{
	json_t *j = json_loads(text, 0, NULL);

	assert_non_null(j);
	return j;
}

static void add_file(struct package_fixture *f, const char *root, char *rel, enum py_role role)
{
	struct py_file *file = &f->files[f->p.files.n++];

	scratch_file(root, rel, rel, 0755);
	*file = (struct py_file){.rel = rel, .role = role};
	file->path = xasprintf("%s/%s", root, rel);
	file->site = rel == site_so;
}

void package_setup(struct package_fixture *f, char *root)
{
	*f = (struct package_fixture){0};
	f->p.dir = root;
	f->p.build = json_parsed(build_json);
	f->p.says = json_parsed(says_json);
	f->p.triple = xstrdup("x86_64-unknown-linux-gnu");
	f->p.opts = xstrdup("pgo+lto");
	f->p.name = xstrdup("cpython-3.13.15+20260805-x86_64-unknown-linux-gnu");
	f->p.lib_rel = xstrdup("lib/python3.13");
	f->p.config_rel = xstrdup("lib/python3.13/config-3.13");
	f->p.dist.series = xstrdup("3.13");
	snprintf(f->p.created, sizeof(f->p.created), "2026-08-05T12:25:43Z");
	f->p.files.v = f->files;
	add_file(f, root, program, PY_ROLE_INTERPRETER);
	add_file(f, root, awkward_so, PY_ROLE_LIBRARY);
	add_file(f, root, array_so, PY_ROLE_EXTENSION);
	add_file(f, root, readline_so, PY_ROLE_EXTENSION);
	add_file(f, root, zlib_so, PY_ROLE_EXTENSION);
	add_file(f, root, site_so, PY_ROLE_EXTENSION);
}

void package_release(struct package_fixture *f)
{
	for (size_t i = 0; i < f->p.files.n; i++)
		free(f->files[i].path);
	strv_release(&f->p.tests);
	free(f->p.triple);
	free(f->p.opts);
	free(f->p.name);
	free(f->p.lib_rel);
	free(f->p.config_rel);
	free(f->p.dist.series);
	json_decref(f->p.build);
	json_decref(f->p.says);
}

const json_t *json_find(const json_t *list, const char *key, const char *value)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		if (!strcmp(package_text(item, key), value))
			return item;
	}
	return NULL;
}

void assert_json_text(const json_t *o, const char *key, const char *expected)
{
	assert_string_equal(package_text(o, key), expected);
}
