# Wherever the tree is and however it is reached, it finds itself, and all that describes it to
# others names the place where it is.
. "$HERE/common.sh"

PYTHONPATH=$HERE "$PYTHON" "$HERE/relocation.py"
PYTHONPATH=$HERE "$PYTHON" "$HERE/described.py"

# Folders of the build, of the cache, and where the tree was before; /tmp/solder is what a
# sandboxed build sees.
cat >"$SCRATCH/places" <<END_PLACES
/tmp/solder/
$WORK/static/
$WORK/shared/
${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/solder
END_PLACES
none "no file names a folder of the build" \
	"$(cd "$TREE" && grep -rlaF -f "$SCRATCH/places" . | head -n 20)"

# bin, pkg-config files: nothing of the configured prefix.  Elsewhere code replaces it when read.
none "no script and no .pc file names the configured prefix" "$(grep -laE \
	'(^|[^A-Za-z0-9_./])/install(/|$)' "$TREE"/bin/*[a-z3] "$TREE"/bin/pip* "$TREE"/bin/pydoc* \
	"$TREE"/lib/pkgconfig/*.pc)"
none "no link is broken or leads out of the tree" "$(cd "$TREE" && find . -type l | while read -r l; do
	case $(realpath -m -- "$l") in "$TREE"/*) [ -e "$l" ] || echo "$l" ;; *) echo "$l" ;; esac
done)"
