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

if [ "$LINK" = dual ]; then
	# Its start is not the C library's.
	cat >"$SCRATCH/once" <<'END'
break join_first_image
commands
silent
echo constructor\n
continue
end
run
END
	same "a dual interpreter's constructors run once" \
		"$(gdb -nx -batch -x "$SCRATCH/once" --args "$PYTHON" -I -S -c pass 2>&1 | grep -c '^constructor$')" 1
	mkfifo "$SCRATCH/wait"
	"$PYTHON" -I -S -c 'print(flush=True); open(__import__("sys").argv[1]).read()' "$SCRATCH/wait" \
		>"$SCRATCH/ready" &
	python=$! n=0
	while ! [ -s "$SCRATCH/ready" ] && [ $n -lt 600 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	# By DT_DEBUG.
	some "a dual interpreter that runs: what is loaded is found" \
		"$(gdb -nx -batch -p $python -ex 'info sharedlibrary' 2>&1 | grep '/libc\.so\.6')"
	kill $python
	wait
fi
