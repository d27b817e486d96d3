/* What only the interpreter itself knows. */
#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/term.h"
#include "python/python-internal.h"
#include "proc/proc.h"

#define ASK_MS 30000
#define STARTED_MS 20000
#define MAX_ANSWER ((size_t)16 << 20)

/* For Python 3.4 and newer. The answer is ASCII, without lone surrogates, NUL characters and
 * numbers beyond 64 bits, none of which a JSON reader takes. */
static const char question[] =
	"import sys, os, json\n"
	"def plain(v):\n"
	"    if isinstance(v, str):\n"
	"        return v.encode('utf-8', 'replace').decode('utf-8').replace('\\0', '?')\n"
	"    if v is None or isinstance(v, (bool, float)):\n"
	"        return v\n"
	"    if isinstance(v, int):\n"
	"        return v if abs(v) < 1 << 62 else str(v)\n"
	"    if isinstance(v, dict):\n"
	"        return {plain(str(k)): plain(x) for k, x in v.items()}\n"
	"    if isinstance(v, (list, tuple)):\n"
	"        return [plain(x) for x in v]\n"
	"    return plain(repr(v))\n"
	"def ask(f):\n"
	"    try:\n"
	"        return plain(f())\n"
	"    except Exception:\n"
	"        return None\n"
	"def mapped():\n"
	"    found = []\n"
	"    with open('/proc/self/maps') as f:\n"
	"        for line in f:\n"
	"            path = line.rstrip('\\n').split(None, 5)[-1]\n"
	"            if os.path.basename(path).startswith('libpython') and path not in found:\n"
	"                found.append(path)\n"
	"    return found\n"
	"def site_packages():\n"
	"    import site\n"
	"    return site.getsitepackages([sys.base_prefix])\n"
	"def config():\n"
	"    import sysconfig\n"
	"    return sysconfig\n"
	"def suffixes():\n"
	"    import importlib.machinery\n"
	"    return importlib.machinery.EXTENSION_SUFFIXES\n"
	"sys.stdout.write(json.dumps({\n"
	"    'implementation': ask(lambda: sys.implementation.name),\n"
	"    'cache_tag': ask(lambda: sys.implementation.cache_tag),\n"
	"    'version': ask(lambda: sys.version),\n"
	"    'version_info': ask(lambda: list(sys.version_info)),\n"
	"    'hexversion': ask(lambda: sys.hexversion),\n"
	"    'abiflags': ask(lambda: sys.abiflags),\n"
	"    'executable': ask(lambda: sys.executable),\n"
	"    'prefix': ask(lambda: sys.prefix),\n"
	"    'base_prefix': ask(lambda: sys.base_prefix),\n"
	"    'base_exec_prefix': ask(lambda: sys.base_exec_prefix),\n"
	"    'path': ask(lambda: sys.path),\n"
	"    'platform': ask(lambda: config().get_platform()),\n"
	"    'gil_enabled': ask(lambda: sys._is_gil_enabled()),\n"
	"    'extension_suffixes': ask(suffixes),\n"
	"    'site_packages': ask(site_packages),\n"
	"    'libpython_mapped': ask(mapped),\n"
	"    'builtins': ask(lambda: list(sys.builtin_module_names)),\n"
	"    'stdlib_module_names': ask(lambda: sorted(sys.stdlib_module_names)),\n"
	"    'paths': ask(lambda: config().get_paths()),\n"
	"    'config_vars': ask(lambda: config().get_config_vars()),\n"
	"}))\n";

static uint16_t native_machine(void)
{
#if defined(__x86_64__)
	return EM_X86_64;
#elif defined(__aarch64__)
	return EM_AARCH64;
#elif defined(__riscv)
	return EM_RISCV;
#elif defined(__powerpc64__)
	return EM_PPC64;
#elif defined(__s390x__)
	return EM_S390;
#else
	return EM_NONE;
#endif
}

/* What the kernel would say less clearly. NULL: nothing speaks against running it. */
static char *obstacle(const struct python *dist, const struct elf_facts *facts)
{
	uint16_t native = native_machine();
	const char *name = elf_machine_name(facts->machine);
	bool runs = facts->machine == native || native == EM_NONE ||
		    (native == EM_X86_64 && facts->machine == EM_386);

	if (!runs && name)
		return xasprintf("it is for %s, this machine is not", name);
	if (!runs)
		return xasprintf("it is for machine %u, which this is not", facts->machine);
	if (facts->interp && access(facts->interp, X_OK) < 0)
		return xasprintf("its loader '%s' is not here", facts->interp);
	if (access(dist->interpreter, X_OK) < 0)
		return xstrdup("it must not be executed");
	return NULL;
}

