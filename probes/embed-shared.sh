# A program linked with libpython.so, as python3-config says; with and without an rpath.
. "$PROBES/common.sh"
config=$PREFIX/bin/python$SERIES-config
[ -x "$config" ] || skip "needs $config"
# The shell splits what the tool quotes.
flags=$("$config" --embed --cflags --ldflags | tr '\n' ' ')
eval "build link \"\$CC\" -o embed \"\$PROBES/embed.c\" $flags -Wl,-rpath,\"\$(libdir)\""
eval "build link \"\$CC\" -o bare \"\$PROBES/embed.c\" $flags"
needed embed needs-libpython
try run ./embed "$MODULE"
case $flags in
*-rpath*) seen config-has-rpath yes ;;
esac
loader_finds
says_place
try without-rpath ./bare "$MODULE"
used=$(sed -n 's/^libpython //p' out)
if [ "$ended" = ok ] && [ "$(readlink -f "$used")" != "$(readlink -f "$LIBPYTHON")" ]; then
	seen without-rpath another-libpython
fi
