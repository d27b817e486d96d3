# Bytecode is the same whatever else was compiled, by however many processes: that of a few files
# compiled alone is the tree's to the byte.
. "$HERE/common.sh"

library=lib/$STDLIB
# Has two functions with an equal constant set, which share it or do not.
tests=test/test_tkinter
[ -d "$TREE/$library/$tests" ] || tests=tkinter/test
mkdir -p "$SCRATCH/tree/$library"
(cd "$TREE/$library" && find "$tests" -name '*.py' \
	-exec cp -p --parents {} "$SCRATCH/tree/$library" \;)
check "bytecode of a few files alone" "$PYTHON" -I -B "$RECIPES/cpython/bytecode.py" \
	"$SCRATCH/tree" "$SCRATCH/tree/$library" 1
cd "$SCRATCH/tree/$library" || exit
some "there is bytecode" "$(find . -name '*.pyc')"
none "it is the tree's" "$(find . -name '*.pyc' -exec cmp {} "$TREE/$library/{}" \; 2>&1)"
