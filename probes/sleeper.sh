# Sourced by the probes that look into a running Python.

# start ARGUMENT...: a Python that computes; its number is in $pid.
start() {
	rm -f ready
	"$PYTHON" "$PROBES/sleeper.py" "$@" >ready 2>&1 &
	pid=$!
	n=0
	while ! grep -q ready ready; do
		n=$((n + 1))
		[ $n -lt 200 ] || skip "the Python to look into did not start: $(head -n 3 ready)"
		sleep 0.1
	done
}

stop() {
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}
trap 'kill -9 "$pid" 2>/dev/null || true' EXIT

may_look() {
	! grep -qiE 'permission denied|operation not permitted|ptrace: ' out ||
		skip "needs the right to look into other processes (ptrace)"
}

# look_twice COMMAND: at a plain Python, and at one that has opened libpython by ctypes.
look_twice() {
	"$1" plain
	if [ "$LINK" = static ] && [ -n "$LIBPYTHON" ]; then
		"$1" after-handle "$LIBPYTHON"
	else
		seen second-copy no
	fi
}
