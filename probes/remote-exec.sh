# sys.remote_exec() into a running Python, and into one that has opened libpython by ctypes.
. "$PROBES/common.sh"
if ! "$PYTHON" -c 'import sys; sys.remote_exec' 2>/dev/null; then
	skip "this Python has no sys.remote_exec(), which came with 3.14"
fi
. "$PROBES/sleeper.sh"
# What is sent writes from the other process, in the functions that it interrupts.
send() {
	what=$1
	shift
	start "$@"
	rm -f arrived
	cat >sent.py <<-END
		import os, traceback
		with open("$PWD/arrived.tmp", "w") as file:
		    print(os.getpid(), *(frame.name for frame in traceback.extract_stack()), file=file)
		os.rename("$PWD/arrived.tmp", "$PWD/arrived")
	END
	LIMIT=20 try "$what-call" "$PYTHON" -c 'import sys; sys.remote_exec(int(sys.argv[1]), sys.argv[2])' \
		"$pid" "$PWD/sent.py"
	n=0
	while [ ! -e arrived ] && [ $n -lt 100 ] && [ "$ended" = ok ]; do
		n=$((n + 1))
		sleep 0.1
	done
	if [ ! -e arrived ]; then
		seen "$what" no-answer
	elif grep -q "^$pid .*probe_outer.*probe_inner" arrived; then
		seen "$what" ok
	else
		seen "$what" elsewhere
	fi
	[ ! -e arrived ] || cat arrived
	stop
	may_look
}
look_twice send
