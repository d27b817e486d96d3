# Which allocator objects have, and whether its memory is in huge pages: as the build was asked.
. "$HERE/common.sh"

asked() { # OPTION, of the build
	"$PYTHON" -I -c 'import json, sys
print(json.load(sys.stdin)["options"].get(sys.argv[1], ""))' "$1" <"$TREE/share/solder/build.json"
}
MALLOC=$(asked malloc)
ARENAS=$(asked arenas)
if [ -z "$MALLOC" ]; then
	note "this tree is older than the options for memory"
	exit
fi
if [ "$VERSION" != 3.13 ]; then
	note "CPython $VERSION has no choice of memory"
	exit
fi
if [ "$ARENAS" = huge ] && ! [ -e /sys/kernel/mm/transparent_hugepage/enabled ]; then
	note "this kernel has no huge pages to ask for"
	ARENAS=small
fi
# Debug builds look at what they allocate.
debug=
case $NAMED in *d) debug=_debug ;; esac
none "memory for objects" "$("$PYTHON" -I "$HERE/memory.py" "$MALLOC$debug" "$ARENAS" 2>&1)"
case $STDLIB in
*t)
	some "without a GIL, PYTHONMALLOC=pymalloc is refused" \
		"$(PYTHONMALLOC=pymalloc "$PYTHON" -c pass 2>&1 | grep -E 'unknown (memory )?allocator')"
	;;
*)
	none "memory by PYTHONMALLOC=pymalloc" \
		"$(PYTHONMALLOC=pymalloc "$PYTHON" "$HERE/memory.py" pymalloc "$ARENAS" 2>&1)"
	;;
esac
none "memory by PYTHONMALLOC=mimalloc" \
	"$(PYTHONMALLOC=mimalloc "$PYTHON" "$HERE/memory.py" mimalloc "$ARENAS" 2>&1)"
# Two interpreters with a lock each take and give back arenas at once.
check "memory of interpreters in parallel" "$PYTHON" -I "$HERE/memory-parallel.py"
