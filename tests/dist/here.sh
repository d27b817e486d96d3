# What programs are linked with, lib/libpython3.X.so: with --embed here it says where the tree lies,
# and programs need no search path.
. "$HERE/common.sh"

library=libpython$NAMED.so.1.0
name=libpython$NAMED.so
if [ -h "$TREE/lib/$name" ]; then
	same "--embed search: a link to the library" "$(readlink "$TREE/lib/$name")" "$library"
	exit 0
fi

said() {
	readelf -dW "$1" | sed -n "s/.*($2).*\[\(.*\)\]/\1/p" | sed -n 1p
}
# The variables of sysconfig, as whoever builds with Python asks for them.
ask() {
	"$1/bin/python$NAMED" -I -c 'import sysconfig; sysconfig.get_config_vars()' 2>&1
}

# In another place: whoever asks first sets it right, in a file of its own.
moved=$SCRATCH/moved
cp -al "$TREE" "$moved"
none "sysconfig: asked in a tree that was moved" "$(ask "$TREE"; ask "$moved")"
same "sysconfig: says where the tree lies" "$(said "$moved/lib/$name" SONAME)" "$moved/lib/$name"
same "sysconfig: not where its copy does" "$(said "$TREE/lib/$name" SONAME)" "$TREE/lib/$name"
same "sysconfig: leaves nothing behind" "$(ls "$moved/lib" | grep -c '^libpython')" \
	"$(ls "$TREE/lib" | grep -c '^libpython')"
inode=$(stat -c %i "$moved/lib/$name")
ask "$moved"
same "sysconfig: writes it once" "$(stat -c %i "$moved/lib/$name")" "$inode"
mv "$moved" "$moved again"
"$moved again/bin/python$NAMED-config" --embed --ldflags >"$SCRATCH/flags"
same "python3-config: says where the tree lies" "$(said "$moved again/lib/$name" SONAME)" \
	"$moved again/lib/$name"
mv "$moved again" "$moved"
if can_bwrap; then
	frozen() {
		bwrap --bind / / --dev-bind /dev /dev --ro-bind "$moved" "$moved" "$@"
	}
	none "a tree that cannot be written: asked" "$(frozen "$moved/bin/python$NAMED" -I -c \
		'import sysconfig; sysconfig.get_config_vars()' 2>&1)"
	some "a tree that cannot be written: solder check says so" "$(frozen "$SOLDER" check \
		"$moved" --rule stub-place --json 2>&1 | grep "says that it lies at '$moved again/")"
fi
ask "$moved"

# As solder unpack places it.
mkdir -p "$SCRATCH/packed/python/share/solder" "$SCRATCH/packed/python/lib"
cp "$moved/share/solder/build.json" "$SCRATCH/packed/python/share/solder/"
cp "$moved/lib/$name" "$SCRATCH/packed/python/lib/"
tar -C "$SCRATCH/packed" -cf "$SCRATCH/packed.tar" python
check "solder unpack" "$SOLDER" unpack "$SCRATCH/packed.tar" "$SCRATCH/unpacked"
same "solder unpack: says where the tree lies" \
	"$(said "$SCRATCH/unpacked/python/lib/$name" SONAME)" "$SCRATCH/unpacked/python/lib/$name"

if ! have cc; then
	skip "programs" "no C compiler here"
	exit 0
fi
main=$HERE/embed/main.c
config=$moved/bin/python$NAMED-config
wanted="prefix $moved"
# run PROGRAM: without anything in the environment that leads to the tree.
run() {
	(cd / && env -i LC_ALL=C.UTF-8 "$@" 2>&1 | sed -n 1p)
}
link() {
	out=$1
	shift
	eval "${COMPILER:-cc} -o '$SCRATCH/$out' '$main' $("$config" --embed --cflags --ldflags) $*"
}
check "a program links" link plain &&
	same "a program needs the path" "$(said "$SCRATCH/plain" NEEDED)" "$moved/lib/$name" &&
	same "a program runs" "$(run "$SCRATCH/plain")" "$wanted"
check "a program with copies of variables links" link fixed -no-pie -fno-pie &&
	same "a program with copies of variables runs" "$(run "$SCRATCH/fixed")" "$wanted"
