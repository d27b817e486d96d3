# uWSGI, a server that embeds Python, answers a request.
. "$PROBES/common.sh"
server=$(command -v uwsgi)
needed "$server" needs-libpython
cp "$PROBES/wsgi.py" .
# A socket's path must be short.
short=$(mktemp -d /tmp/probe.XXXXXX)
trap 'kill -9 "$pid" 2>/dev/null || true; rm -rf "$short"' EXIT
# The library of a private prefix is on no search path.
LD_LIBRARY_PATH=${LIBPYTHON:+$(libdir)} PYTHONHOME=$PREFIX "$server" --socket "$short/s" \
	--module wsgi --need-app --enable-threads --die-on-term >server 2>&1 &
pid=$!
try answer "$PYTHON" "$PROBES/wsgiclient.py" "$short/s"
kill "$pid" 2>/dev/null || true
cat server
