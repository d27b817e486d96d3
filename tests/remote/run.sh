# Two machines, which are two caches, and one server.
#
#   SOLDER=/abs/solder sh tests/remote/run.sh
#
#   BACKEND=nginx  nginx with WebDAV, or casd: BuildBox's, which is unpacked into CASD=DIR
#   KILLS=20       how often the server is killed while a small world is built from it
#   SEED=CACHE     then a real CPython: the first machine has the finished steps of this cache
#   FULL=1         or makes them, for as long as that takes
#   OPTIONS=…      of solder build, for the real CPython
set -u
LC_ALL=C.UTF-8
export LC_ALL
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
unset CFLAGS LDFLAGS MAKEFLAGS MFLAGS MAKELEVEL SOLDER_REMOTE_CACHE

here=$(cd "$(dirname "$0")" && pwd)
world=$(mktemp -d "${TMPDIR:-/var/tmp}/solder-remote.XXXXXX")
mark=86400.1
. "$here/../broken/world.sh"
. "$here/../lib/machines.sh"
backend=${BACKEND:-nginx}
server= front=
# end PID...: servers, with their workers
end() {
	for pid; do
		kill -9 $pid $(cat "$world/workers.$pid")
		wait $pid
	done 2>/dev/null
}
stop() {
	end $server $front
	server= front=
}
trap 'stop; rm -rf "$world"' EXIT
trap 'exit 130' INT TERM

# started PID PORT: waits until it listens.
started() {
	for i in $(seq 200); do
		python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])))' \
			$2 2>/dev/null && break
		sleep 0.1
	done
	cat "/proc/$1/task/$1/children" >"$world/workers.$1"
}

# serve RATE: the server with its store as it is, at $url. casd knows no limit to its rate.
serve() {
	mkdir -p "$world/server/store"
	port=$(free_port)
	case $backend in
	nginx)
		sed -e "s,@ROOT@,$world/server,; s,@PORT@,$port,; s,@RATE@,$1," "$here/nginx.conf" \
			>"$world/server/conf"
		/usr/sbin/nginx -c "$world/server/conf" 2>/dev/null &
		url=http://127.0.0.1:$port
		;;
	casd)
		"$casd" --bind "127.0.0.1:$port" "$world/server/store" 2>"$world/server/errors" &
		url=grpc://127.0.0.1:$port
		;;
	esac
	server=$!
	started $server $port
}

now() {
	date +%s%N
}

# build MACHINE MODE [OPTION...]
build() {
	machine=$1
	mode=$2
	shift 2
	began=$(now)
	"$SOLDER" build --cache "$world/$machine/cache" -o "$world/$machine/tree" \
		--remote-cache "$url" --remote-cache-mode "$mode" "$@" \
		>"$world/out" 2>"$world/err"
	status=$?
	took=$((($(now) - began) / 1000000))
	return $status
}

small() {
	build "$@" --recipes "$world/recipes" --sources debian --mirror file:/nowhere --sandbox none
}

same() {
	diff -r --no-dereference "$world/first/tree" "$world/$1/tree" >"$world/differences"
}

one_warning() {
	[ "$(grep -c '^warning:' "$world/err")" -le 1 ]
}

counts() {
	sed -n 's/^the remote cache: //p' "$world/err"
}

case $backend in
nginx) ;;
casd) casd=$(python3 "$here/casd.py" "$CASD") || exit 1 ;;
*)
	echo "BACKEND is nginx or casd"
	exit 64
	;;
esac
make_world
serve 0
fill_sources first
check "a small world: the first machine makes all" small first readwrite
echo "    $took ms; $(counts)"
fill_sources second
check "a small world: the second one makes nothing" small second read
echo "    $took ms; $(counts)"
check "the same tree" same second
none_ran() { grep -q ' 0 steps run' "$world/out"; }
check "no step ran" none_ran
whole=$took
. "$here/access.sh"
stop
[ $backend = nginx ] || . "$here/hostile.sh"

# nginx is slow enough to be killed while it sends.
longest=$whole
[ $backend = casd ] || longest=$((whole + 2500))
kills=${KILLS:-20}
good=0 warned=0
for i in $(seq "$kills"); do
	rm -rf "$world/second"
	fill_sources second
	serve 300k
	{
		sleep "$(python3 -c "import random; print(random.Random($i).uniform(0, $longest / 1000))")"
		end $server
	} &
	killer=$!
	if small second readwrite && same second && one_warning; then
		good=$((good + 1))
	else
		cat "$world/err"
	fi
	warned=$((warned + $(grep -c '^warning:' "$world/err")))
	wait $killer 2>/dev/null
	stop
	[ -z "$(ls -A "$world/second/cache/work")" ] || good=-1000
done
all_good() { [ "$good" = "$kills" ]; }
if [ "$kills" != 0 ]; then
	check "the server killed $kills times: each tree is right, and nothing is left behind" all_good
	echo "    $warned builds had a line of warning"
fi

if [ -n "${SEED:-}${FULL:-}" ]; then
	rm -rf "$world/server/store" "$world/first" "$world/second"
	for machine in first second third; do
		mkdir -p "$world/$machine/cache"
		[ -z "${SEED:-}" ] || cp -al "$SEED/sources" "$world/$machine/cache/"
	done
	if [ -n "${SEED:-}" ]; then
		"$SOLDER" build -n --json --cache "$SEED" ${OPTIONS:-} >"$world/plan" &&
			python3 "$here/seed.py" "$world/plan" "$SEED" "$world/first/cache" || exit 1
	fi
	serve 0
	check "CPython: the first machine" build first readwrite ${OPTIONS:-}
	echo "    $took ms; $(counts)"
	check "CPython: the second machine" build second read ${OPTIONS:-}
	echo "    $took ms; $(counts)"
	check "no step ran" none_ran
	check "the same tree" same second
	# What is linked from a compile that came over the wire.
	check "CPython: the third machine links otherwise" build third read ${OPTIONS:-} --bind lazy
	echo "    $took ms; $(counts)"
	grep 'steps\{0,1\} run' "$world/out"
	check "it runs" "$world/third/tree/bin/python3" -c 'import ssl, sqlite3'
	[ $backend = casd ] || awk '{ n[$1]++; sent[$1] += $3; got[$1] += $4 }
		END { for (m in n) printf "    %s: %d requests, %.1f MB out, %.1f MB in\n", m, n[m], sent[m] / 1e6, got[m] / 1e6 }' \
		"$world/server/log"
	du -sh "$world/server/store" | sed 's/^/    on the server: /; s,	.*,,'
fi
[ $failed = 0 ]
