# Runs all tests of a build: unit tests, replays of the fuzz corpora, oracles, the command line,
# broken builds, kills and faults, workloads, training. Prints what failed or was skipped, and at the end one
# line with the counts.
#
#   OUT=out/check sh tests/lib/run.sh
#
# MUST_WORK=1 makes a skipped test a failed one.
set -u

# The makes of tests are not those of this run.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
out=${OUT:-out}
jobs=${TEST_JOBS:-2}

# Counts the results of a cmocka program, "passed failed skipped". A program that dies early has
# printed no result for the test that it died in, hence the exit code.
count_tap() { # OUTPUT EXIT
	awk -v code="$2" '
		/^ok .*# SKIP/ || /^not ok .*# SKIP/ { s++; next }
		/^ok [0-9]/ { p++ }
		/^not ok [0-9]/ { f++ }
		END { if (code && !f) f = 1; print p + 0, f + 0, s + 0 }' "$1"
}

# The same for a program whose last line has the counts.
count_closing() { # OUTPUT EXIT
	tail -n 1 "$1" | awk -v code="$2" '
		/^[0-9]+ passed, [0-9]+ failed/ { p = $1; f = $3; s = $5 }
		END { if (code && !f) f = 1; print p + 0, f + 0, s + 0 }'
}

run_unit() { # PROGRAM
	CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 600 "$1" >"$result.out" 2>&1 </dev/null
	code=$?
	[ "$code" = 0 ] || echo "$1: exit code $code" >>"$result.out"
	count_tap "$result.out" "$code" >"$result.count"
	sed -n 's/^\(not \)\{0,1\}ok [0-9]* # SKIP/skipped:/p' "$result.out" >"$result.skips"
	sed -n 's/^# skip: /  /p' "$result.out" >>"$result.skips"
}

# A whole corpus in one run; only if that fails each file in its own, to name the culprits.
run_replay() { # PROGRAM
	corpus=tests/fuzz/corpus/${1##*/replay_}
	n=$(ls "$corpus" | wc -l)
	if timeout -k 5 600 "$1" "$corpus"/* >"$result.out" 2>&1 </dev/null; then
		echo "$n 0 0" >"$result.count"
		return
	fi
	bad=0
	for file in "$corpus"/*; do
		timeout -k 5 120 "$1" "$file" >"$result.one" 2>&1 </dev/null && continue
		bad=$((bad + 1))
		echo "replay of $file failed:"
		cat "$result.one"
	done >"$result.out"
	[ "$bad" -gt 0 ] || bad=1
	echo "$((n - bad)) $bad 0" >"$result.count"
}

run_closing() { # COMMAND...
	timeout -k 5 1200 "$@" >"$result.out" 2>&1 </dev/null
	code=$?
	count_closing "$result.out" "$code" >"$result.count"
	sed -n '/^skipped: /p' "$result.out" >"$result.skips"
}

run_job() { # KIND NAME
	result=$RESULTS/$2
	: >"$result.skips"
	start=$(date +%s)
	case $1 in
	unit) run_unit "$out/tests/$2" ;;
	replay) run_replay "$out/tests/$2" ;;
	oracle) run_closing python3 tests/oracle/elf_oracle.py "$out/tests/elf_dump" --sample 120 ;;
	macho) run_closing python3 tests/oracle/macho_oracle.py "$out/tests/macho_dump" ;;
	foreign) run_closing python3 tests/wheels/foreign.py "$out/solder" ;;
	html) run_closing python3 tests/html/run.py "$out/tests/html_sample" ;;
	pages) run_closing python3 tests/html/bench.py "$out/solder" ;;
	explained) run_closing python3 tests/html/explain.py "$out/solder" ;;
	stats) run_closing python3 tests/oracle/stats.py "$out/tests/stats_dump" ;;
	pyperf) run_closing python3 tests/oracle/pyperf_reads.py "$out/tests/stats_dump" ;;
	zip) run_closing python3 tests/oracle/zip_oracle.py "$out/solder" --mutations 150 ;;
	code) run_closing python3 tests/oracle/code_oracle.py "$out/tests/elf_dump" --files 6 ;;
	cli) run_closing env OUT="$out" sh tests/cli/run.sh ;;
	hostile) run_closing python3 tests/broken/terminal.py "$out/solder" ;;
	broken) run_closing env OUT="$out" sh tests/broken/run.sh ;;
	faults) run_closing python3 tests/faults/run.py --solder "$out/solder" \
		--stepper "$out/tests/stepper" --only relink,fetch,pack-other,unpack \
		--sweep --every 60 --kills 6 --faults 12 --seed 1 ;;
	workloads) run_closing sh tests/workloads/run.sh ;;
	index) run_closing python3 tests/workloads/index.py ;;
	training) run_closing python3 tests/training/apart.py ;;
	fit) run_closing sh tests/training/fit.sh ;;
	scale) run_closing python3 tests/scale/check.py ;;
	versions) run_closing sh tests/versions/run.sh ;;
	esac
	read -r p f s <"$result.count"
	# In one write, since two jobs print at a time.
	{
		printf '  %-22s %3d passed, %d failed, %d skipped, %d s\n' \
			"$2" "$p" "$f" "$s" "$(($(date +%s) - start))"
		sed 's/^/    /' "$result.skips"
		[ "$f" = 0 ] || sed 's/^/    /' "$result.out"
	} >"$result.report"
	cat "$result.report"
}

if [ "${1:-}" = --job ]; then
	run_job "$2" "$3"
	exit 0
fi

RESULTS=$(mktemp -d)
export RESULTS
trap 'rm -rf "$RESULTS"' EXIT
# The longest first, so that the shorter ones fill the gaps.
{
	echo "broken broken-builds"
	echo "cli command-line"
	echo "hostile hostile-text"
	echo "faults kills-and-faults"
	echo "foreign foreign-wheels"
	echo "html html-page"
	echo "pages bench-pages"
	echo "explained explain-pages"
	echo "code code-oracle"
	echo "oracle elf-oracle"
	echo "macho macho-oracle"
	echo "stats stats-oracle"
	echo "pyperf pyperf-reads-it"
	echo "zip zip-oracle"
	echo "workloads workloads"
	echo "index suite-index"
	echo "training training-apart"
	echo "fit profiles-fit"
	echo "versions versions"
	echo "scale scale-simulation"
	for program in "$out"/tests/test_*; do
		[ ! -x "$program" ] || echo "unit ${program##*/}"
	done
	for program in "$out"/tests/replay_*; do
		[ ! -x "$program" ] || echo "replay ${program##*/}"
	done
} | xargs -P "$jobs" -L 1 sh "$0" --job

cat "$RESULTS"/*.count | awk -v must="${MUST_WORK:-0}" '
	{ p += $1; f += $2; s += $3 }
	END {
		if (must == 1) { f += s; s = 0 }
		printf "%d passed, %d failed%s\n", p, f, s ? ", " s " skipped" : ""
		exit f > 0 || p == 0
	}'
