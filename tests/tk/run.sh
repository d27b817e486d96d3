# tkinter of a finished tree, in front of a server of X11 without a screen.
#
#   TREE=DIR SOLDER=/abs/solder sh tests/tk/run.sh [TOPIC]...
#
#   SHOTS=DIR     where the screenshots go (out/tk), to be looked at
#   MUST_WORK=1   a check that cannot be made here is a failure
#
# Topics: files suite windows environments bare packed pip freezers; all of them without arguments.
# The last two install packages from PyPI into a scratch folder.
set -u

HERE=$(cd "$(dirname "$0")" && pwd)
TOPICS=${*:-files suite windows environments bare packed pip freezers}
[ -n "${TREE:-}" ] || { echo "name a tree of 'solder build --tk yes' with TREE=DIR" >&2; exit 2; }
TREE=$(realpath "$TREE")
SHOTS=$(realpath -m "${SHOTS:-out/tk}")
WORK=$(mktemp -d "${TMPDIR:-/tmp}/check-tk.XXXXXX")
SERVER=
trap '[ -z "$SERVER" ] || kill "$SERVER"; rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM
SCRATCH=$WORK
LABEL="tk: "
for v in $(env | sed -n 's/^\(\(PYTHON\|VIRTUAL_ENV\|TCL\|TK\)[A-Z_]*\)=.*/\1/p'); do
	unset "$v"
done
unset LD_LIBRARY_PATH LD_PRELOAD
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1
. "$HERE/../dist/common.sh"
mkdir -p "$SHOTS"

# One server for all, on a display that is free.
serve() {
	Xvfb -displayfd 3 -screen 0 1024x768x24 -noreset -nolisten tcp 3>"$WORK/display" 2>"$WORK/server" &
	SERVER=$!
	for i in $(seq 100); do
		[ ! -s "$WORK/display" ] || break
		sleep 0.1
	done
	[ -s "$WORK/display" ] || { cat "$WORK/server" >&2; exit 2; }
	DISPLAY=:$(cat "$WORK/display")
	export DISPLAY
}

# shot NAME: the screen, for people.
shot() {
	xwd -root -silent | convert xwd:- "$SHOTS/$1.png"
}

# starts NAME TITLE COMMAND...: it opens a window of this title, with text drawn by Xft on it: in
# many shades, as no font of bitmaps has. What stays is ended.
starts() {
	name=$1 title=$2
	shift 2
	# A session of its own: IDLE leaves the process that runs its user's programs.
	setsid "$@" >"$WORK/said" 2>&1 &
	program=$!
	window=
	for i in $(seq 300); do
		window=$(xwininfo -root -tree 2>/dev/null | sed -n "s/^ *\(0x[0-9a-f]*\) \"$title.*/\1/p" | head -n 1)
		[ -z "$window" ] || break
		kill -0 "$program" 2>/dev/null || break
		sleep 0.1
	done
	sleep 1
	if [ -n "$window" ] && shot "$name" && xwd -silent -id "$window" >"$WORK/window"; then
		shades=$(convert "xwd:$WORK/window" -format %k info:)
	else
		shades=0
	fi
	kill -- "-$program" 2>/dev/null
	wait "$program" 2>/dev/null
	if [ "$shades" -ge "${SHADES:-20}" ]; then
		echo "ok $LABEL$name: $title"
	else
		echo "FAIL $LABEL$name: $title"
		{ echo "$shades shades in the window '$window'"; cat "$WORK/said"; } | show
	fi
}

files() {
	lib=$TREE/lib
	own='libc libm libdl libpthread ld-linux-x86-64 ld-linux-aarch64 libtcl9.0 libtcl9tk9.0'
	none "they need the C library alone" "$(for file in "$lib"/libtcl9*.so "$dynload"/_tkinter.*.so; do
		readelf -dW "$file" | sed -n 's/.*NEEDED.*\[\(.*\)\.so.*\]/\1/p'
	done | grep -vxF "$(echo "$own" | tr ' ' '\n')")"
	none "what is inside is hidden" "$(for file in "$lib"/libtcl9*.so; do
		nm -D --defined-only "$file" | awk '{ print $3 }'
	done | grep -E '^(X[A-Z]|_?X|xcb_|Fc[A-Z]|FT_|png_|Xft|XML_|inflate|deflate|crc32)')"
	same "_tkinter looks beside libpython" \
		"$(readelf -dW "$dynload"/_tkinter.*.so | sed -n 's/.*(RPATH).*\[\(.*\)\]/\1/p')" '$ORIGIN/../..'
	none "nobody else has a run path" "$(readelf -dW "$lib"/libtcl9*.so | grep -E 'R(UN)?PATH')"
	same "its names are Tcl's" "$(readelf -dW "$lib"/libtcl9*.so | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p' | tr '\n' ' ')" \
		'libtcl9.0.so libtcl9tk9.0.so '
}

suite() {
	for test in test_tcl test_tkinter test_ttk test_turtle test_idle; do
		[ -e "$TREE/lib/$STDLIB/test/$test.py" ] || [ -d "$TREE/lib/$STDLIB/test/$test" ] || continue
		check "$test" "$PYTHON" -m test -u gui -w --timeout 900 --tempdir "$WORK" "$test"
		# A suite that was skipped says SUCCESS, too.
		none "$test ran" "$(grep -iE 'skipped|no tests ran' "$SCRATCH/output" | grep -E "^($test skipped|.*tests? skipped:|.*no tests ran)")"
	done
}

