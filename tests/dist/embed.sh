# Programs that embed Python: built in each of the usual ways, with libpython.so and libpython.a.
#
# With the .so: initialises by itself, wherever program and tree are.
# With the .a: the program is in the tree, or says where the tree is (PyConfig.home,
# PyConfig.program_name, PYTHONHOME), or the tree's bin is on PATH, or VIRTUAL_ENV leads to it; and it
# exports the API (-Wl,--export-dynamic) for extension modules.
. "$HERE/common.sh"

if ! have cc; then
	skip "programs that embed Python" "no C compiler here"
	exit 0
fi

lib=$TREE/lib
config=$TREE/bin/python$NAMED-config
main=$HERE/embed/main.c
export PKG_CONFIG_PATH="$lib/pkgconfig"
archive=libpython$NAMED.a
wanted="prefix $TREE
base_prefix $TREE
stdlib $lib/$STDLIB
dynload $lib/$STDLIB/lib-dynload"
# Without a Python on it.
bare=$SCRATCH/bare
mkdir "$bare" "$SCRATCH/third folder"
cd "$SCRATCH/third folder" || exit
# An environment; a folder where the interpreter alone is found; a Python of another version.
environment=$SCRATCH/env
"$PYTHON" -m venv --without-pip "$environment"
exact=$SCRATCH/exact
mkdir "$exact"
ln -s "$PYTHON" "$exact/python$NAMED"
foreign=$SCRATCH/foreign/bin
mkdir -p "$foreign" "$SCRATCH/foreign/lib/$STDLIB" "$SCRATCH/foreign/include/python$NAMED"
cp -L "$TREE/lib/$STDLIB/os.py" "$SCRATCH/foreign/lib/$STDLIB/"
sed 's/^#define PY_VERSION .*/#define PY_VERSION "'"$VERSION"'.999"/' \
	"$TREE/include/python$NAMED/patchlevel.h" >"$SCRATCH/foreign/include/python$NAMED/patchlevel.h"
for name in "python$NAMED" python3; do
	printf '#!/bin/sh\necho misled\n' >"$foreign/$name"
	chmod +x "$foreign/$name"
done
full=$("$PYTHON" -Ic 'import platform; print(platform.python_version())')
refusal="Could not find the standard library of Python $full: $foreign/python3 has none beside it; \
\$VIRTUAL_ENV ($SCRATCH/none) has none; $foreign/python$NAMED on \$PATH has that of another.  \
Set \$PYTHONHOME to the directory that has lib/$STDLIB."

# compile OUTPUT ARGUMENT...: what the tools print is for the shell.
compile() {
	eval "${COMPILER:-cc} -o '$SCRATCH/$1' '$main' $2"
}

# shared NAME PROGRAM [ENVIRONMENT]...: the program finds everything.
shared() {
	name=$1 program=$2
	shift 2
	same "$name: runs, and finds the tree" \
		"$(env PATH="$bare" "$@" "$SCRATCH/$program" 2>&1)" "$wanted"
	some "$name: uses libpython.so" "$(readelf -dW "$SCRATCH/$program" | grep 'NEEDED.*libpython')"
}

