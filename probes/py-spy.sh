# py-spy on a running Python, and on one that has opened libpython by ctypes.
. "$PROBES/common.sh"
. "$PROBES/sleeper.sh"
dump() {
	key=$1
	shift
	start "$@"
	n=0
	while :; do
		status=0
		timeout --foreground 20 py-spy dump --pid "$pid" >out 2>&1 || status=$?
		n=$((n + 1))
		# A snapshot of a Python at work fails now and then.
		if [ $status = 0 ] && grep -q probe_inner out && grep -q probe_outer out; then
			seen "$key" ok
			break
		elif [ $n = 5 ]; then
			seen "$key" "failed-$status"
			break
		fi
		sleep 0.2
	done
	cat out
	stop
	may_look
}
look_twice dump
