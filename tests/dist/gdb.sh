# gdb finds CPython's extension beside the interpreter and beside libpython, where it may load what
# lies in the tree.
. "$HERE/common.sh"

if ! have gdb; then
	skip "py-bt" "no gdb here"
	exit 0
fi
cat >"$SCRATCH/program.py" <<'END_PROGRAM'
def inner(depth):
    return id(depth) if depth == 0 else inner(depth - 1)
inner(3)
END_PROGRAM
# debug PYTHON: what gdb says when the program is in the innermost call.
debug() {
	gdb -nx -batch -iex "add-auto-load-safe-path $TREE" -ex 'set breakpoint pending on' \
		-ex 'break builtin_id' -ex run -ex 'info auto-load python-scripts' -ex py-bt \
		--args "$1" -S "$SCRATCH/program.py" 2>&1
}
ln -s "$PYTHON" "$SCRATCH/a link"
for python in "$PYTHON" "$SCRATCH/a link"; do
	debug "$python" >"$SCRATCH/gdb"
	same "py-bt: Python's frames (${python##*/})" \
		"$(grep -c 'program.py", line 2, in inner' "$SCRATCH/gdb")" 4 || show <"$SCRATCH/gdb"
	some "it is loaded from the tree (${python##*/})" "$(grep "Yes.*$TREE.*-gdb.py" "$SCRATCH/gdb")"
done
