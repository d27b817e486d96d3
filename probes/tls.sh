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
build compile "$CC" -shared -fPIC -O1 -DSIZE=16 -ftls-model=initial-exec -o tls.so \
	"$PROBES/tlslib.c"
set --
i=0
while [ $i -lt 400 ]; do
	cp tls.so "./tls$i.so"
	set -- "$@" "./tls$i.so"
	i=$((i + 1))
done
build compile "$CC" -o room "$PROBES/room.c" -ldl
./room "$@" >out 2>&1 || true
cat out
filled=$(sed -n 's/^loaded //p' out)
seen late-static-tls-bytes $((filled * 16))
n=0
for file; do
	[ $n -lt "$filled" ] || break
	[ $n != 0 ] || set --
	set -- "$@" "$file"
	n=$((n + 1))
done
try when-used-up ./host "$LIBPYTHON" global "$MODULE" "$@"