windows() {
	check "a window with a button, an entry and a canvas" "$PYTHON" "$HERE/window.py" "$SHOTS/window.xwd"
	[ ! -e "$SHOTS/window.xwd" ] || convert "xwd:$SHOTS/window.xwd" "$SHOTS/window.png"
	rm -f "$SHOTS/window.xwd"
	starts tkinter tk "$PYTHON" -m tkinter
	SHADES=4 starts turtle 'Python Turtle' "$PYTHON" "$HERE/tortoise.py"
	starts idle 'IDLE Shell' "$PYTHON" -m idlelib
	starts idle3 'IDLE Shell' "$TREE/bin/idle3"
}

# Where the interpreter is not beside the tree's lib.
environments() {
	check "a virtual environment" sh -c '"$1" -m venv --without-pip "$2" && "$2/bin/python" "$3"' \
		- "$PYTHON" "$WORK/env" "$HERE/window.py"
	check "one with copies" sh -c '"$1" -m venv --copies --without-pip "$2" && "$2/bin/python" "$3"' \
		- "$PYTHON" "$WORK/copies" "$HERE/window.py"
	ln -s "$PYTHON" "$WORK/a link"
	check "a link to the interpreter" "$WORK/a link" "$HERE/window.py"
	check "another Tcl's variables" env TCL_LIBRARY="$WORK/none/tcl8.6" "$PYTHON" "$HERE/window.py"
	cat >"$WORK/host.c" <<'END'
#include <Python.h>
int main(int argc, char **argv)
{
	return Py_BytesMain(argc, argv);
}
END
	flags=$("$TREE/bin/python3-config" --includes --ldflags --embed)
	if eval 'cc "$WORK/host.c" -o "$WORK/host" -Wl,-rpath,"$TREE/lib"' "$flags" >"$WORK/output" 2>&1; then
		check "a program that embeds it" "$WORK/host" "$HERE/window.py"
	else
		echo "FAIL ${LABEL}a program that embeds it"
		show <"$WORK/output"
	fi
}

# A root that has the tree, the C library, a font, and the server's socket.
bare() {
	can_bwrap || { skip "a root without X11's packages" "bubblewrap does not work here"; return; }
	loader=$(readelf -lW "$PYTHON" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
	set -- --tmpfs / --dev /dev --proc /proc --ro-bind "$TREE" /py --ro-bind "$HERE" /tests \
		--bind /tmp/.X11-unix /tmp/.X11-unix --setenv HOME / --setenv PYTHONHOME ''
	for file in "$loader" $(ldd "$PYTHON" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p'); do
		set -- "$@" --ro-bind "$(realpath "$file")" "$file"
	done
	fonts=/usr/share/fonts/truetype/dejavu
	check "a root without X11's packages" bwrap "$@" --unsetenv PYTHONHOME --ro-bind "$fonts" "$fonts" \
		"/py/bin/$(basename "$PYTHON")" /tests/window.py
	check "one without any font" bwrap "$@" --unsetenv PYTHONHOME \
		"/py/bin/$(basename "$PYTHON")" /tests/window.py --no-font
}

packed() {
	check "packs" "$SOLDER" pack "$TREE" -o "$WORK/packed" --level 3 || return
	mkdir "$WORK/unpacked"
	tar -xf "$WORK"/packed/*-install_only_stripped.tar.gz -C "$WORK/unpacked"
	check "the stripped archive's window" "$WORK/unpacked/python/bin/python3" "$HERE/window.py"
	starts packed-idle 'IDLE Shell' "$WORK/unpacked/python/bin/python3" -m idlelib
	rm -rf "$WORK/packed"
}

# pip_into ENV PACKAGE...
pip_into() {
	"$PYTHON" -m venv "$1" && env=$1 && shift && "$env/bin/pip" install -q "$@"
}

pip() {
	if pip_into "$WORK/pip" matplotlib pillow; then
		check "matplotlib's TkAgg, and Pillow's images" "$WORK/pip/bin/python" "$HERE/figure.py" "$SHOTS/matplotlib.xwd"
		convert "xwd:$SHOTS/matplotlib.xwd" "$SHOTS/matplotlib.png" && rm "$SHOTS/matplotlib.xwd"
	else
		skip "matplotlib" "PyPI does not have it, or does not answer"
	fi
	if "$WORK/pip/bin/pip" install -q PySide6-Essentials; then
		for first in tk qt; do
			check "PySide in one process, $first first" "$WORK/pip/bin/python" "$HERE/beside.py" $first \
				"$SHOTS/pyside-$first.xwd"
			convert "xwd:$SHOTS/pyside-$first.xwd" "$SHOTS/pyside-$first.png" && rm "$SHOTS/pyside-$first.xwd"
		done
	else
		skip "PySide" "PyPI does not have it, or does not answer"
	fi
}

run_all() {
	mkdir "$WORK/moved here"
	cp -R "$TREE" "$WORK/moved here/py"
	TREE="$WORK/moved here/py"
	PYTHON=$TREE/bin/$(basename "$(readlink -f "$TREE/bin/python3")")
	STDLIB=$(basename "$(ls -d "$TREE"/lib/python3.[0-9]*)")
	dynload=$TREE/lib/$STDLIB/lib-dynload
	serve
	for topic in $TOPICS; do
		LABEL="tk: $topic: "
		"$topic"
	done
}

. "$HERE/freezers.sh"
# Not in a pipe: the server belongs to this shell.
run_all >"$WORK/results" 2>&1
tell_results "$WORK/results"
