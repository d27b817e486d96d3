# Programs built with what python3-embed.pc says, with the .so and with the .a.
. "$PROBES/common.sh"
export PKG_CONFIG_PATH="$LIBPC"
[ -e "$LIBPC/python-$SERIES-embed.pc" ] || skip "needs $LIBPC/python-$SERIES-embed.pc"
case $(pkg-config --libs "python-$SERIES") in
*-lpython*) seen module-libs libpython ;;
*) seen module-libs none ;;
esac
flags=$(pkg-config --cflags --libs "python-$SERIES-embed")
eval "build link \"\$CC\" -o program \"\$PROBES/embed.c\" $flags -Wl,-rpath,\"\$(libdir)\""
seen link ok
needed program needs-libpython
try run ./program "$MODULE"
if [ -z "$LIBPYTHON_A" ]; then
	seen archive no
	exit 0
fi
# The linker would take the .so of the same folder, or another Python's archive.
flags=$(pkg-config --static --cflags --libs "python-$SERIES-embed" |
	sed "s/-lpython$SERIES/\"\$LIBPYTHON_A\"/")
eval "build static \"\$CC\" -o static \"\$PROBES/embed.c\" $flags -Wl,--export-dynamic"
seen static ok
export PYTHONHOME="$PREFIX"
try static-run ./static "$MODULE"
