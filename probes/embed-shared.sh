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
/sbin/ldconfig -p >cache 2>&1 || true
known=$(sed -n "s|.*${LIBPYTHON##*/} .* => ||p" cache | head -n 1)
if [ -z "$known" ]; then
	seen loader-finds none
elif [ "$(readlink -f "$known")" = "$(readlink -f "$LIBPYTHON")" ]; then
	seen loader-finds ours
else
	seen loader-finds another
fi
try without-rpath ./bare "$MODULE"
used=$(sed -n 's/^libpython //p' out)
if [ "$ended" = ok ] && [ "$(readlink -f "$used")" != "$(readlink -f "$LIBPYTHON")" ]; then
	seen without-rpath another-libpython
fi
