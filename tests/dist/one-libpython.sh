# One libpython in every process: what is mapped when somebody asks for libpython by its name, or by
# its path, in a process of Python and in one that is none.
. "$HERE/common.sh"

soname=libpython$NAMED.so.1.0
library=$TREE/lib/$soname
named=$(readelf -dW "$PYTHON" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
copies=1 wanted=
case $LINK:$SONAME in static:yes | dual:*) copies=0 wanted=$soname ;; esac
same "the interpreter's name" "$named" "$wanted"

# Files called libpython that are mapped, and whether a handle leads to the interpreter's runtime.
cat >"$SCRATCH/mapped.py" <<'END'
import ctypes, os, sys

def runtime(library):
    return ctypes.addressof(ctypes.c_char.in_dll(library, "_PyRuntime"))

library = ctypes.PyDLL(sys.argv[1]) if sys.argv[1:] else ctypes.pythonapi
with open("/proc/self/maps") as f:
    files = {line.split(None, 5)[5].strip() for line in f if "/libpython3." in line}
print(len(files), runtime(library) == runtime(ctypes.pythonapi))
END
mapped() {
	(cd / && "$PYTHON" -I "$SCRATCH/mapped.py" "$@" 2>&1)
}
case $LINK in shared) alone=1 ;; *) alone=0 ;; esac
same "at start: files mapped, one runtime" "$(mapped)" "$alone True"
same "by name: the same runtime" "$(mapped "$soname")" "$copies True"
# The loader knows no identity of the file that the kernel mapped: another image, whose names lead to
# the first one.
same "by path: the same runtime" "$(mapped "$library")" "1 True"
if [ "$LINK" != shared ]; then
	same "by path: another runtime, if it is asked for" \
		"$(PYTHON_SECOND_LIBPYTHON=keep mapped "$library")" "1 False"
fi

if ! have cc; then
	skip "modules and libraries" "no C compiler here"
	exit 0
fi
include=$TREE/include/python$NAMED
suffix=$("$PYTHON" -Ic 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
cat >"$SCRATCH/mid.c" <<'END'
#include <Python.h>
PyObject *mid_none(void) { return Py_NewRef(Py_None); }
END
cat >"$SCRATCH/module.c" <<'END'
#include <Python.h>
PyObject *mid_none(void);
static PyObject *same(PyObject *self, PyObject *none)
{
	PyObject *mine = mid_none();
	(void)self;
	Py_DECREF(mine);
	return PyBool_FromLong(mine == none);
}
static PyMethodDef methods[] = {{"same", same, METH_O, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "module", 0, -1, methods};
PyMODINIT_FUNC PyInit_module(void)
{
	PyObject *made = PyModule_Create(&module);
#ifdef Py_GIL_DISABLED
	PyUnstable_Module_SetGIL(made, Py_MOD_GIL_NOT_USED);
#endif
	return made;
}
END
cat >"$SCRATCH/tool.c" <<'END'
#include <Python.h>
PyObject *mid_none(void);
int main(void)
{
	Py_InitializeEx(0);
	return mid_none() != Py_None;
}
END
# No search path leads to libpython but the interpreter's.
check "OpenUSD 2371: a library linked with libpython builds" cc -shared -fPIC -I"$include" \
	-o "$SCRATCH/libmid.so" "$SCRATCH/mid.c" -Wl,--no-as-needed "$library"
check "OpenUSD 2371: a module of it builds" cc -shared -fPIC -I"$include" \
	-o "$SCRATCH/module$suffix" "$SCRATCH/module.c" -L"$SCRATCH" -lmid -Wl,-rpath,"\$ORIGIN"
check "OpenUSD 2371: a program of it builds" cc -I"$include" -o "$SCRATCH/tool" "$SCRATCH/tool.c" \
	-L"$SCRATCH" -lmid "$library" -Wl,-rpath,"$SCRATCH:$TREE/lib"
check "OpenUSD 2371: the program runs" "$SCRATCH/tool"
imports='
import sys
sys.path.insert(0, sys.argv[1])
if sys.argv[2] == "deep":
    import os
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_DEEPBIND)
import module
with open("/proc/self/maps") as f:
    files = {line.split(None, 5)[5].strip() for line in f if "/libpython3." in line}
print(len(files), module.same(None))'
same "OpenUSD 2371: the module: files mapped, one None" \
	"$(cd / && "$PYTHON" -Ic "$imports" "$SCRATCH" plain 2>&1)" "$copies True"
deep=$(cd / && "$PYTHON" -Ic "$imports" "$SCRATCH" deep 2>/dev/null)
case $LINK:$copies in
# The copy, which nobody initialised, crashes, or its None is another.
static:1) same "libraries first: does not work" "${deep%1 False}" "" ;;
*) same "libraries first: one None" "$deep" "$copies True" ;;
esac
# Where no search path leads to libpython at all.
"$PYTHON" -m venv --copies --without-pip "$SCRATCH/venv"
if [ "$copies" = 0 ]; then
	same "a copied interpreter: the module imports" "$(cd / &&
		"$SCRATCH/venv/bin/python" -Ic "$imports" "$SCRATCH" plain 2>&1)" "0 True"
fi

# As Julia and others start Python: the path that sysconfig names, in a process that is none.
cat >"$SCRATCH/host.c" <<'END'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	void *library = dlopen(argv[argc - 1], RTLD_NOW | RTLD_GLOBAL);
	void (*start)(int);
	int (*run)(const char *);
	if (!library)
		return fprintf(stderr, "%s\n", dlerror()), 1;
	*(void **)&start = dlsym(library, "Py_InitializeEx");
	*(void **)&run = dlsym(library, "PyRun_SimpleString");
	start(0);
	return run("import zlib, _ctypes\nwith open('/proc/self/maps') as f:\n print(len({l.split(None, 5)[5]"
		   " for l in f if '/libpython3.' in l}), flush=True)") != 0;
}
END
check "PythonCall.jl 464: a program that opens libpython builds" \
	cc -o "$SCRATCH/host" "$SCRATCH/host.c" -ldl
said=$("$PYTHON" -Ic 'import sysconfig as s
print(s.get_config_var("LIBDIR") + "/" + s.get_config_var("INSTSONAME"))')
same "PythonCall.jl 464: in a process that is no Python: one" \
	"$(cd / && PYTHONHOME=$TREE "$SCRATCH/host" "$said" 2>&1)" 1
