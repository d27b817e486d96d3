# The same, linked with libpython without need; no rpath, as in a wheel.
. "$PROBES/common.sh"
seen answers "$ANSWERS"
build compile "$CC" -shared -fPIC -I"$INCLUDE" -DNAME=overlinked -o "overlinked$EXT" \
	"$PROBES/plain.c" -Wl,--no-as-needed "$LIBPYTHON"
needed "overlinked$EXT" needs-libpython
python import importing.py . overlinked
