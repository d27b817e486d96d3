# What PYTHON.json says of the interpreter, in the interpreter's own words. Paths below the prefix
# become /install, also where sysconfig quotes a prefix with blanks for shells, and the home folder
# ~, so that the answer is the same wherever the tree is and whoever asks. Only whole words do, or
# what follows "=", "-I" and the like: "lib/python3.13" is not below the prefix "/python".
import importlib.machinery as m, importlib.util as u
import json, os, re, shlex, sys, sysconfig
prefix, home = sys.base_prefix, os.path.expanduser('~')
names = '|'.join(map(re.escape, (shlex.quote(prefix), prefix)))
before, after = r'(^|[\s\x22\x27=:,(]|-[A-Z])', r'(?=$|[/\s\x22\x27=:,)])'
own = re.compile(before + '(?:' + names + ')' + after)
def place(s):
    s = own.sub(r'\1/install', s)
    return '~' + s[len(home):] if s.startswith(home + '/') else s
def below(s):
    s = place(s)
    return s[1:] if s.startswith('/install') else s
v = sys.version_info
sys.stdout.write(json.dumps({
    'python_tag': 'cp%d%d' % v[:2],
    'python_abi_tag': 'cp%d%d%s' % (v[0], v[1], sys.abiflags),
    'python_version': '.'.join(map(str, v[:3])) + ('' if v[3] == 'final' else
        {'alpha': 'a', 'beta': 'b', 'candidate': 'rc'}[v[3]] + str(v[4])),
    'python_major_minor_version': '%d.%d' % v[:2],
    'python_platform_tag': sysconfig.get_platform(),
    'python_implementation_cache_tag': sys.implementation.cache_tag,
    'python_implementation_hex_version': sys.implementation.hexversion,
    'python_implementation_name': sys.implementation.name,
    'python_implementation_version': [str(x) for x in sys.implementation.version],
    'python_bytecode_magic_number': u.MAGIC_NUMBER.hex(),
    'python_paths': {k: below(s) for k, s in sysconfig.get_paths().items()},
    'python_paths_abstract': sysconfig.get_paths(expand=False),
    'python_config_vars': {k: place(str(s)) for k, s in
        sysconfig.get_config_vars().items()},
    'python_suffixes': {
        'bytecode': m.BYTECODE_SUFFIXES,
        'debug_bytecode': m.DEBUG_BYTECODE_SUFFIXES,
        'extension': m.EXTENSION_SUFFIXES,
        'optimized_bytecode': m.OPTIMIZED_BYTECODE_SUFFIXES,
        'source': m.SOURCE_SUFFIXES},
    'builtins': sorted(sys.builtin_module_names),
    'abiflags': sys.abiflags,
}, sort_keys=True))
