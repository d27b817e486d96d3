# Broken things, end to end: `solder build` on packages of two lines, with tarballs that lie, places
# that do not answer, disks that are full, and signals in the middle. Each case ends in one clear
# message or goes on correctly, and leaves nothing half-made.
#
#   OUT=out sh tests/broken/run.sh [PATTERN]      only the cases whose name contains PATTERN
set -u
LC_ALL=C.UTF-8
export LC_ALL
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
unset SOLDER_RECIPES XDG_CACHE_HOME CFLAGS LDFLAGS MAKEFLAGS MFLAGS MAKELEVEL

here=$(cd "$(dirname "$0")" && pwd)
solder=$(cd "${OUT:-out}" && pwd)/solder
pattern=${1:-}
world=$(mktemp -d /var/tmp/solder-broken.XXXXXX)
mark=86400.0$(printf '%s' "$world" | cksum | cut -d' ' -f1)
. "$here/world.sh"

server=
end() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	for pid in $(strays); do kill -9 "$pid" 2>/dev/null; done
	rm -rf "$world"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- what cases are made of ------------------------------------------------------------------

# Processes of steps that still run.
strays() {
	grep -lF "$mark" /proc/[0-9]*/cmdline 2>/dev/null | tr -dc '0-9\n' | while read -r pid; do
		# Zombies have no command line; this shell's children may hold the word for a moment.
		case $(cat "/proc/$pid/comm" 2>/dev/null) in '' | grep) ;; *) echo "$pid" ;; esac
	done
}

serve() {
	rm -f "$world/port"
	python3 "$here/server.py" "$world/www" "$world/rules" "$world/requests" "$world/port" &
	server=$!
	for i in $(seq 100); do
		[ -e "$world/port" ] && break
		sleep 0.1
	done
	port=$(cat "$world/port") || exit 1
}

fail() {
	echo "    $*"
	for f in out err; do
		[ -s "$case/$f" ] && sed "s/^/    std$f: /" "$case/$f"
	done
	exit 1
}

skip() {
	echo "$*"
	exit 77
}

# The command line of a build; $sandbox, $cache, $recipes, $output, $mirror and $with, variables of
# the environment, are the case's.
build() {
	env $with "$solder" build --recipes "$recipes" --cache "$cache" --sources debian --mirror "$mirror" \
		--sandbox "$sandbox" -o "$output" "$@" >"$case/out" 2>"$case/err"
}

# expect STATUS COMMAND...
expect() {
	wanted=$1
	shift
	"$@"
	status=$?
	[ "$status" = "$wanted" ] || fail "'$*' ended with $status instead of $wanted"
	[ "$wanted" != 2 ] || [ "$(grep -c '^solder: ' "$case/err")" = 1 ] ||
		fail "not one message that begins with 'solder:'"
	if grep -q 'Sanitizer\|runtime error' "$case/err"; then fail "a sanitizer found something"; fi
}

says() {
	for word; do
		grep -qF -e "$word" "$case/err" "$case/out" || fail "nothing is said about '$word'"
	done
}

# How often the script of a step ran.
runs() {
	cat "$world/ctl/runs" 2>/dev/null | grep -cx "$1" || :
}

