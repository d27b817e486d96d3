# The small world of tests/broken, with a Python that answers what 'solder pack' asks.
#
#   sh tests/faults/world.sh WORLD MARK
set -eu

here=$(cd "$(dirname "$0")" && pwd)
world=$1 mark=$2
. "$here/../broken/world.sh"

python_main() {
	cat <<'END'
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
void Py_Initialize(void);

static void answer(const char *text, const char *prefix)
{
    for (; *text; text++) {
        if (*text == '@')
            fputs(prefix, stdout);
        else
            putchar(*text == '\'' ? '"' : *text);
    }
}

int main(int argc, char **argv)
{
    char prefix[PATH_MAX] = "";

    if (argc < 2) {
        Py_Initialize();
        return 0;
    }
    if (readlink("/proc/self/exe", prefix, sizeof(prefix) - 1) < 0 || !strstr(prefix, "/bin/"))
        return 1;
    *strstr(prefix, "/bin/python") = 0;
    if (strstr(argv[argc - 1], "python_abi_tag"))
        answer("{'python_tag': 'cp313', 'python_abi_tag': 'cp313', 'python_version': '3.13.5',"
               " 'python_major_minor_version': '3.13', 'abiflags': '', 'builtins': ['sys'],"
               " 'python_config_vars': {"
               "'LIBPL': '/install/lib/python3.13/config-3.13-x86_64-linux-gnu'},"
               " 'python_paths': {}, 'python_paths_abstract': {}, 'python_suffixes': {}}", prefix);
    else
        answer("{'implementation': 'cpython', 'version': '3.13.5', 'abiflags': '',"
               " 'version_info': [3, 13, 5, 'final', 0], 'hexversion': 51184112,"
               " 'executable': '@/bin/python3.13', 'prefix': '@', 'base_prefix': '@',"
               " 'base_exec_prefix': '@', 'path': [], 'platform': 'linux-x86_64',"
               " 'builtins': ['sys'], 'stdlib_module_names': ['sys'], 'site_packages': [],"
               " 'libpython_mapped': [], 'extension_suffixes': ['.so'],"
               " 'paths': {'stdlib': '@/lib/python3.13'}, 'config_vars': {}}", prefix);
    return 0;
}
END
}

make_world
echo 'printf "all:\n" >"$OUT/build/Makefile"' >>"$world/recipes/cpython/compile.sh"
for v in 3.13.2 3.13.5; do
	python_main >"$world/src/Python-$v/main.c"
	pack "$world/src" Python-$v Python-$v.tar.gz
done
lock debian apt >"$world/recipes/sets/debian.yaml" <<-END
	zlib 1.0 zlib-1.0.tar.gz
	words 1.0 words-1.0.tar.gz
	cpython 3.13.2 Python-3.13.2.tar.gz
	cpython 3.13.5 Python-3.13.5.tar.gz
END
