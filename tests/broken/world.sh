# A small world for run.sh: two packages and a CPython of a few lines each, their recipes, their
# tarballs and the lock. Sourced; $world is the folder that it goes to, $mark a number of seconds
# that no one else sleeps.

# What every script of a step begins with. $world/ctl holds the tests' wishes:
#   runs          a line for each script that ran (where the sandbox lets it be written)
#   slow-NAME     the step waits for ever: a child in its folder, and one that left it; also in the
#                 folder of the recipe, which a step sees in the sandbox
#   stubborn      and does not listen to SIGTERM
#   busy          steps note when they find another one at work
#   meet          zlib and words wait for each other
prologue() {
	cat <<END
step=$1 ctl=$world/ctl
{ echo "\$step" >>"\$ctl/runs"; } 2>/dev/null || :
if [ -e "\$ctl/slow-\$step" ] || [ -e "\$RECIPE/slow-\$step" ]; then
    if [ -e "\$ctl/stubborn" ]; then trap '' TERM; fi
    (cd / && exec sleep $mark) &
    echo "\$step is slow"
    sleep $mark
    sleep $mark
fi
if [ -e "\$ctl/busy" ]; then
    mkdir "\$ctl/busy/now" || echo "\$step" >>"\$ctl/busy/overlap"
    sleep 0.1
    rmdir "\$ctl/busy/now" || :
fi
if [ -e "\$ctl/meet" ]; then
    case \$step in zlib) other=words ;; words) other=zlib ;; *) other=\$step ;; esac
    touch "\$ctl/meet/\$step"
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        if [ -e "\$ctl/meet/\$other" ]; then break; fi
        sleep 0.3
    done
    [ -e "\$ctl/meet/\$other" ]
fi
END
}

package_recipe() {
	mkdir -p "$world/recipes/$1"
	{
		cat <<END
name: $1
summary: a library of one function
licence: MIT
licence-files: [LICENSE]
depends: []
tools:
  - sh: dash
patches: []
build: |
END
		{
			prologue "$1"
			cat <<END
echo "environment of $1:"
env
\$CC \$CFLAGS \$CPPFLAGS -c $1.c
mkdir -p "\$OUT/install/include" "\$OUT/install/lib"
"\$AR" rcD "\$OUT/install/lib/lib$1.a" $1.o
cp $1.h "\$OUT/install/include"
END
		} | sed 's/^/  /'
		echo "exports: [$1_number]"
	} >"$world/recipes/$1/recipe.yaml"
}

cpython_recipe() {
	r=$world/recipes/cpython
	mkdir -p "$r"
	cat >"$r/recipe.yaml" <<'END'
name: cpython
summary: a Python that can only greet
licence: PSF-2.0
licence-files: [LICENSE]
depends: [zlib, words]
tools:
  - sed: sed
patches: []
END
	{
		prologue compile
		cat <<'END'
l=libpython$MAJORMINOR
for f in libpython main; do
    $CC -O1 -fPIC -I"$DEPS/include" -c $f.c
done
"$AR" rcD $l.a libpython.o
$CC -shared -Wl,-soname,$l.so.1.0 -o $l.so.1.0 libpython.o -L"$DEPS/lib" -lzlib -lwords
$CC -rdynamic -o python main.o libpython.o -L"$DEPS/lib" -lzlib -lwords
i=$OUT/install
mkdir -p "$i/bin" "$i/lib/python$MAJORMINOR/config-$MAJORMINOR-$TRIPLE" "$i/lib/pkgconfig" \
    "$OUT/build"
cp python "$i/bin/python$MAJORMINOR"
cp $l.so.1.0 $l.a "$i/lib"
ln -s $l.so.1.0 "$i/lib/$l.so"
cp big "$i/lib/python$MAJORMINOR"
printf '# generated\nbuild_time_vars = %s\n' "{'CC': '$CC', 'prefix': '/install', 'srcdir': '$SRC'}" \
    >"$i/lib/python$MAJORMINOR/_sysconfigdata_x.py"
printf 'prefix= /install\nCC= %s\nabs_srcdir= %s\n' "$CC" "$SRC" \
    >"$i/lib/python$MAJORMINOR/config-$MAJORMINOR-$TRIPLE/Makefile"
printf 'prefix=/install\n' >"$i/lib/pkgconfig/python-$MAJORMINOR.pc"
printf '#!/install/bin/python%s\n' "$MAJORMINOR" >"$i/bin/pip"
chmod 755 "$i/bin/pip"
cp main.o libpython.o $l.so.1.0 "$DEPS/lib/libzlib.a" "$DEPS/lib/libwords.a" "$OUT/build"
END
	} >"$r/compile.sh"
	{
		prologue link
		cat <<'END'
case $LINK in
static) set -- libpython.o libzlib.a libwords.a ;;
shared) set -- libpython$MAJORMINOR.so.1.0 ;;
esac
$CC -rdynamic -Wl,--disable-new-dtags -Wl,-rpath,'$ORIGIN/../lib' -o "$OUT/python$MAJORMINOR" \
    main.o "$@"