ran() {
	while [ $# -gt 0 ]; do
		[ "$(runs "$1")" = "$2" ] || fail "the step '$1' ran $(runs "$1") times, not $2"
		shift 2
	done
}

greets() {
	[ "$("$1/bin/python3.13" 2>&1)" = "hello 40" ] || fail "the python at '$1' does not work"
}

wait_for() {
	for i in $(seq 150); do
		if eval "$1"; then return; fi
		sleep 0.1
	done
	fail "waited in vain for: $1"
}

no_strays() {
	for i in $(seq 50); do
		[ -n "$(strays)" ] || return 0
		sleep 0.1
	done
	for pid in $(strays); do
		echo "    pid $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-200)"
	done
	fail "processes of a step still run"
}

# Nothing half-made: in the cache, beside the outputs, among the processes.
clean() {
	no_strays
	if [ -d "$cache/work" ] && [ -n "$(ls -A "$cache/work")" ]; then
		fail "left in the cache's work: $(ls -A "$cache/work")"
	fi
	left=$(find "$case" \( -name '*.new-*' -o -name '*.old-*' -o -name '*.solder[.-]*' \
		-o -name '*.tmp-*' -o -name '.*.00000000' -o -name 'solder-*.??????' \) -print)
	[ -z "$left" ] || fail "left behind: $left"
	for e in "$cache"/store/*; do
		if [ -e "$e" ] && ! { [ -d "$e/tree" ] && [ -s "$e/inputs" ] && [ -s "$e/took" ]; }; then
			fail "the entry $e of the store is not complete"
		fi
	done
}

# A copy of the recipes that the case may change.
own_recipes() {
	cp -R "$recipes" "$case/recipes"
	recipes=$case/recipes
}

# relock PACKAGE FILE: the lock names another file of www/pool for the package, with its digest.
relock() {
	own_recipes
	lock debian apt >"$recipes/sets/debian.yaml" <<-END
		zlib 1.0 $([ "$1" = zlib ] && echo "$2" || echo zlib-1.0.tar.gz)
		words 1.0 $([ "$1" = words ] && echo "$2" || echo words-1.0.tar.gz)
		cpython 3.13.5 Python-3.13.5.tar.gz
	END
}

# A cache that has the sources, or that has everything.
have_sources() {
	mkdir -p "$cache"
	cp -a "$world/warm/sources" "$cache/"
}

have_all() {
	mkdir -p "$cache"
	cp -a "$world/warm/." "$cache/"
}

in_namespace() {
	[ "$(id -u)" = 0 ] || skip "only root may mount"
	unshare -m true 2>/dev/null || skip "mount namespaces are not permitted here"
}

boxed() {
	command -v bwrap >/dev/null || skip "bubblewrap is not installed"
	bwrap --ro-bind / / --unshare-net --unshare-pid true 2>/dev/null ||
		skip "bubblewrap is not permitted here"
	sandbox=bwrap
}

start() {
	# The shell lets background jobs ignore SIGINT.
	env --default-signal=INT "$solder" build --recipes "$recipes" --cache "$cache" \
		--sources debian --mirror "$mirror" --sandbox "$sandbox" -o "$output" "$@" \
		>"$case/out" 2>"$case/err" &
	pid=$!
}

passed=0 failed=0 skipped=0
run() {
	case=$world/case with=
	began=$(date +%s%N)
	cache=$case/cache output=$case/dist/python recipes=$world/recipes sandbox=none
	mirror=http://127.0.0.1:$port
	rm -rf "$case" "$world/ctl"
	mkdir -p "$case/dist" "$world/ctl"
	: >"$world/rules"
	: >"$world/requests"
	report=$( ("t_$1" && clean) 2>&1)
	result=$?
	[ -z "${TIMES:-}" ] || echo "$((($(date +%s%N) - began) / 1000000)) ms $1"
	case $result in
	0) passed=$((passed + 1)) ;;
	77)
		skipped=$((skipped + 1))
		echo "skipped $1: $report"
		;;
	*)
		failed=$((failed + 1))
		echo "FAILED $1"
		printf '%s\n' "$report"
		for pid in $(strays); do kill -9 "$pid" 2>/dev/null; done
		;;
	esac
}

for f in builds sources machine trees signals remote; do
	. "$here/cases-$f.sh"
done

# ----------------------------------------------------------------------------------------------

make_world
serve
# The first one fills the cache that others start from.
run good_build
[ $passed = 1 ] || pattern=none
for name in $(sed -n 's/^t_\([a-z_]*\)() {.*/\1/p' "$here"/cases-*.sh); do
	case $name in *"$pattern"*) [ "$name" = good_build ] || run "$name" ;; esac
done
[ $skipped = 0 ] || rest=", $skipped skipped"
echo "$passed passed, $failed failed${rest:-}"
[ $failed = 0 ]
