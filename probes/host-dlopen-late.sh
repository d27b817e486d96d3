# The same after 100 other libraries with thread-local storage.
. "$PROBES/common.sh"
build compile "$CC" -o host "$PROBES/host.c" -ldl -pthread
build compile "$CC" -shared -fPIC -O1 -ftls-model=global-dynamic -o tls.so "$PROBES/tlslib.c"
set --
i=0
while [ $i -lt 100 ]; do
	cp tls.so "./tls$i.so"
	set -- "$@" "./tls$i.so"
	i=$((i + 1))
done
try run ./host "$LIBPYTHON" global "$MODULE" "$@"
