# The standard library's extension modules: which there are, and that they do what they are for.
. "$HERE/common.sh"

PYTHONPATH=$HERE "$PYTHON" "$HERE/modules.py"

probe='import curses; curses.setupterm(); print(curses.tigetnum("colors"))'
same "curses finds the system's terminfo" "$(TERM=linux "$PYTHON" -c "$probe" 2>&1)" 8
# As on a system without a database.
if can_bwrap; then
	hidden=
	for d in /etc/terminfo /lib/terminfo /usr/share/terminfo; do
		[ ! -d "$d" ] || hidden="$hidden --tmpfs $d"
	done
	for term in xterm-256color tmux-256color; do
		# Word splitting is wanted.
		same "curses finds the tree's own terminfo: $term" \
			"$(TERM=$term HOME=/nonexistent bwrap --ro-bind / / --dev /dev --proc /proc $hidden \
				"$PYTHON" -c "$probe" 2>&1)" 256
	done
else
	skip "curses finds the tree's own terminfo" "no namespaces here"
fi