END
	} >"$r/link.sh"
	{
		prologue tree
		cat <<'END'
"$TREE/bin/python$MAJORMINOR"
mkdir "$TREE/lib/python$MAJORMINOR/__pycache__"
END
	} >"$r/bytecode.sh"
}

# package_source PACKAGE FOLDER
package_source() {
	mkdir -p "$2"
	echo "do as you like" >"$2/LICENSE"
	echo "int $1_number(void);" >"$2/$1.h"
	printf '#include "%s.h"\nint %s_number(void) { return 20; }\n' "$1" "$1" >"$2/$1.c"
}

# cpython_source VERSION FOLDER
cpython_source() {
	mkdir -p "$2/Include"
	echo "do as you like" >"$2/LICENSE"
	printf '/* Version as a string */\n#define PY_VERSION      \t"%s"\n' "$1" \
		>"$2/Include/patchlevel.h"
	cat >"$2/libpython.c" <<'END'
#include <stdio.h>
#include <words.h>
#include <zlib.h>
void Py_Initialize(void) { printf("hello %d\n", zlib_number() + words_number()); }
END
	printf 'void Py_Initialize(void);\nint main(void) { Py_Initialize(); return 0; }\n' \
		>"$2/main.c"
	head -c 300000 "$world/noise" >"$2/big"
}

# Packs the folder $2, in the folder $1, as pool/$3.
pack() {
	mkdir -p "$world/www/pool"
	tar -C "$1" --owner=0 --group=0 --sort=name --mtime=@1700000000 -czf "$world/www/pool/$3" "$2"
}

# lock SET BASE, then the entries, each "package version file": the digests are computed.
lock() {
	printf 'set: %s\nbase: %s\nsources:\n' "$1" "$2"
	while read -r package version file; do
		path=$world/www/pool/$file
		cat <<END
  - package: $package
    version: $version
    path: pool/$file
    size: $(wc -c <"$path")
    sha256: $(sha256sum "$path" | cut -d' ' -f1)
END
	done
}

make_world() {
	mkdir -p "$world/ctl" "$world/recipes/sets" "$world/src"
	openssl rand 300000 >"$world/noise" 2>/dev/null || head -c 300000 /dev/urandom >"$world/noise"
	for p in zlib words; do
		package_recipe $p
		package_source $p "$world/src/$p-1.0"
		pack "$world/src" $p-1.0 $p-1.0.tar.gz
	done
	cpython_recipe
	for v in 3.13.2 3.13.5; do
		cpython_source $v "$world/src/Python-$v"
		pack "$world/src" Python-$v Python-$v.tar.gz
	done
	lock debian apt >"$world/recipes/sets/debian.yaml" <<-END
		zlib 1.0 zlib-1.0.tar.gz
		words 1.0 words-1.0.tar.gz
		cpython 3.13.2 Python-3.13.2.tar.gz
		cpython 3.13.5 Python-3.13.5.tar.gz
	END
	sed -e 's/^set: debian/set: upstream/' -e 's/^base: apt/base: url/' \
		-e 's,path: \(.*\),urls: ["http://127.0.0.1:9/\1"],' \
		"$world/recipes/sets/debian.yaml" >"$world/recipes/sets/upstream.yaml"
}
