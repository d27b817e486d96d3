# libpython opened by ctypes while the interpreter runs; each dangerous call in a process of its
# own. Needs no compiler.
. "$PROBES/common.sh"
seen answers "$ANSWERS"
python compare handle.py "$LIBPYTHON"
LIMIT=20

for call in small-integer list error gil thread-state; do
	python "call-$call" handle.py "$LIBPYTHON" "$call"
done
