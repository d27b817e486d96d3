# A pybind11 module as it should be, and one linked with libpython as pybind11_add_module(SHARED)
# does.
. "$PROBES/common.sh"
include=$(PYTHONPATH=$SITE "$PYTHON" -c 'import pybind11; print(pybind11.get_include())')
build compile "$CXX" -std=c++17 -O1 -shared -fPIC -fvisibility=hidden -I"$INCLUDE" -I"$include" \
	-DNAME=bound -o "bound$EXT" "$PROBES/pybind.cpp"
seen compile ok
needed "bound$EXT" needs-libpython
python import pybound.py . bound
build linked "$CXX" -std=c++17 -O1 -shared -fPIC -fvisibility=hidden -I"$INCLUDE" -I"$include" \
	-DNAME=linked -o "linked$EXT" "$PROBES/pybind.cpp" -Wl,--no-as-needed "$LIBPYTHON"
seen linked ok
python linked-import pybound.py . linked
