# The oldest C library that the tree runs with: what its files need, and that nothing is lost for it.
#   NATIVE=DIR   a tree of the same source without a floor, to compare the names of functions with
. "$HERE/common.sh"

floor=$(sed -n 's/^ *"glibc": "\([a-z0-9.]*\)".*/\1/p' "$TREE/share/solder/build.json" | head -n 1)
newer() {
	find "$TREE" -type f \( -perm -u+x -o -name '*.so*' \) | while IFS= read -r file; do
		readelf -VW "$file" 2>/dev/null | grep -o 'Name: GLIBC_[A-Z0-9._]*' | cut -c 13- | sort -u |
			while read -r version; do
				case $version in
				[0-9]*) [ "$(printf '%s\n' "$1" "$version" | sort -V | tail -n 1)" = "$1" ] ;;
				*) false ;;
				esac || echo "${file#"$TREE"/} needs $version"
			done
	done
}
case ${floor:-native} in
native) note "no file needs more than the floor: there is none" ;;
*)
	none "no file needs more than glibc $floor" "$(newer "$floor")"
	some "a file needs more than glibc 2.1" "$(newer 2.1)"
	;;
esac
none "what is newer than old C libraries works" "$("$PYTHON" -I "$HERE/floor.py" use 2>&1)"
if [ -n "${NATIVE:-}" ]; then
	"$PYTHON" -I "$HERE/floor.py" >"$SCRATCH/here"
	"$NATIVE/bin/python3" -I "$HERE/floor.py" >"$SCRATCH/there"
	some "there are names of functions" "$(grep memfd_create "$SCRATCH/here")"
	none "there are the same names as without a floor" "$(diff "$SCRATCH/there" "$SCRATCH/here")"
fi
