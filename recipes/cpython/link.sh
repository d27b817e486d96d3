# An interpreter from the objects that compile.sh left in $BUILD, which may be
# read-only, and another libpython.so if it shall not be linked as compile.sh did
# it, or if it shall be the interpreter, too.  Seconds, or with LTO the time the
# optimiser takes.
. "$RECIPE/flags.sh"
interpreter=$OUT/python$LDVERSION

case $LINK in
static) objects='$(ORDERED)' ;;
shared) objects='$(BLDLIBRARY)' ;;
dual) objects= ;;
esac
case $PIE in
yes) pie=-pie ;;
no) pie=-no-pie ;;
esac
# The loader takes what has a name for whoever is asked for by that name: an
# extension module, or a dlopen, that names libpython gets this program.
name=
case $LINK:${SONAME:-yes} in
static:yes) name='-Wl,-soname,$(INSTSONAME)' ;;
esac
# BOLT moves code, and has to know all that refers to it.
emit=
case ${BOLT:-no} in
yes) emit=-Wl,--emit-relocs ;;
esac
# DT_RPATH instead of DT_RUNPATH also serves extension modules that name
# libpython without need: they load wherever the tree is.
flags="$files $emit -Wl,--disable-new-dtags -Wl,-rpath,'\$\$ORIGIN/../lib'"
lto="$lto $processes"
case $LTO:$CC_FAMILY in
none:* | *:clang) ;;
*)
    # gcc writes debug information when linking, too.
    lto="$codegen $lto -ffile-prefix-map=$here=Python-$VERSION"
    ;;
esac
if [ -n "$LLD" ]; then
    lto="$lto --ld-path=$(command -v "$LLD")"
fi
hacl=$(cat hacl)
# Libraries of modules that are built in: for this link alone, and for nobody else.
if [ "${MODULES:-seam}" = static ]; then
    flags="$flags -Wl,--exclude-libs,ALL -L$DEPS/lib"
    lto="$lto -L$DEPS/lib"
fi

# Another order of the same objects is another layout of the same code.
library_objects='$(LIBRARY_OBJS)'
if [ "${SHUFFLE:-0}" != 0 ]; then
    yes "$SHUFFLE" | head -c 1048576 >"$OUT/bytes"
    library_objects=$(make -s -o Makefile MACHDEP_OBJS="$hacl" \
        --eval='objects: ; @echo $(LIBRARY_OBJS)' objects |
        tr ' ' '\n' | shuf --random-source="$OUT/bytes" | tr '\n' ' ')
    rm "$OUT/bytes"
fi

# The Makefile's own rule for libpython.so writes into $BUILD.  With what is said of one.
link_library() {
    PWD=$here make -o Makefile MACHDEP_OBJS="$hacl" ORDERED="$library_objects" \
        LDFLAGS_NODIST="$ldflags $emit $lto" more="$*" \
        --eval='relink: ; $(BLDSHARED) -Wl,-h$(INSTSONAME) -o "$$OUT/$(INSTSONAME)" $(more) $(ORDERED) $(MODLIBS) $(SHLIBS) $(LIBC) $(LIBM)' \
        relink
}

if [ "$LINK" = dual ]; then
    # A shared object with a loader's name and an entry: the kernel starts it, and
    # the loader opens it, since nothing says that it is a program (DF_1_PIE).
    loader=$(readelf -lW Programs/_testembed |
        sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
    $CC -O2 -fPIC -fno-lto -fno-stack-protector $CODE_FLAGS -ffile-prefix-map="$RECIPE"=cpython \
        -DLOADER="\"$loader\"" -c -o "$TMPDIR/dual.o" "$RECIPE/dual.c"
    link_library "$TMPDIR/dual.o" Programs/python.o -Wl,-e,_start,--auxiliary=dual \
        -Wl,--disable-new-dtags -Wl,-rpath,"'\$\$ORIGIN/../lib'"
    mv "$OUT/libpython$LDVERSION.so.1.0" "$interpreter"
    # Programs have room for the loader to tell debuggers what is loaded (DT_DEBUG),
    # and linkers make none in libraries: this is what DT_AUXILIARY was for.
    set -- $(readelf -dW "$interpreter" | awk '
        /^Dynamic section at offset/ { start = $5 }
        /^ 0x/ { if ($2 == "(AUXILIARY)") print start, n + 0
                 n++ }')
    printf '\025\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' |
        dd of="$interpreter" bs=1 seek=$(($1 + 16 * $2)) conv=notrunc status=none
else
    # Nothing is out of date but the interpreter, whatever the clocks say.
    PWD=$here make -o Makefile -o Programs/python.o LINK_PYTHON_DEPS= BUILDPYTHON="$interpreter" \
        MACHDEP_OBJS="$hacl" ORDERED="$library_objects" LINK_PYTHON_OBJS="$objects" \
        LDFLAGS_NODIST="$flags $lto" LINKFORSHARED="-Wl,--export-dynamic $pie $name" "$interpreter"

    case ${SYMBOLIC:-yes}:${BIND:-now}:${SHUFFLE:-0}:${ICF:-no}:${RELR:-no}:${HUGE_TEXT:-no}:${PARTITION:-balanced}:${BOLT:-no} in
    yes:now:0:no:no:no:balanced:no) ;;
    *) link_library ;;
    esac
fi

# Linkers that do not know it ignore it.
if [ "${RELR:-no}" = yes ] && ! readelf -d "$OUT"/libpython*.so.* | grep -q '(RELR)'; then
    echo "the linker does not pack relative relocations: leave out --relr" >&2
    exit 1
fi
