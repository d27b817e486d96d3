# What a build's ABI promises: free-threaded (t), debug (d), both, or neither.
. "$HERE/common.sh"

PYTHONPATH=$HERE "$PYTHON" "$HERE/abi.py"

# The limited API: extension modules for any version, which a free-threaded Python cannot have yet.
if have cc; then
	printf '#define Py_LIMITED_API 0x030b0000\n#include <Python.h>\n' >"$SCRATCH/limited.c"
	cc -c -I"$TREE/include/python$NAMED" -o "$SCRATCH/limited.o" "$SCRATCH/limited.c" \
		>"$SCRATCH/said" 2>&1
	case $STDLIB:$VERSION in
	*t:3.1[34]) some "the limited API is refused, and says why" \
		"$(grep 'limited API is not' "$SCRATCH/said")" ;;
	*) none "the limited API compiles" "$(cat "$SCRATCH/said")" ;;
	esac
fi

# CPython's own tests of what such a build has.
# ours NAME ARGUMENT...: they run, and no file of them is left out.
ours() {
	name=$1
	shift
	check "$name" timeout 600 "$PYTHON" -m test --tempdir "$SCRATCH" "$@"
	none "$name: no file is skipped" "$(grep -iE 'tests? skipped|no tests ran' "$SCRATCH/output")"
}
case $STDLIB in
*t) ours "CPython's tests of threads without a GIL" test_free_threading ;;
esac
case $NAMED in
*d) ours "CPython's tests that count references" -m '*refleak*' -m '*leak*' -m '*gh_115961*' \
	test_bz2 test_lzma test_zlib test_property test_csv
	ours "a test that leaks no reference" -R 3:3 test_int ;;
esac