for linker in gold lld; do
	COMPILER=cc
	[ $linker = gold ] || COMPILER=$(command -v clang || command -v clang-22 || command -v clang-14)
	if [ -n "$COMPILER" ] && link try -fuse-ld=$linker >"$SCRATCH/output" 2>&1; then
		same "linked by $linker, a program runs" "$(run "$SCRATCH/try")" "$wanted"
	fi
done
COMPILER=cc
check "by name: a program links" eval "cc -o '$SCRATCH/searching' '$main' \
	$("$config" --embed --cflags --ldflags --search)" &&
	same "by name: what python3-config --search links" \
		"$(said "$SCRATCH/searching" NEEDED)" "$library"
if have pkg-config; then
	flags() {
		PKG_CONFIG_PATH=$moved/lib/pkgconfig pkg-config "$@" --cflags --libs python3-embed
	}
	check "by name: a program links" eval "cc -o '$SCRATCH/pc' '$main' \
		$(flags --define-variable=library=:"$library")" &&
		same "by name: what pkg-config links" "$(said "$SCRATCH/pc" NEEDED)" "$library"
	check "pkg-config: a program links" eval "cc -o '$SCRATCH/pc-here' '$main' $(flags)" &&
		same "pkg-config: a program runs" "$(run "$SCRATCH/pc-here")" "$wanted"
fi
mv "$moved" "$moved again"
some "a program of a tree that moved does not run" \
	"$(run "$SCRATCH/plain" | grep "$moved/lib/$name: cannot open shared object file")"
mv "$moved again" "$moved"

# Whoever opens it, and modules that are linked with it: one runtime, in the interpreter too.
check "dlopen: builds" cc -o "$SCRATCH/host" "$HERE/embed/host.c" -ldl &&
	same "dlopen, in a process that is no Python" "$(run "$SCRATCH/host" "$moved/lib/$name")" \
		"$wanted"
cat >"$SCRATCH/module.c" <<'END'
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "module", 0, -1, 0};
PyMODINIT_FUNC PyInit_module(void) { return PyModule_Create(&module); }
END
suffix=$("$moved/bin/python$NAMED" -Ic 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
check "a module that is linked with it builds" cc -shared -fPIC -I"$moved/include/python$NAMED" \
	-o "$SCRATCH/module$suffix" "$SCRATCH/module.c" -L"$moved/lib" -Wl,--no-as-needed \
	"-lpython$NAMED"
cat >"$SCRATCH/one.py" <<'END'
import ctypes, sys
sys.path.insert(0, sys.argv[1])
import module
def runtime(library):
    return ctypes.addressof(ctypes.c_char.in_dll(library, "_PyRuntime"))
print(runtime(ctypes.PyDLL(sys.argv[2])) == runtime(ctypes.pythonapi))
with open("/proc/self/maps") as f:
    print(len({line.split(None, 5)[5] for line in f if ".so.1.0" in line and "/libpython3." in line}))
END
case $LINK:$SONAME in static:yes | dual:*) images=0 ;; *) images=1 ;; esac
same "a module that is linked with it, and its handle: one runtime; images of the library" \
	"$(cd / && "$moved/bin/python$NAMED" -I "$SCRATCH/one.py" "$SCRATCH" "$moved/lib/$name" 2>&1)" \
	"True
$images"

# cargo test of a crate that embeds Python by PyO3, without a build script.
if ! have cargo; then
	note "PyO3: no cargo here"
	exit 0
fi
cp -R "$HERE/../../probes/pyo3" "$SCRATCH/crate"
rm "$SCRATCH/crate/build.rs"
export CARGO_TARGET_DIR="$SCRATCH/target" MODULE=_bz2
cd "$SCRATCH/crate" || exit
if ! cargo fetch --locked >"$SCRATCH/output" 2>&1; then
	note "PyO3: its crates cannot be had here"
	exit 0
fi
cargo_test() {
	env -u LD_LIBRARY_PATH "$@" cargo test --offline --locked
}
check "PyO3: cargo test, with the tree's bin on PATH" cargo_test PATH="$moved/bin:$PATH"
"$moved/bin/python$NAMED" -m venv --without-pip "$SCRATCH/env"
rm -rf "$CARGO_TARGET_DIR"
check "PyO3: cargo test, in a virtual environment" cargo_test PATH="$SCRATCH/env/bin:$PATH" \
	VIRTUAL_ENV="$SCRATCH/env"