# static NAME PROGRAM: with each way to say where the tree is.
static() {
	name=$1 program=$SCRATCH/$2
	none "$name: libpython is inside" "$(readelf -dW "$program" | grep 'NEEDED.*libpython')"
	same "$name: with PyConfig.home" "$(PATH=$bare "$program" "$TREE" 2>&1)" "$wanted"
	same "$name: with PyConfig.program_name" \
		"$(PATH=$bare "$program" "" "$PYTHON" 2>&1)" "$wanted"
	same "$name: with PYTHONHOME" "$(PATH=$bare PYTHONHOME=$TREE "$program" 2>&1)" "$wanted"
	same "$name: with the tree's bin on PATH" \
		"$(PATH="$TREE/bin:$PATH" "$program" 2>&1)" "$wanted"
	cp "$program" "$TREE/bin/embedder"
	same "$name: in the tree itself" "$(PATH=$bare "$TREE/bin/embedder" 2>&1)" "$wanted"
	rm "$TREE/bin/embedder"
	same "$name: with VIRTUAL_ENV" \
		"$(PATH=$bare VIRTUAL_ENV=$environment "$program" 2>&1)" \
		"$(echo "$wanted" | sed "1s|.*|prefix $environment|")"
	same "$name: with VIRTUAL_ENV, and a name" \
		"$(PATH=$bare VIRTUAL_ENV=$environment "$program" "" /nowhere/app 2>&1)" "$wanted"
	same "$name: with the exact name on PATH" "$(PATH=$exact "$program" 2>&1)" "$wanted"
	same "$name: with the exact name on PATH, and a name" \
		"$(PATH=$bare:$exact "$program" "" /nowhere/app 2>&1)" "$wanted"
	lost=$(PATH=$foreign VIRTUAL_ENV=$SCRATCH/none "$program" 2>&1) &&
		lost="runs with another version: $lost"
	same "$name: no other version's, and an error that says what was tried" \
		"$(echo "$lost" | grep '^Could not find the standard')" "$refusal"
}

# The name of libpython.a instead of -lpython: the linker would take the .so of the same folder.
by_archive() {
	sed "s/-lpython$NAMED/-l:$archive/"
}

# The stub has no symbols of its own; GNU ld takes those of what it leads to when told so.
with_stub() {
	check "libpython3.so: links" compile stub \
		"$("$config" --includes) -L\"$lib\" -Wl,--no-as-needed,--copy-dt-needed-entries \
			-lpython3 -Wl,-rpath,\"$lib\"" &&
		shared "libpython3.so" stub
}

with_config() {
	check "python3-config, .so: links" compile config-so \
		"$("$config" --embed --cflags --ldflags) -Wl,-rpath,\"$lib\"" &&
		shared "python3-config, .so" config-so
	check "python3-config, .so, no rpath: links" compile config-plain \
		"$("$config" --embed --cflags --ldflags)" &&
		shared "python3-config, .so, LD_LIBRARY_PATH instead of an rpath" config-plain \
			LD_LIBRARY_PATH="$lib"
	check "python3-config, .a: links" compile config-a \
		"$("$config" --embed --cflags --ldflags | by_archive) -Wl,--export-dynamic" &&
		static "python3-config, .a" config-a
	# LIBPL has the archive alone: a linker that looks there first takes it.
	check "python3-config, .a of the config directory: links" compile config-libpl \
		"$("$config" --embed --cflags) -L\"$("$config" --configdir)\" \
			$("$config" --embed --libs) -Wl,--export-dynamic" &&
		none "python3-config, .a of the config directory: libpython is inside" \
			"$(readelf -dW "$SCRATCH/config-libpl" | grep 'NEEDED.*libpython')"
	check "python3-config, .a, not position-independent: links" compile config-nopie \
		"$("$config" --embed --cflags --ldflags | by_archive) -no-pie -Wl,--export-dynamic" &&
		same "python3-config, .a, not position-independent: runs" \
			"$(PATH=$bare "$SCRATCH/config-nopie" "$TREE" 2>&1)" "$wanted"
}

with_pkg_config() {
	check "pkg-config, .so: links" compile pkg-so \
		"$(pkg-config --cflags --libs python3-embed) -Wl,-rpath,\"$lib\"" &&
		shared "pkg-config, .so" pkg-so
	check "pkg-config --static, .a: links" compile pkg-a \
		"$(pkg-config --cflags python3-embed) \
			$(pkg-config --static --libs python3-embed | by_archive) -Wl,--export-dynamic" &&
		static "pkg-config --static, .a" pkg-a
}

