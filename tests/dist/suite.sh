# CPython's own tests, run by the moved interpreter. What cannot pass is in
# suite-ignored.txt.
. "$HERE/common.sh"

tests="test_ssl test_hashlib test_sqlite3 test_ctypes test_zlib test_bz2 test_lzma test_decimal
	test_uuid test_curses test_readline test_dbm test_venv test_sysconfig test_embed test_capi
	test_threading test_subprocess"
tmp=$WORK/suite
log=$SCRATCH/log
mkdir -p "$tmp"
export TERM=xterm-256color

# Module, pattern, reason.
"$PYTHON" "$HERE/suite.py" "$HERE/suite-ignored.txt" \
	>"$SCRATCH/ignored" || exit

# test_embed runs a program that is built beside the interpreter and not installed. The cache
# has it, with the build that has the same libpython.
find_testembed() {
	cache=$(printf '%s\n' "${DIST_FLAGS:-}" | sed -n 's/.*--cache[ =]\([^ ]*\).*/\1/p')
	for so in "${cache:-${XDG_CACHE_HOME:-$HOME/.cache}/solder}"/store/cpython-compile-*/tree/build/libpython$NAMED.so.1.0; do
		program=${so%/*}/Programs/_testembed
		if [ -x "$program" ] && cmp -s "$so" "$TREE/lib/libpython$NAMED.so.1.0"; then
			echo "$program"
			return
		fi
	done
}
testembed=${TESTEMBED:-$(find_testembed)}
if [ -n "$testembed" ]; then
	mkdir -p "$TREE/bin/Programs"
	cp "$testembed" "$TREE/bin/Programs/_testembed"
	trap 'rm -rf "$TREE/bin/Programs"' EXIT
else
	tests=$(echo $tests | sed 's/ test_embed / /')
	skip test_embed "its program _testembed is not at hand: TESTEMBED=PATH names it"
fi

set -- -W --timeout 300 -u curses --tempdir "$tmp"
while read -r _ pattern _; do
	set -- "$@" -i "$pattern"
done <"$SCRATCH/ignored"
# Word splitting is wanted.
timeout 900 "$PYTHON" -m test -j2 "$@" $tests >"$log" 2>&1 || echo "# status $?" >>"$log"

# The lines from a test's result to the next one's.
said() {
	awk -v name="$1" '/\[ *[0-9]+\/[0-9]+(\/[0-9]+)?\] test_/ { on = $0 ~ "] " name " " } on' "$log"
}
for t in $tests; do
	result=$(sed -n "s/.*\[ *[0-9]*\/[0-9/]*\] $t \([a-z]*\).*/\1/p" "$log" | tail -n 1)
	case $result in
	passed) echo "ok $LABEL$t" ;;
	skipped) skip "$t" "$(said "$t" | grep -i "$t skipped" | sed 's/.*skipped//' | tail -n 1)" ;;
	'')
		echo "FAIL $LABEL$t"
		tail -n 15 "$log" | show
		;;
	*)
		echo "FAIL $LABEL$t"
		said "$t" | grep -E '^(FAIL|ERROR): |^[A-Za-z]*Error: ' | show 20
		said "$t" | show 40
		;;
	esac
done
totals=$(grep -E '^Total tests:' "$log" | tail -n 1)
[ -z "$totals" ] || note "$totals"

while read -r module pattern reason; do
	case " $(echo $tests) " in *" $module "*) ;; *) continue ;; esac
	note "ignored: $pattern: $reason"
	if timeout 120 "$PYTHON" -m test --tempdir "$tmp" -m "$pattern" "$module" >"$SCRATCH/one" 2>&1 &&
		! grep -qiE 'no tests ran|ran no tests|run=0 ' "$SCRATCH/one"; then
		note "ignored, but passes now: $pattern"
	fi
done <"$SCRATCH/ignored"
