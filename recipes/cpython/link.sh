# An interpreter from the objects that compile.sh left in $BUILD, which may be
# read-only.  Seconds, or with LTO the time the optimiser takes.
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
flags="-Wl,-z,relro,-z,now -Wl,--disable-new-dtags -Wl,-rpath,'\$\$ORIGIN/../lib'"
case $LTO:$CC_FAMILY in
none:*) ;;
*:gcc)
    flags="$flags -flto-partition=balanced -flto=$JOBS"
    # gcc writes debug information when linking, too.
    flags="$flags -ffile-prefix-map=$BUILD=Python-$VERSION"
    ;;
*) flags="$flags -Wl,--thinlto-jobs=$JOBS" ;;
esac
if [ -n "$LLD" ]; then
    flags="$flags --ld-path=$(command -v "$LLD")"
fi

# Nothing is out of date but the interpreter, whatever the clocks say.
make -o Makefile -o Programs/python.o LINK_PYTHON_DEPS= BUILDPYTHON="$interpreter" \
    MACHDEP_OBJS="$(cat hacl)" LINK_PYTHON_OBJS="$objects" \
    LDFLAGS_NODIST="$flags" LINKFORSHARED="-Wl,--export-dynamic $pie" "$interpreter"
