# A one-file program made by PyInstaller.
. "$PROBES/common.sh"
cp "$PROBES/frozen.py" .
export PYTHONPATH="$SITE"
if "$PYTHON" -m PyInstaller --onefile --distpath made --workpath work frozen.py >out 2>&1; then
	seen freeze ok
else
	seen freeze failed
fi
cat out
[ -e made/frozen ] || exit 0
if "$PYTHON" -m PyInstaller.utils.cliutils.archive_viewer -l made/frozen >out 2>&1 &&
	grep -q 'libpython' out; then
	seen bundles-libpython yes
else
	seen bundles-libpython no
fi
cat out
unset PYTHONPATH
try run env PATH=/usr/bin:/bin made/frozen
