# An extension module as extensions should be: not linked with libpython.
. "$PROBES/common.sh"
build compile "$CC" -shared -fPIC -I"$INCLUDE" -DNAME=plain -o "plain$EXT" "$PROBES/plain.c"
needed "plain$EXT" needs-libpython
python import importing.py . plain
