# Where the thread-local storage of Python is and how it is reached.
. "$PROBES/common.sh"
executable_relocs=$(readelf -rW "$PYTHON" | grep -cE 'DTPMOD|TLSDESC' || true)
seen executable-dynamic-tls "$executable_relocs"
if readelf -sW --dyn-syms "$PYTHON" | grep -q '__tls_get_addr'; then
	seen executable-calls-tls-get-addr yes
else
	seen executable-calls-tls-get-addr no
fi
if [ -n "$LIBPYTHON" ]; then
	flag=no
	readelf -dW "$LIBPYTHON" | grep -q STATIC_TLS && flag=yes
	seen library-static-tls "$flag"
	flag=no
	readelf -VW "$LIBPYTHON" | grep -q GLIBC_ABI_GNU2_TLS && flag=yes
	seen library-needs-gnu2-tls "$flag"
fi
[ -n "$LIBPYTHON" ] && [ -n "$CC" ] || exit 0

# What glibc keeps for libraries that come late is used up, 16 bytes at a time, then libpython.
build compile "$CC" -o host "$PROBES/host.c" -ldl -pthread
tls_libraries 400 -DSIZE=16 -ftls-model=initial-exec
build compile "$CC" -o room "$PROBES/room.c" -ldl
# shellcheck disable=SC2086
./room $libraries >out 2>&1 || true
cat out
filled=$(sed -n 's/^loaded //p' out)
seen late-static-tls-bytes $((filled * 16))
# shellcheck disable=SC2086
set -- $libraries
while [ $# -gt "$filled" ]; do
	shift
done
try when-used-up ./host "$LIBPYTHON" global "$MODULE" "$@"