# cmake_build NAME ARGUMENT...
cmake_build() {
	mkdir "$SCRATCH/$1"
	cp "$HERE/embed/CMakeLists.txt" "$main" "$SCRATCH/$1"
	build=$SCRATCH/$1
	shift
	cmake -S "$build" -B "$build" -DPYTHON_SERIES="$VERSION" -DPython_ROOT_DIR="$TREE" \
		-DPython_FIND_STRATEGY=LOCATION "$@" && cmake --build "$build"
}

with_cmake() {
	if ! have cmake; then
		skip "CMake FindPython" "no cmake here"
		return
	fi
	check "CMake FindPython, .so: builds" cmake_build cmake-so &&
		shared "CMake FindPython, .so" cmake-so/main
	check "CMake FindPython, .a: builds" cmake_build cmake-a -DPython_USE_STATIC_LIBS=ON &&
		static "CMake FindPython, .a" cmake-a/main
}

# gcc is what cc is, mostly; libpython.a has to suit others, too.
with_clang() {
	clang=$(command -v clang || command -v clang-14 || command -v clang-19 || true)
	if [ -z "$clang" ]; then
		skip "clang, .a" "no clang here"
		return
	fi
	COMPILER=$clang
	check "clang, .a: links" compile clang-a \
		"$("$config" --embed --cflags --ldflags | by_archive) -Wl,--export-dynamic" &&
		same "clang, .a: runs" "$(PATH=$bare "$SCRATCH/clang-a" "$TREE" 2>&1)" "$wanted"
	COMPILER=cc
}

# Another Python of the same version first on PATH: a folder that looks like one, and an
# environment.
with_others() {
	[ -x "$SCRATCH/config-so" ] || return
	other="$SCRATCH/other"
	mkdir -p "$other/bin" "$other/lib/$STDLIB/lib-dynload"
	: >"$other/lib/$STDLIB/os.py"
	printf '#!/bin/sh\necho misled\n' >"$other/bin/python3"
	chmod +x "$other/bin/python3"
	same "another Python first on PATH does not mislead libpython.so" \
		"$(PATH="$other/bin:$PATH" "$SCRATCH/config-so" 2>&1)" "$wanted"
	"$PYTHON" -m venv --without-pip "$SCRATCH/environment"
	same "an environment first on PATH does not take libpython.so's stdlib away" \
		"$(PATH="$SCRATCH/environment/bin:$PATH" "$SCRATCH/config-so" 2>&1 | sed 1d)" \
		"$(echo "$wanted" | sed 1d)"
	same "PYTHONHOME still goes first" \
		"$(ln -s "$TREE" "$SCRATCH/home" && PYTHONHOME="$SCRATCH/home" "$SCRATCH/config-so" 2>&1 |
			head -n 1)" "prefix $SCRATCH/home"
}

with_dlopen() {
	# Debug builds have no stub.
	stub=libpython3.so
	case $NAMED in *d) stub= ;; esac
	check "dlopen: builds" cc -o "$SCRATCH/host" "$HERE/embed/host.c" -ldl || return
	for name in "libpython$NAMED.so" "libpython$NAMED.so.1.0" $stub; do
		same "dlopen of $name" "$(PATH=$bare "$SCRATCH/host" "$lib/$name" 2>&1)" "prefix $TREE"
	done
	odd=$SCRATCH/$(printf 'no \377 UTF-8')
	mkdir "$odd" && cp -al "$lib" "$odd/"
	same "dlopen below a path that is not UTF-8" \
		"$(PATH=$bare "$SCRATCH/host" "$odd/lib/${stub:-libpython$NAMED.so}" 2>&1)" "prefix $odd"
	rm -r "$odd"
	ln -s "$lib/libpython$NAMED.so.1.0" "$SCRATCH/a library"
	same "dlopen through a link" "$(PATH=$bare "$SCRATCH/host" "$SCRATCH/a library" 2>&1)" \
		"prefix $TREE"
}

with_config
if have pkg-config; then
	with_pkg_config
else
	skip "pkg-config" "no pkg-config here"
fi
case $NAMED in *d) ;; *) with_stub ;; esac
with_cmake
with_clang
with_others
with_dlopen
