# Failures that are cited against interpreters with libpython inside, each on an interpreter made as
# theirs was (no name, no or another search path, no word of the second image), and on ours.
. "$HERE/common.sh"

if [ "$LINK" = shared ]; then
	note "the interpreter has no libpython inside"
	exit 0
fi
if ! have cc || ! have patchelf; then
	skip "cited failures" "no cc or patchelf here"
	exit 0
fi
soname=libpython$NAMED.so.1.0
include=$TREE/include/python$NAMED
suffix=$("$PYTHON" -Ic 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
theirs=$SCRATCH/theirs
cp -al "$TREE" "$theirs"
interpreter=$theirs/bin/python$NAMED
# patchelf forgets one of two changes that it makes at once.
patchelf --set-soname python --output "$interpreter.new" "$PYTHON"
mv "$interpreter.new" "$interpreter"

# ours ARGUMENT..., others ARGUMENT...: how the interpreter ends, and what it says.
ours() {
	(cd / && timeout 30 "$PYTHON" -I "$@" 2>&1)
	echo "exit $?"
}
others() {
	(cd / && PYTHON_SECOND_LIBPYTHON=keep timeout 10 "$interpreter" -I "$@" 2>&1) 2>"$SCRATCH/shell"
	echo "exit $?"
}
fails() {
	case $2 in
	*"exit 0") echo "FAIL $LABEL$1: works"; echo "$2" | show ;;
	*) echo "ok $LABEL$1" ;;
	esac
}

# What asks its own libraries first is bound before the second image is loaded: the name alone helps.
named() {
	case $LINK:$SONAME in
	static:no) fails "$1, with --soname no" "$2" ;;
	*) same "$1" "$2" "exit 0" ;;
	esac
}

cat >"$SCRATCH/module.c" <<'END'
#include <Python.h>
#ifdef LOWER
PyObject *lower(void);
#else
static PyObject *lower(void) { return PyList_New(0); }
#endif
static PyObject *make(PyObject *self, PyObject *none)
{
	(void)self, (void)none;
	return lower();
}
static PyMethodDef methods[] = {{"make", make, METH_NOARGS, 0}, {0}};
static PyModuleDef_Slot slots[] = {
#ifdef Py_GIL_DISABLED
	{Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
	{0, 0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, NAME, 0, 0, methods, slots};
#define CAT(a, b) a##b
#define INIT(name) CAT(PyInit_, name)
PyMODINIT_FUNC INIT(MODULE)(void) { return PyModuleDef_Init(&module); }
END
cat >"$SCRATCH/lower.c" <<'END'
#include <Python.h>
PyObject *lower(void) { return PyList_New(0); }
END
module() {
	name=$1
	shift
	cc -shared -fPIC -I"$include" -DMODULE="$name" -DNAME="\"$name\"" -o "$SCRATCH/$name$suffix" \
		"$SCRATCH/module.c" "$@"
}
deep="import os, sys
sys.path.insert(0, '$SCRATCH')
sys.setdlopenflags(os.RTLD_NOW | os.RTLD_DEEPBIND)
"
plain="import sys
sys.path.insert(0, '$SCRATCH')
"

# macOS lets each file name the library that it takes a symbol from; RTLD_DEEPBIND does so here.
check "conda-forge/python-feedstock 595: a module linked with libpython builds" \
	module over -Wl,--no-as-needed "$TREE/lib/$soname"
fails "conda-forge/python-feedstock 595: on theirs" \
	"$(others -c "${deep}import over; [over.make() for i in range(1000)]")"
named "conda-forge/python-feedstock 595: on ours" "$(ours -c "${deep}import over; [over.make() for i in range(1000)]")"

check "pybind11 3907: a lower library linked with libpython builds" cc -shared -fPIC -I"$include" \
	-o "$SCRATCH/liblower.so" "$SCRATCH/lower.c" -Wl,--no-as-needed "$TREE/lib/$soname"
check "pybind11 3907: a module of it builds" module upper -DLOWER -L"$SCRATCH" -llower \
	-Wl,-rpath,"$SCRATCH"
fails "pybind11 3907: on theirs" \
	"$(others -c "${deep}import upper; [upper.make() for i in range(1000)]")"
named "pybind11 3907: on ours" "$(ours -c "${deep}import upper; [upper.make() for i in range(1000)]")"

# One set of libraries for modules and for programs: those of the programs name libpython.
cat >"$SCRATCH/tool.c" <<'END'
#include <Python.h>
PyObject *lower(void);
int main(void)
{
	Py_InitializeEx(0);
	return lower() == NULL;
}
END
images='
import upper
upper.make()
with open("/proc/self/maps") as f:
    print(len({l.split(None, 5)[5] for l in f if "/libpython3." in l}))'
check "OpenUSD 2371: a program of the library builds" cc -I"$include" -o "$SCRATCH/tool" \
	"$SCRATCH/tool.c" -L"$SCRATCH" -llower "$TREE/lib/$soname" -Wl,-rpath,"$SCRATCH:$TREE/lib"
check "OpenUSD 2371: the program runs" "$SCRATCH/tool"
case ${SONAME:-yes} in yes) wanted=0 ;; no) wanted=1 ;; esac
same "OpenUSD 2371: on theirs, images of libpython beside the interpreter" \
	"$(others -c "$plain$images")" "1
