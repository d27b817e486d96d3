# Extension modules that name libpython in DT_NEEDED, as many wheels do without need: the interpreter
# answers to that name, or its DT_RPATH leads to the library; the C API is the interpreter's.
. "$HERE/common.sh"

name="an extension linked with libpython"
if ! have cc; then
	skip "$name" "no C compiler here"
	exit 0
fi
suffix=$("$PYTHON" -Ic 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
module=$SCRATCH/probe$suffix
check "$name: builds" cc -shared -fPIC -o "$module" -I"$TREE/include/python$NAMED" \
	"$HERE/extension/probe.c" -Wl,--no-as-needed -L"$TREE/lib" "-lpython$NAMED"
# With --embed here a file that leads to the library is mapped, too, and needed by its path.
stub=$TREE/lib/libpython$NAMED.so
if [ -h "$stub" ]; then stub=; fi
same "$name: needs it" "$(readelf -dW "$module" | sed -n 's/.*NEEDED.*\[\(.*libpython.*\)\]/\1/p')" \
	"${stub:-libpython$NAMED.so.1.0}"

# From another folder, and from an environment.
"$PYTHON" -m venv --without-pip "$SCRATCH/venv"
case $LINK in
static | dual) where=$PYTHON ;;
shared) where=$TREE/lib/libpython$NAMED.so.1.0 ;;
esac
# Mapped files of that name; without SONAME one that is not used.
case $LINK:$SONAME in
static:yes | dual:*) copies=0 ;;
*) copies=1 ;;
esac
[ -z "$stub" ] || copies=$((copies + 1))
probe='
import os, sys
sys.path.insert(0, sys.argv[1])
import probe
file, same, libpythons = probe.origin(None)
print(os.path.realpath(file), same, libpythons)'
for python in "$PYTHON" "$SCRATCH/venv/bin/python"; do
	same "$name: imports, and uses the one runtime (${python##*/})" \
		"$(cd / && "$python" -Ic "$probe" "$SCRATCH" 2>&1)" "$where True $copies"
done

# The same for ctypes, whose users often open libpython by name.
same "ctypes.pythonapi is the program's" "$("$PYTHON" -Ic '
import ctypes
f = ctypes.pythonapi.PyGILState_Check
ctypes.CDLL("libpython'"$NAMED"'.so.1.0", ctypes.RTLD_GLOBAL)
print(ctypes.pythonapi.PyGILState_Check(), ctypes.PyDLL(None).PyGILState_Check())' 2>&1)" "1 1"
