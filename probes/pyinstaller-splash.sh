# A one-file program made by PyInstaller with a splash screen: its starter loads Tcl and Tk from C,
# before there is a Python.
. "$PROBES/common.sh"
if ! "$PYTHON" -c 'import tkinter' >out 2>&1; then
	cat out
	skip "needs tkinter, which this Python does not have: $(tail -n 1 out)"
fi
have Xvfb || skip "needs a display: Xvfb is not installed"
server=
trap '[ -z "$server" ] || kill "$server"' EXIT
Xvfb -displayfd 3 -screen 0 640x480x24 -noreset -nolisten tcp 3>display 2>server &
server=$!
n=0
while [ ! -s display ]; do
	n=$((n + 1))
	[ $n -lt 100 ] || { cat server; skip "needs a display: Xvfb does not start here"; }
	sleep 0.1
done
DISPLAY=:$(cat display)
export DISPLAY
cp "$PROBES/splash.py" .
build draw "$PYTHON" splash.py splash.png
export PYTHONPATH="$SITE"
build freeze "$PYTHON" -m PyInstaller --onefile --splash splash.png --distpath made --workpath work \
	splash.py
unset PYTHONPATH
seen freeze ok
try run env PATH=/usr/bin:/bin made/splash
