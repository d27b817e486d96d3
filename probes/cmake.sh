# CMake's FindPython, told where the prefix is: a module, and a program, with either library.
. "$PROBES/common.sh"
configure() {
	dir=$1
	shift
	cmake -S "$PROBES/cmake" -B "$dir" -DPROBES="$PROBES" -DSERIES="$SERIES" \
		-DPython_ROOT_DIR="$PREFIX" -DPython_EXECUTABLE="$PYTHON" \
		-DPython_FIND_STRATEGY=LOCATION -DCMAKE_BUILD_WITH_INSTALL_RPATH=OFF "$@" &&
		cmake --build "$dir"
}
say_command cmake -S "$PROBES/cmake" -B shared -DPython_ROOT_DIR="$PREFIX" -DPython_EXECUTABLE="$PYTHON"
if configure shared >out 2>&1; then
	seen shared ok
else
	seen shared failed
fi
cat out
sed -n 's|^-- library: .*/|library=|p' out | head -n 1 >>"$SEEN"
if [ -e shared/program ]; then
	needed shared/program needs-libpython
	try run shared/program "$MODULE"
	for file in shared/plain*.so; do
		needed "$file" module-needs-libpython
	done
	python module importing.py shared plain
fi
if [ -z "$LIBPYTHON_A" ]; then
	seen archive no
	exit 0
fi
if configure static -DPython_USE_STATIC_LIBS=ON >out 2>&1; then
	seen static ok
else
	seen static failed
fi
cat out
if [ -e static/program ]; then
	needed static/program static-needs-libpython
	export PYTHONHOME="$PREFIX"
	try static-run static/program "$MODULE"
fi
