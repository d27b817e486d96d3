# A program compiled by Nuitka with libpython inside: one that uses the installed standard library,
# and one that carries its own.
. "$PROBES/common.sh"
cp "$PROBES/frozen.py" .
# Nuitka has its own way to choose between C and C++, which the names of these would decide.
unset CC CXX
compile() {
	key=$1
	shift
	say_command "$PYTHON" -m nuitka "$@" frozen.py
	if PYTHONPATH=$SITE "$PYTHON" -m nuitka --static-libpython=yes --jobs=1 --output-dir=made "$@" \
		frozen.py >out 2>&1; then
		seen "$key" ok
	else
		seen "$key" failed
	fi
	tail -n 60 out
	sed -n 's/^.*FATAL: */says=/p' out | head -n 1 >>"$SEEN"
}
compile compile
if [ -e made/frozen.bin ]; then
	needed made/frozen.bin needs-libpython
	PYTHONHOME=$PREFIX
	export PYTHONHOME
	try run made/frozen.bin
	unset PYTHONHOME
	# As its user has it.
	PATH=$PREFIX/bin:$PATH try run-without-home made/frozen.bin
fi
have patchelf || exit 0
compile standalone --standalone
[ ! -e made/frozen.dist/frozen.bin ] || try standalone-run made/frozen.dist/frozen.bin
