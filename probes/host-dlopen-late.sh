# The same after 100 other libraries with thread-local storage.
. "$PROBES/common.sh"
build compile "$CC" -o host "$PROBES/host.c" -ldl -pthread
tls_libraries 100 -ftls-model=global-dynamic
# shellcheck disable=SC2086
try run ./host "$LIBPYTHON" global "$MODULE" $libraries
