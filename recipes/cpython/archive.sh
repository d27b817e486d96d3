# With a floor: what libpython.a calls is in no C library as old as the floor, so it brings
# the sysroot's functions along.  Those that call what newer C libraries have no longer, stat and its
# kin, stay out: each of them has a libc_nonshared.a or a libc with these.
library=$TREE/lib/libpython$LDVERSION.a
mkdir "$TMPDIR/newer"
cd "$TMPDIR/newer"
"${AR:-ar}" x "$DEPS/sysroot/libc_nonshared.a"
"${NM:-nm}" "$library" 2>&1 | sed -n 's/^ *U //p' | sort -u >calls
set --
for object in *.o; do
    if grep -qxF "${object%.o}" calls &&
        ! "${NM:-nm}" "$object" | grep -qE ' U (__[a-z]*x(stat|mknod)|__cxa_at|__register_atfork)'; then
        set -- "$@" "$object"
    fi
done
touch -r "$library" "$TMPDIR/time"
[ $# = 0 ] || "${AR:-ar}" rcsD "$library" "$@"
touch -r "$TMPDIR/time" "$library"
