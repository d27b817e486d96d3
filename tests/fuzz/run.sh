# Fuzzes and prints what came of it; `make fuzz` builds the targets and calls this.
#
#   OUT=out/fuzz sh tests/fuzz/run.sh MINUTES TARGET...     (0: what is in the corpora, once)
#
# As many targets run at a time as there are processors (JOBS=N: that many). What a target finds
# stays in OUT/corpus/TARGET and is where its next run begins; an input that ends it badly is left
# in OUT/crashes and makes this exit with 1. Line coverage is of the sources that the target's head
# names, by everything that the run executed.
set -u

out=${OUT:-out/fuzz}

run_target() { # MINUTES TARGET
	mkdir -p "$out/corpus/$2" "$out/crashes" "$out/log"
	# UBSan's and libFuzzer's own words are wanted, not those of what is parsed.
	length=-max_total_time=$(($1 * 60))
	[ "$1" != 0 ] || length=-runs=0
	LLVM_PROFILE_FILE=$out/log/$2.profraw "$out/tests/fuzz_$2" \
		"$length" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=1024 \
		-print_final_stats=1 -artifact_prefix="$out/crashes/$2-" -close_fd_mask=1 \
		"$out/corpus/$2" "tests/fuzz/corpus/$2" >"$out/log/$2" 2>&1 </dev/null
	echo $? >"$out/log/$2.exit"
}

line_coverage() { # TARGET
	sources=$(sed -n 's/^ \* Source: \(.*[^ ]\)\( \*\/\)\{0,1\}$/\1/p' "tests/fuzz/fuzz_$1.c" |
		sed 's/ \*\/$//')
	[ -n "$sources" ] || return
	llvm-profdata-14 merge -sparse -o "$out/log/$1.profdata" "$out/log/$1.profraw" || return
	# shellcheck disable=SC2086
	llvm-cov-14 report "$out/tests/fuzz_$1" -instr-profile="$out/log/$1.profdata" $sources |
		awk '$1 == "TOTAL" { print $10 }'
}

show() { # TARGET
	awk -v name="$1" -v lines="$(line_coverage "$1" 2>/dev/null)" -v code="$(cat "$out/log/$1.exit")" \
		-v files="$(ls "$out/corpus/$1" | wc -l)" '
		/ cov: / { for (i = 1; i < NF; i++) { if ($i == "cov:") cov = $(i + 1); if ($i == "ft:") ft = $(i + 1) } }
		/^stat::number_of_executed_units/ { n = $2 }
		/^stat::peak_rss_mb/ { rss = $2 }
		END { printf "%-14s %12s %7s %9s %7s %7s %8s  %s\n", name, n, cov, ft, files,
			lines, rss, code == 0 ? "none" : "exit code " code }' "$out/log/$1"
}

if [ "$1" = --one ]; then
	run_target "$2" "$3"
	exit 0
fi
minutes=$1
shift
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I '{}' sh "$0" --one "$minutes" '{}'
printf '%-14s %12s %7s %9s %7s %7s %8s  %s\n' \
	target executions edges features corpus lines 'MiB' crashes
bad=0
for target in "$@"; do
	show "$target"
	[ "$(cat "$out/log/$target.exit")" = 0 ] || bad=1
done
ls "$out/crashes" 2>/dev/null
exit $bad
