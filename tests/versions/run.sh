# Each release of CPython that is not at hand, as a skeleton: a fake tree of what the release says of
# itself (facts.sh). The recipe configures it and runs make in it; an option, a variable, a target or
# a file that the release does not have is found, and a module or a patch that the recipe has forgotten.
#
#   sh tests/versions/run.sh [SERIES]...
set -u

recipe=$PWD/recipes/cpython
facts=$PWD/tests/versions
passed=0
failed=0

# Words of this kind, one a line.
have() { # SERIES KIND
    sed -n "s/^$2 //p" "$facts/$1.txt"
}

skeleton() { # SERIES TREE
    mkdir -p "$2/Modules" "$2/Programs" "$2/bin"
    have "$1" option >"$2/options"
    have "$1" variable >"$2/variables"
    have "$1" file | while read -r file; do
        mkdir -p "$2/${file%/*}"
        : >"$2/$file"
    done
    have "$1" module | sed 's/.*/& &.c/' >"$2/Modules/Setup.stdlib"
    cat >"$2/configure" <<'END'
#!/bin/sh
for argument; do
    case $argument in --prefix=*) continue ;; esac
    name=${argument#--}
    grep -qx -- "${name%%=*}\|$(echo "${name%%=*}" | sed 's/^enable/disable/; s/^with-/without-/')" \
        options || { echo "configure has no $argument" >&2; exit 1; }
done
[ -e "$CONFIG_SITE" ] || exit 1
END
    chmod +x "$2/configure"
    have "$1" variable | sed 's/$/=value/' >"$2/Makefile.pre"
    # Setting a variable that the Makefile does not have has no effect.
    cat >"$2/bin/make" <<'END'
#!/bin/sh
for argument; do
    case $argument in
    published=*) ;;
    *=*) grep -qx "${argument%%=*}" variables || {
        echo "the Makefile has no ${argument%%=*}" >&2; exit 1; } ;;
    esac
done
PATH=${PATH#*:} exec make "$@"
END
    chmod +x "$2/bin/make"
    {
        echo 'BUILDPYTHON = python'
        echo "LDVERSION = $1"
        echo "LDLIBRARY = libpython$1.so"
        echo "LIBRARY = libpython$1.a"
        have "$1" target | sed 's/.*/&: ; @:/'
        echo ".PHONY: $(have "$1" target | tr '\n' ' ')"
    } >"$2/Makefile"
}

# The part of compile.sh that talks to the tree.
drive() { # SERIES TREE
    cd "$2" || exit 1
    S=$2 SRC=$2 DEPS=$2/deps OUT=$2/out RECIPE=$recipe VERSION=$1.0 MAJORMINOR=$1 CC=cc CXX=c++ AR=ar
    LTO=none TLS=initial-exec CC_FAMILY=gcc TRIPLE=x86_64-linux-gnu LLD='' CODE_FLAGS='' JOBS=1
    profiled='' LINK=static PIE=yes
    CONFIGURE=$(differences "$1" configure | tr '\n' ' ')
    SETUP=$(differences "$1" setup)
    PATH=$2/bin:$PATH
    export CONFIGURE SETUP S SRC DEPS OUT RECIPE VERSION MAJORMINOR CC CXX AR LTO TLS CC_FAMILY TRIPLE LLD CODE_FLAGS
    . "$RECIPE/common.sh"
    configure
    profiled=yes
    configure
    run_make build_all "libpython$1.so" "libpython$1.a"
    run_make libpython3.so Programs/_testembed
    run_make install
}

# Each module once, and none of those for tests in libpython.
check_modules() { # SERIES TREE
    awk '/^\*/ { kind = $1; next } kind == "*disabled*" { for (i = 1; i <= NF; i++) print $i, kind; next }
        NF { print $1, kind }' "$2/Modules/Setup.local" >"$2/kinds"
    have "$1" module | while read -r module; do
        grep -q "^$module " "$2/kinds" || echo "the module $module is nowhere"
    done
    grep -E '^(_test|_xxtest|xxlimited|_ctypes_test)[^ ]* \*static' "$2/kinds" |
        sed 's/ .*/ is for tests, and built into libpython/'
    for module in _ssl _hashlib _sqlite3 _ctypes _decimal _bz2 _lzma zlib readline _uuid pyexpat; do
        grep -q "^$module \*shared" "$2/kinds" || echo "$module is not a shared object"
    done
    sed -n 's/^\(LIBHACL_.*_LIB_SHARED\)=..*/\1 has objects that libpython has, too/p' "$2/Makefile.pre"
}

# What the recipe says of this version: the values of that key in its table `differs`.
differences() { # SERIES KEY
    awk -v series="$1" -v key="$2:" '
        function number(v, part) { split(v, part, "."); return part[1] * 1000 + part[2] }
        /^[a-z-]+:/ { here = $1 == "differs:" }
        $1 == "versions:" {
            gsub(/[" ]|versions:/, "")
            n = split($0, bounds, ",")
            fits = 1
            for (i = 1; i <= n; i++)
                if (bounds[i] ~ /^>=/) fits = fits && number(series) >= number(substr(bounds[i], 3))
                else fits = fits && number(series) < number(substr(bounds[i], 2)) }
        here && fits && $1 == key { sub(/^ *[a-z]+: */, ""); print }' "$recipe/recipe.yaml"
}

# What a tree needs that can be moved and embedded: a patch for this version, for each of them.
check_patches() { # SERIES
    awk -v series="$1" '
        function number(v, part) { split(v, part, "."); return part[1] * 1000 + part[2] }
        /^  - file:/ { file = $3 }
        /^    versions:/ {
            gsub(/[" ]|versions:/, "")
            n = split($0, bounds, ",")
            fits = 1
            for (i = 1; i <= n; i++) {
                if (bounds[i] ~ /^>=/) fits = fits && number(series) >= number(substr(bounds[i], 3))
                else fits = fits && number(series) < number(substr(bounds[i], 2))
            }
            if (fits) print file }' "$recipe/recipe.yaml" >"$work/patches"
    for patch in getpath-from-libpython venv-through-link venv-stale-home program-from-proc \
        python-config-anywhere hypot-version; do
        grep -q "^$patch" "$work/patches" || echo "there is no $patch.patch for $1"
    done
    while read -r patch; do
        sed -n 's|^+++ b/||p' "$recipe/$patch" | grep -xE 'Modules/getpath.*|Misc/.*|Programs/.*' |
            while read -r file; do
                have "$1" file | grep -qx "$file" || echo "$patch: $1 has no $file"
            done
    done <"$work/patches"
}

test_release() { # SERIES
    tree=$work/$1
    skeleton "$1" "$tree"
    sh -e tests/versions/run.sh --drive "$1" "$tree" >"$work/log" 2>&1 || { cat "$work/log"; return 1; }
    { check_modules "$1" "$tree"; check_patches "$1"; } >"$work/found"
    cat "$work/found"
    ! [ -s "$work/found" ]
}

if [ "${1:-}" = --drive ]; then
    drive "$2" "$3"
    exit
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- 3.10 3.12 3.14 3.15 3.16
for series; do
    if [ "$series" = 3.10 ]; then
        # `solder build` refuses it, because of this; a skeleton that passes would tell of a broken test.
        ! test_release 3.10 >"$work/why" && grep -q 'configure has no --with-pkg-config=no' "$work/why"
    else
        test_release "$series" >"$work/why"
    fi
    if [ $? = 0 ]; then
        passed=$((passed + 1))
    else
        sed "s/^/failed: $series: /" "$work/why"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
