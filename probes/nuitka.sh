# A program compiled by Nuitka with libpython inside.
. "$PROBES/common.sh"
cp "$PROBES/frozen.py" .
export PYTHONPATH="$SITE"
# Nuitka has its own way to choose between C and C++, which the names of these would decide.
unset CC CXX
if "$PYTHON" -m nuitka --static-libpython=yes --jobs=1 --assume-yes-for-downloads --output-dir=made \
	frozen.py >out 2>&1; then
	seen compile ok
else
	seen compile failed
fi
cat out
sed -n 's/^.*FATAL: *//p' out | head -n 1 | sed 's/^/says=/' >>"$SEEN"
unset PYTHONPATH
[ -e made/frozen.bin ] || exit 0
needed made/frozen.bin needs-libpython
try run made/frozen.bin
