# Sourced by the probes. Each is a script that runs in a folder of its own, with these set:
#   PYTHON SERIES PREFIX LINK     the interpreter, "3.13", its prefix, static|shared|dual
#   ANSWERS                       yes: the static interpreter has libpython's SONAME
#   LIBPYTHON LIBPYTHON_A         libpython as shared and as static library; "" for none
#   INCLUDE LIBPL LIBPC EXT       from sysconfig: headers, config folder, pkg-config, EXT_SUFFIX
#   STATIC_LIBS                   what sysconfig says a program with libpython.a needs
#   MODULE                        a module of lib-dynload
#   CC CXX PROBES                 compilers, and the folder of this file
#   OFFLINE                       1: nothing may be downloaded
#   SEEN                          a file; see below
# What was seen goes to $SEEN: "KEY=VALUE" lines, compared with what solder expects;
# "skip: REASON" when the probe cannot be made; "crash: TEXT" with what is known of a crash.
# The output is the log.
set -eu

seen() {
	printf '%s=%s\n' "$1" "$2" >>"$SEEN"
}

skip() {
	printf 'skip: %s\n' "$*" >>"$SEEN"
	exit 0
}

have() {
	command -v "$1" >/dev/null
}

# The first words of a long command will do.
say_command() {
	words=0
	printf '$'
	for word; do
		words=$((words + 1))
		[ $words -le 40 ] || continue
		printf " '%s'" "$word"
	done
	[ $words -le 40 ] || printf ' and %s more' $((words - 40))
	printf '\n'
}

# How a command ended, from its exit code and what it said in the file "out": ok, hang, a signal,
# the exception that ended it, or the exit code.
outcome() {
	if [ "$1" = 0 ]; then
		echo ok
	elif [ "$1" = 124 ] || [ "$1" = 137 ]; then
		echo hang
	elif [ "$1" -gt 128 ] && [ "$1" -lt 193 ]; then
		echo "SIG$(kill -l $(($1 - 128)))"
	elif grep -qE 'error while loading shared libraries|^Error loading shared library' out; then
		echo missing-library
	elif grep -qE 'static TLS|initial-exec TLS' out; then
		echo no-static-tls
	elif grep -qE 'undefined symbol|Error relocating .*: symbol not found' out; then
		echo undefined-symbol
	else
		raised=$(sed -n 's/^\([A-Za-z_.]*\(Error\|Exception\|Exit\)\)\(:.*\)\{0,1\}$/\1/p' out |
			tail -n 1)
		echo "${raised:-exit-$1}"
	fi
}

crash() {
	frame=$(sed -n '/most recent call first/,$s/^  \(File .*\)/\1/p' out | head -n 1)
	fatal=$(sed -n 's/^\(Fatal Python error: .*\)/\1/p' out | head -n 1)
	mapped=$(sed -n 's/^mapped: //p' out | tr '\n' ' ')
	printf 'crash: %s: %s; %slast Python frame: %s; libpythons mapped: %s\n' "$1" "$2" \
		"${fatal:+$fatal; }" "${frame:-none}" "${mapped:-none}" >>"$SEEN"
}

# try KEY COMMAND...: runs it for at most LIMIT seconds, with a reporter of crashes, and notes under
# KEY how it ended.
# Lines "seen: KEY=VALUE" that it prints are passed on.
try() {
	key=$1
	shift
	say_command "$@"
	status=0
	if [ -e crash.so ]; then
		timeout --foreground -s ABRT -k 5 "${LIMIT:-60}" env LD_PRELOAD=./crash.so "$@" >out 2>&1 ||
			status=$?
	else
		timeout --foreground -s ABRT -k 5 "${LIMIT:-60}" "$@" >out 2>&1 || status=$?
	fi
	cat out
	sed -n 's/^seen: //p' out >>"$SEEN"
	ended=$(outcome "$status")
	seen "$key" "$ended"
	case $ended in
	SIG* | hang) crash "$key" "$ended" ;;
	esac
}

# build KEY COMMAND...: a step that the rest needs; its failure ends the probe.
build() {
	key=$1
	shift
	say_command "$@"
	if "$@" >out 2>&1; then
		cat out
	else
		cat out
		seen "$key" failed
		exit 0
	fi
}

# python KEY SCRIPT ARGUMENT...: a script of ours under the interpreter that is being probed.
python() {
	key=$1
	script=$2
	shift 2
	try "$key" "$PYTHON" -X faulthandler "$PROBES/$script" "$@"
}

# Says which libpythons are mapped when a program crashes. The path in LD_PRELOAD is a relative
# one, since it may hold no spaces.
crash_reporter() {
	"$CC" -shared -fPIC -O1 -o crash.so "$PROBES/crash.c"
}

needed() {
	if readelf -dW "$1" | grep -q 'NEEDED.*[[/]libpython'; then
		seen "$2" yes
	else
		seen "$2" no
	fi
}

libdir() {
	dirname "$LIBPYTHON"
}

# Whether what programs are linked with says where libpython lies (solder build --embed here).
says_place() {
	case $(readelf -dW "${LIBPYTHON%.so*}.so" | grep SONAME) in
	*'[/'*) seen says-place yes ;;
	esac
}

# Which libpython of that name the system's loader has in its cache.
loader_finds() {
	/sbin/ldconfig -p >cache 2>&1 || true
	known=$(sed -n "s|.*${LIBPYTHON##*/} .* => ||p" cache | head -n 1)
	if [ -z "$known" ]; then
		seen loader-finds none
	elif [ "$(readlink -f "$known")" = "$(readlink -f "$LIBPYTHON")" ]; then
		seen loader-finds ours
	else
		seen loader-finds another
	fi
}

# tls_libraries N FLAG...: N libraries with thread-local storage, tls0.so and so on; $libraries lists
# them.
tls_libraries() {
	n=$1
	shift
	build compile "$CC" -shared -fPIC -O1 "$@" -o tls.so "$PROBES/tlslib.c"
	libraries=
	i=0
	while [ $i -lt "$n" ]; do
		cp tls.so "./tls$i.so"
		libraries="$libraries ./tls$i.so"
		i=$((i + 1))
	done
}

if [ -n "${CC:-}" ]; then
	crash_reporter
fi
export PYTHONFAULTHANDLER=1 PYTHONDONTWRITEBYTECODE=1
