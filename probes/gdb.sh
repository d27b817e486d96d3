# gdb on a running Python: in which file _PyRuntime is and whether the evaluation loop has a name.
. "$PROBES/common.sh"
. "$PROBES/sleeper.sh"
start
if timeout --foreground 50 gdb -nx -batch -p "$pid" -ex 'info symbol (void *) &_PyRuntime' \
	-ex 'thread apply all bt 30' >out 2>&1 </dev/null; then
	seen attach ok
else
	seen attach failed
fi
cat out
stop
may_look
if grep -q '^_PyRuntime in section .* of .*libpython' out; then
	seen runtime library
elif grep -q '^_PyRuntime in section' out; then
	seen runtime executable
else
	seen runtime not-found
fi
if grep -qE '_PyEval_EvalFrameDefault|PyEval_EvalCode' out; then
	seen frames ok
else
	seen frames nameless
fi
