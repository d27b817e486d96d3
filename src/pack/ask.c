/* What PYTHON.json says of the interpreter, in the interpreter's own words. */
#include <string.h>

#include "pack/pack-internal.h"
#include "proc/proc.h"

#define ASK_MS 60000
#define ANSWER_MAX ((size_t)4 << 20)

/* Paths below the prefix become /install, also where sysconfig quotes a prefix with blanks for
 * shells, and the home folder ~, so that the answer is the same wherever the tree is and whoever
 * asks. Only whole words do, or what follows "=", "-I" and the like: "lib/python3.13" is not below
 * the prefix "/python". */
static const char question[] =
	"import importlib.machinery as m, importlib.util as u\n"
	"import json, os, re, shlex, sys, sysconfig\n"
	"prefix, home = sys.base_prefix, os.path.expanduser('~')\n"
	"names = '|'.join(map(re.escape, (shlex.quote(prefix), prefix)))\n"
	"before, after = r'(^|[\\s\\x22\\x27=:,(]|-[A-Z])', r'(?=$|[/\\s\\x22\\x27=:,)])'\n"
	"own = re.compile(before + '(?:' + names + ')' + after)\n"
	"def place(s):\n"
	"    s = own.sub(r'\\1/install', s)\n"
	"    return '~' + s[len(home):] if s.startswith(home + '/') else s\n"
	"def below(s):\n"
	"    s = place(s)\n"
	"    return s[1:] if s.startswith('/install') else s\n"
	"v = sys.version_info\n"
	"sys.stdout.write(json.dumps({\n"
	"    'python_tag': 'cp%d%d' % v[:2],\n"
	"    'python_abi_tag': 'cp%d%d%s' % (v[0], v[1], sys.abiflags),\n"
	"    'python_version': '.'.join(map(str, v[:3])) + ('' if v[3] == 'final' else\n"
	"        {'alpha': 'a', 'beta': 'b', 'candidate': 'rc'}[v[3]] + str(v[4])),\n"
	"    'python_major_minor_version': '%d.%d' % v[:2],\n"
	"    'python_platform_tag': sysconfig.get_platform(),\n"
	"    'python_implementation_cache_tag': sys.implementation.cache_tag,\n"
	"    'python_implementation_hex_version': sys.implementation.hexversion,\n"
	"    'python_implementation_name': sys.implementation.name,\n"
	"    'python_implementation_version': [str(x) for x in sys.implementation.version],\n"
	"    'python_bytecode_magic_number': u.MAGIC_NUMBER.hex(),\n"
	"    'python_paths': {k: below(s) for k, s in sysconfig.get_paths().items()},\n"
	"    'python_paths_abstract': sysconfig.get_paths(expand=False),\n"
	"    'python_config_vars': {k: place(str(s)) for k, s in\n"
	"        sysconfig.get_config_vars().items()},\n"
	"    'python_suffixes': {\n"
	"        'bytecode': m.BYTECODE_SUFFIXES,\n"
	"        'debug_bytecode': m.DEBUG_BYTECODE_SUFFIXES,\n"
	"        'extension': m.EXTENSION_SUFFIXES,\n"
	"        'optimized_bytecode': m.OPTIMIZED_BYTECODE_SUFFIXES,\n"
	"        'source': m.SOURCE_SUFFIXES},\n"
	"    'builtins': sorted(sys.builtin_module_names),\n"
	"    'abiflags': sys.abiflags,\n"
	"}, sort_keys=True))\n";

static bool is_sound(const json_t *says)
{
	const json_t *builtins = json_object_get(says, "builtins"), *name;
	size_t i;

	json_array_foreach (builtins, i, name) {
		if (!json_is_string(name))
			return false;
	}
	return json_is_array(builtins);
}

int package_answer(struct package *p, const char *text, size_t len, struct err *err)
{
	p->says = json_loadb(text, len, 0, NULL);
	return is_sound(p->says)
		       ? 0
		       : err_set(err, ERR_INPUT, "'%s' gives no sound answer about itself",
				 p->dist.interpreter);
}

int package_ask(struct package *p, struct err *err)
{
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_BUF struct buf answer = BUF_INIT;
	struct proc_spec spec = {.argv = &argv, .env = &env, .out = -1, .err = -1};

	strv_add(&argv, p->dist.interpreter);
	strv_add(&argv, "-I");
	strv_add(&argv, "-S");
	strv_add(&argv, "-B");
	strv_add(&argv, "-c");
	strv_add(&argv, question);
	proc_ask_environment(false, &env);
	if (proc_run(&spec, false, ANSWER_MAX, ASK_MS, &answer, err) < 0)
		return err_wrap(err, "asking '%s' about itself", p->dist.interpreter);
	return package_answer(p, answer.data ? answer.data : "", answer.len, err);
}