exit 0"
same "OpenUSD 2371: on ours" "$(ours -c "$plain$images")" "$wanted
exit 0"

# By the path that sysconfig names, in a process that is a Python; the other case is in embed.sh.
cat >"$SCRATCH/handle.py" <<'END'
import ctypes, sysconfig
library = ctypes.PyDLL(sysconfig.get_config_var("LIBDIR") + "/" +
                       sysconfig.get_config_var("INSTSONAME"))
library.PyList_New.restype = ctypes.py_object
kept = [library.PyList_New(0) for _ in range(1000)]
assert kept == [[]] * 1000
del kept
assert not library.PyErr_Occurred()
library.PyGILState_Release(library.PyGILState_Ensure())
library.PyThreadState_Get()
END
fails "PythonCall.jl 464: on theirs, libpython by its path in a process of Python" \
	"$(others "$SCRATCH/handle.py")"
same "PythonCall.jl 464: on ours" "$(ours "$SCRATCH/handle.py")" "exit 0"

# Symbols are the interpreter's, but the loader wants the file.
check "python-build-standalone 619: a module that needs libpython by name builds" \
	module needs -Wl,--no-as-needed "$TREE/lib/$soname"
patchelf --remove-rpath "$interpreter"
# Where the system has a library of that name, that one comes instead.
if /sbin/ldconfig -p | grep -q "$soname "; then
	some "python-build-standalone 619: on theirs: the system's comes" \
		"$(others -c "${plain}import needs; print(open('/proc/self/maps').read())" |
			grep "/$soname\$" | grep -v "$TREE/\|$theirs/")"
else
	fails "python-build-standalone 619: on theirs" "$(others -c "${plain}import needs")"
	some "python-build-standalone 619: on theirs: why" \
		"$(others -c "${plain}import needs" | grep "$soname: cannot open shared object file")"
fi
same "python-build-standalone 619: on ours" "$(ours -c "${plain}import needs; needs.make()")" "exit 0"

# What is no second image, but another Python: said, since it cannot be put right.
other=/usr/bin/python3
if [ -x $other ] && ! readelf -dW $other | grep -q 'NEEDED.*libpython' &&
	$other -Ic 'import ctypes' 2>/dev/null; then
	said=$($other -Ic 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$TREE/lib/$soname" 2>&1)
	some "another Python opens libpython: a message" \
		"$(echo "$said" | grep "$soname: this process runs Python 3.*already, and this is")"
	none "another Python opens libpython: no message, if so asked" \
		"$(PYTHON_SECOND_LIBPYTHON=keep $other -Ic 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' \
			"$TREE/lib/$soname" 2>&1)"
fi
