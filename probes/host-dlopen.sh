# A program that is not Python loads libpython at run time.
. "$PROBES/common.sh"
build compile "$CC" -o host "$PROBES/host.c" -ldl -pthread
try global ./host "$LIBPYTHON" global "$MODULE"
try local ./host "$LIBPYTHON" local "$MODULE"
