# Sourced by run.sh: programs that pack a Python program with all that it needs.

freezers() {
	pip_into "$WORK/freeze" pyinstaller cx_Freeze nuitka pillow || {
		skip "freezers" "PyPI does not have them, or does not answer"
		return
	}
	mkdir "$WORK/frozen"
	(
		cd "$WORK/frozen" || exit
		convert -size 320x160 gradient:navy-orange -fill white -pointsize 28 -gravity center \
			-annotate 0 "SPLASH" splash.png
		cp "$HERE/splashed.py" "$HERE/window.py" .
	)
	pyinstaller
	nuitka
	cx_freeze
}

# Tcl and Tk are loaded from C, before Python is unpacked.
pyinstaller() {
	check "PyInstaller makes one file with a splash screen" sh -c 'cd "$1/frozen" && "$1/freeze/bin/pyinstaller" \
		--onefile --splash splash.png splashed.py' - "$WORK" || return
	frozen "$WORK/frozen/dist/splashed" pyinstaller
}

nuitka() {
	check "Nuitka's --standalone with its plugin for Tk" sh -c 'cd "$1/frozen" && "$1/freeze/bin/python" -m nuitka \
		--standalone --enable-plugin=tk-inter --assume-yes-for-downloads window.py' - "$WORK" || return
	# Without Tcl's own modules (msgcat, http), which its plugin does not take.
	check "what Nuitka made" alone "$WORK/frozen/window.dist/window.bin" --packed
}

cx_freeze() {
	check "cx_Freeze" sh -c 'cd "$1/frozen" && "$1/freeze/bin/cxfreeze" build --script=window.py --build-exe=cx' \
		- "$WORK" || return
	# cx_Freeze's wheel brings a _tkinter of its own, and takes that one.
	check "what cx_Freeze made" alone "$WORK/frozen/cx/window" --packed
}

# Away from the tree that it was made from.
alone() {
	mv "$TREE" "$TREE.away"
	"$@"
	status=$?
	mv "$TREE.away" "$TREE"
	return $status
}

# The splash screen first, then the window.
frozen() {
	mv "$TREE" "$TREE.away"
	"$1" >"$WORK/said" 2>&1 &
	program=$!
	colours=0
	for i in $(seq 300); do
		xwd -root -silent >"$WORK/screen"
		colours=$(convert "xwd:$WORK/screen" -format %k info:)
		[ "$colours" -lt 100 ] || break
		kill -0 "$program" 2>/dev/null || break
		sleep 0.1
	done
	convert "xwd:$WORK/screen" "$SHOTS/$2-splash.png"
	if wait "$program" && [ "$colours" -ge 100 ]; then
		echo "ok ${LABEL}the splash screen is seen, and the program runs"
	else
		echo "FAIL ${LABEL}the splash screen is seen, and the program runs"
		{ echo "$colours colours"; cat "$WORK/said"; } | show
	fi
	mv "$TREE.away" "$TREE"
}
