# A program with libpython.a inside, linked as sysconfig says; with and without exporting the API
# to extension modules.
. "$PROBES/common.sh"
archive=$LIBPYTHON_A
for pic in "$LIBPL/libpython$SERIES-pic.a"; do
	[ ! -e "$pic" ] || archive=$pic
done
# STATIC_LIBS is a list of words.
link() {
	key=$1
	shift
	say_command "$CC" -o embed -I"$INCLUDE" "$PROBES/embed.c" "$archive" $STATIC_LIBS "$@"
	if "$CC" -o embed -I"$INCLUDE" "$PROBES/embed.c" "$archive" $STATIC_LIBS "$@" >out 2>&1; then
		seen "$key" ok
	else
		tail -n 40 out
		seen "$key" failed
		return 1
	fi
}
export PYTHONHOME="$PREFIX"
if link link-pie -pie -Wl,--export-dynamic; then
	needed embed needs-libpython
	try run ./embed "$MODULE"
fi
if link link -pie; then
	try without-export ./embed "$MODULE"
fi