int py_ask_started(const char *path, char **exe, struct err *err)
{
	static const char code[] = "import os; print(os.readlink('/proc/self/exe'))";
	static const char *const options[] = {"-I -S -c", "-E -s -S -c"};
	CLEANUP_STRV struct strv env = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err first = ERR_INIT;

	proc_ask_environment(true, &env);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		CLEANUP_STRV struct strv argv = STRV_INIT;
		struct proc_spec spec = {.argv = &argv, .env = &env, .out = -1, .err = -1};

		strv_add(&argv, path);
		strv_split(&argv, options[i], " ");
		strv_add(&argv, code);
		if (proc_run(&spec, false, PATH_MAX, STARTED_MS, &out, i ? err : &first) == 0) {
			out.data[strcspn(out.data, "\n")] = '\0';
			*exe = buf_steal(&out);
			return 0;
		}
		if (interrupt_check(err) < 0)
			return -1;
	}
	*err = first;
	return -1;
}

/* One that does not know -I (Python 2, and 3 before 3.4) still says its version. */
static bool is_too_old(struct python *dist)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct proc_spec spec = {.argv = &argv, .env = &env, .cwd = "/", .out = -1, .err = -1};
	struct err ignored = ERR_INIT;
	int major, minor, micro;

	strv_add(&argv, dist->interpreter);
	strv_add(&argv, "-V");
	proc_ask_environment(true, &env);
	if (proc_run(&spec, true, 4096, STARTED_MS, &out, &ignored) < 0 ||
		sscanf(out.data, "Python %d.%d.%d", &major, &minor, &micro) != 3 || major > 3 ||
		(major == 3 && minor >= 4))
		return false;
	dist->major = major;
	dist->minor = minor;
	dist->micro = micro;
	dist->version = xasprintf("%d.%d.%d", major, minor, micro);
	dist->series = xasprintf("%d.%d", major, minor);
	dist->why_not = xasprintf(
		"too old: Python %s, and 3.4 is the first that can be asked", dist->version);
	return true;
}

/* The last line of what it printed, or how it ended. */
static char *complaint(const struct buf *output, const struct err *err)
{
	CLEANUP_FREE char *said = last_line_safe(output->data);

	return xasprintf("%s%s%s", err->msg, said ? ": " : "", said ? said : "");
}

/* Isolated, without site, and without leaving bytecode behind. */
static int run(const struct python *dist, bool both, struct buf *output, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	struct proc_spec spec = {.argv = &argv, .env = &env, .cwd = "/", .out = -1, .err = -1};

	strv_add(&argv, dist->interpreter);
	strv_add(&argv, "-I");
	strv_add(&argv, "-S");
	strv_add(&argv, "-B");
	strv_add(&argv, "-c");
	strv_add(&argv, question);
	proc_ask_environment(true, &env);
	return proc_run(&spec, both, MAX_ANSWER, ASK_MS, output, err);
}

static const char *text_of(const struct python *dist, const char *key)
{
	return json_string_value(json_object_get(dist->says, key));
}

static void keep_version(struct python *dist)
{
	static const struct {
		const char *name, *letter;
	} levels[] = {{"alpha", "a"}, {"beta", "b"}, {"candidate", "rc"}};
	const json_t *info = json_object_get(dist->says, "version_info");
	const char *level = json_string_value(json_array_get(info, 3)), *flags;
	CLEANUP_BUF struct buf b = BUF_INIT;

	dist->major = (int)json_integer_value(json_array_get(info, 0));
	dist->minor = (int)json_integer_value(json_array_get(info, 1));
	dist->micro = (int)json_integer_value(json_array_get(info, 2));
	buf_addf(&b, "%d.%d.%d", dist->major, dist->minor, dist->micro);
	for (size_t i = 0; level && i < ARRAY_SIZE(levels); i++) {
		if (!strcmp(level, levels[i].name))
			buf_addf(&b, "%s%lld", levels[i].letter,
				(long long)json_integer_value(json_array_get(info, 4)));
	}
	dist->version = buf_steal(&b);
	dist->series = xasprintf("%d.%d", dist->major, dist->minor);
	flags = text_of(dist, "abiflags");
	dist->abiflags = xstrdup(flags ? flags : "");
}

static int parse(struct python *dist, const struct buf *output)
{
	json_error_t where;
	json_t *says = json_loadb(output->data, output->len, 0, &where);

	if (!says || json_array_size(json_object_get(says, "version_info")) < 5) {
		json_decref(says);
		dist->why_not = xstrdup("it ran, but its answer is not what a Python says");
		return -1;
	}
	dist->says = says;
	dist->runs = true;
	keep_version(dist);
	return 0;
}

int py_ask(struct python *dist, const struct elf_facts *facts, struct err *err)
{
	CLEANUP_BUF struct buf output = BUF_INIT;
	struct err failed = ERR_INIT, again = ERR_INIT;

	dist->why_not = dist->no_run ? xstrdup("it was not run") : obstacle(dist, facts);
	if (dist->why_not)
		return 0;
	if (run(dist, false, &output, &failed) == 0) {
		parse(dist, &output);
		return 0;
	}
	if (interrupt_check(err) < 0)
		return -1;
	if (!strstr(failed.msg, "took longer") && is_too_old(dist))
		return interrupt_check(err);
	/* Once more for what it prints to stderr, unless it hung. */
	if (!strstr(failed.msg, "took longer"))
		run(dist, true, &output, &again);
	else
		buf_clear(&output);
	dist->why_not = complaint(&output, &failed);
	return interrupt_check(err);
}
