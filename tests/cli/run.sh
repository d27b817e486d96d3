# Command-line tests: runs tests/cli/CASE/cmd and compares what it prints and how it exits with
# the files stdout, stderr and exit beside it (missing: nothing, 0).
#
#   OUT=out/check sh tests/cli/run.sh [CASE]...
#
# Each case has a scratch folder of its own, with HOME and the cache in it. In the output the
# scratch folder reads SCRATCH and this repository REPO. A line of an expected file may hold '*' for
# anything; a line '*' stands for any number of lines. Exit code 77 skips; the reason is what the
# case printed to stderr. ACCEPT=1 rewrites the files that do not match.
set -u

out=$(realpath "${OUT:-out}")
repo=$(pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$out/solder" "$work/bin/solder"

matches() { # EXPECTED ACTUAL
	awk '
		function regex(p) {
			gsub(/[].[\\^$+?(){}|]/, "\\\\&", p)
			gsub(/\*/, ".*", p)
			return "^" p "$"
		}
		function rest(i, j,   k) {
			# Without recursion but where it is needed: the stack is small.
			for (; i <= n && want[i] != "*"; i++) {
				if (j > m || (got[j] != want[i] && got[j] !~ regex(want[i])))
					return 0
				j++
			}
			if (i > n)
				return j > m
			for (k = j; k <= m + 1; k++)
				if (rest(i + 1, k))
					return 1
			return 0
		}
		file == 1 { want[++n] = $0 }
		file == 2 { got[++m] = $0 }
		END { exit !rest(1, 1) }' file=1 "$1" file=2 "$2"
}

# Compares one stream; with ACCEPT=1 rewrites what is expected.
check() { # CASE NAME ACTUAL
	expected=tests/cli/$1/$2
	[ -e "$expected" ] || expected=/dev/null
	matches "$expected" "$3" && return 0
	if [ "${ACCEPT:-}" = 1 ]; then
		if [ -s "$3" ]; then cp "$3" "tests/cli/$1/$2"; else rm -f "tests/cli/$1/$2"; fi
		echo "accepted: $1/$2"
		return 0
	fi
	echo "failed: $1: $2 differs (- expected, + actual)"
	diff -u "$expected" "$3" | tail -n +3
	return 1
}

# A message that says one of its clauses twice was wrapped by somebody who said it already.
once() { # CASE FILE
	awk -F ': ' '/^(solder|warning|hint): / {
		for (i = 2; i <= NF; i++)
			if (seen[NR, $i]++ && !bad++)
				print "failed: '"$1"': says \"" $i ":\" twice: " $0
	} END { exit bad > 0 }' "$2"
}

run_case() { # CASE
	scratch=$work/$1
	mkdir "$scratch" "$scratch/home" "$scratch/tmp"
	(
		cd "$scratch" || exit 99
		exec env -i PATH="$work/bin:/usr/local/bin:/usr/bin:/bin" HOME="$scratch/home" \
			XDG_CACHE_HOME="$scratch/cache" TMPDIR="$scratch/tmp" LC_ALL=C.UTF-8 \
			SOLDER_RECIPES="$repo/recipes" SOLDER_WORKLOADS="$repo/workloads" \
			SOLDER_PROBES="$repo/probes" SCRATCH="$scratch" REPO="$repo" BIN="$work/bin" \
			timeout -k 5 180 sh -u "$repo/tests/cli/$1/cmd"
	) >"$work/stdout" 2>"$work/stderr" </dev/null
	code=$?
	if [ "$code" = 77 ]; then
		echo "skipped: $1: $(tail -n 1 "$work/stderr")"
		return 77
	fi
	for stream in stdout stderr; do
		sed "s|$scratch|SCRATCH|g; s|$repo|REPO|g; s|$work|WORK|g" "$work/$stream" \
			>"$work/$stream.clean"
	done
	: >"$work/code"
	[ "$code" = 0 ] || echo "$code" >"$work/code"
	good=0
	check "$1" stdout "$work/stdout.clean" || good=1
	check "$1" stderr "$work/stderr.clean" || good=1
	check "$1" exit "$work/code" || good=1
	once "$1" "$work/stdout.clean" || good=1
	once "$1" "$work/stderr.clean" || good=1
	rm -rf "$scratch"
	return "$good"
}

passed=0 failed=0 skipped=0
[ $# -gt 0 ] || set -- tests/cli/*/cmd
for path; do
	name=${path%/cmd}
	run_case "${name##*/}"
	case $? in
	0) passed=$((passed + 1)) ;;
	77) skipped=$((skipped + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
done
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" = 0 ]
