# An interpreter from the objects that compile.sh left in $BUILD, which may be
# read-only, and another libpython.so if it shall not be linked as compile.sh did
# it.  Seconds, or with LTO the time the optimiser takes.
. "$RECIPE/flags.sh"
interpreter=$OUT/python$MAJORMINOR

case $LINK in
static) objects='$(LIBRARY_OBJS)' ;;
shared) objects='$(BLDLIBRARY)' ;;
esac
case $PIE in
yes) pie=-pie ;;
no) pie=-no-pie ;;
esac
# DT_RPATH instead of DT_RUNPATH also serves extension modules that name
# libpython without need: they load wherever the tree is.
flags="$bind -Wl,--disable-new-dtags -Wl,-rpath,'\$\$ORIGIN/../lib'"
lto=
case $LTO:$CC_FAMILY in
none:*) ;;
*:gcc)
    lto="$codegen -flto-partition=balanced -flto=$JOBS"
    # gcc writes debug information when linking, too.
    lto="$lto -ffile-prefix-map=$BUILD=Python-$VERSION"
    ;;
*) lto="-Wl,--thinlto-jobs=$JOBS" ;;
esac
if [ -n "$LLD" ]; then
    lto="$lto --ld-path=$(command -v "$LLD")"
fi
hacl=$(cat hacl)

# Nothing is out of date but the interpreter, whatever the clocks say.
make -o Makefile -o Programs/python.o LINK_PYTHON_DEPS= BUILDPYTHON="$interpreter" \
    MACHDEP_OBJS="$hacl" LINK_PYTHON_OBJS="$objects" \
    LDFLAGS_NODIST="$flags $lto" LINKFORSHARED="-Wl,--export-dynamic $pie" "$interpreter"

case ${SYMBOLIC:-yes}:${BIND:-now} in
yes:now) ;;
*)
    # The Makefile's own rule writes into $BUILD.
    make -o Makefile MACHDEP_OBJS="$hacl" LDFLAGS_NODIST="$ldflags $lto" \
        --eval='relink: ; $(BLDSHARED) -Wl,-h$(INSTSONAME) -o "$$OUT/$(INSTSONAME)" $(LIBRARY_OBJS) $(MODLIBS) $(SHLIBS) $(LIBC) $(LIBM)' \
        relink
    ;;
esac
