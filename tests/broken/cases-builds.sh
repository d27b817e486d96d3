# Builds that succeed. Sourced by run.sh.

t_good_build() {
	mirror=$mirror/
	expect 0 build
	ran zlib 1 words 1 compile 1 tree 1 link 1
	greets "$output"
	says "5 steps run, 0 from the cache" "none, as asked for" "debian (as asked for)"
	[ -s "$output/share/licenses/zlib/LICENSE" ] || fail "the licence of zlib is missing"
	[ -s "$output/share/solder/build.json" ] || fail "build.json is missing"
	if grep -rqF "$cache" "$output"; then fail "the cache is named in the tree"; fi
	# for the cases to come
	rm -rf "$world/warm"
	cp -a "$cache" "$world/warm"
}

t_second_build_reuses() {
	have_all
	expect 0 build
	best=999999
	for i in 1 2 3; do
		began=$(date +%s%N)
		expect 0 build --why
		took=$((($(date +%s%N) - began) / 1000000))
		[ $took -ge $best ] || best=$took
	done
	[ "$(grep -c '^reuse .*same inputs as before' "$case/out")" = 5 ] || fail "not five reasons"
	says "is up to date" "0 steps run, 5 from the cache"
	ran zlib 0 words 0 compile 0 tree 0 link 0
	[ ! -s "$world/requests" ] || fail "the server was asked: $(cat "$world/requests")"
	[ $best -lt 2000 ] || fail "took $best ms"
}

t_other_link_runs_only_the_link() {
	have_all
	expect 0 build --link shared --why
	[ "$(grep -c '^run ' "$case/out")" = 1 ] || fail "more than one step to run"
	says "link shared" "never built" "1 steps run, 4 from the cache"
	ran link 1
	greets "$output"
	readelf -d "$output/bin/python3.13" | grep -q 'NEEDED.*libpython3.13.so' ||
		fail "the interpreter does not need libpython"
}

t_json_is_as_documented() {
	have_all
	expect 0 build --json --why
	python3 "$here/summary.py" "$case/out" 0 5 >"$case/said" 2>&1 || fail "$(cat "$case/said")"
	expect 0 build --json --link shared
	python3 "$here/summary.py" "$case/out" 1 4 >"$case/said" 2>&1 || fail "$(cat "$case/said")"
}

t_dry_run_makes_nothing() {
	have_sources
	expect 0 build --dry-run
	[ "$(grep -c '^run .*never built' "$case/out")" = 5 ] || fail "not five steps to run"
	[ ! -e "$output" ] || fail "an output was made"
	[ -z "$(ls "$cache/store")" ] || fail "a step ran"
}

t_output_with_spaces() {
	have_all
	output="$case/a place/with  two spaces/"
	expect 0 build
	greets "$output"
	expect 0 build --link shared
	[ "$(ls -A "$case/a place")" = "with  two spaces" ] || fail "more than the output is there"
}

t_cache_with_spaces() {
	cache="$case/my cache"
	have_sources
	TMPDIR=$case/tmp
	export TMPDIR
	mkdir "$TMPDIR"
	expect 0 build
	greets "$output"
	[ -z "$(ls -A "$TMPDIR")" ] || fail "left in TMPDIR: $(ls -A "$TMPDIR")"
}

t_cache_with_spaces_killed() {
	cache="$case/my cache"
	have_sources
	TMPDIR=$case/tmp
	export TMPDIR
	mkdir "$TMPDIR"
	slow_build words
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	rm "$world/ctl/slow-words"
	expect 0 build
	greets "$output"
	[ -z "$(ls -A "$TMPDIR")" ] || fail "left in TMPDIR: $(ls -A "$TMPDIR")"
}

t_relative_paths() {
	mkdir "$case/here"
	cd "$case/here" || exit 1
	have_sources
	cache=../cache output=dist
	expect 0 build
	greets "$case/here/dist"
}

t_foreign_output_is_refused() {
	have_sources
	mkdir -p "$output/mine"
	echo dear >"$output/mine/file"
	expect 2 build
	says "was not made by solder" "-o DIR"
	[ "$(find "$output" -type f)" = "$output/mine/file" ] || fail "something was put there"
	[ "$(runs zlib)" != 1 ] || fail "hours of work were done before that was said"
	echo mine >"$case/dist/file"
	output=$case/dist/file
	expect 2 build
	[ "$(cat "$output")" = mine ] || fail "the file was changed"
}

t_empty_output_is_used() {
	have_all
	mkdir -p "$output"
	expect 0 build
	greets "$output"
}

t_our_output_is_replaced() {
	have_all
	expect 0 build
	touch "$output/old"
	expect 0 build --link shared
	[ ! -e "$output/old" ] || fail "the old tree is still there"
	greets "$output"
}

# As a build that was killed while it swapped trees leaves it.
t_swap_is_repaired() {
	have_all
	expect 0 build
	mv "$output" "$output.solder-old"
	mkdir "$output.solder-new"
	touch "$output.solder-new/half"
	expect 0 build
	greets "$output"
	clean
	cp -a "$output" "$output.solder-old"
	expect 0 build --link shared
	greets "$output"
}

t_clean_environment() {
	have_sources
	with="LEAK=1 CFLAGS=-DLEAK LDFLAGS=-LLEAK PYTHONPATH=/LEAK CC=LEAK CPATH=/LEAK MAKEFLAGS=LEAK=1"
	expect 0 build
	if grep -r LEAK "$cache/logs"; then fail "the caller's environment reached a step"; fi
	grep -q '^HOME=.*/home$' "$cache"/logs/zlib-*.log || fail "HOME is not the step's own"
	# and it is not part of any key
	with=
	expect 0 build
	says "0 steps run"
}

t_one_job_at_a_time() {
	have_sources
	mkdir "$world/ctl/busy"
	expect 0 build -j 1
	[ ! -e "$world/ctl/busy/overlap" ] || fail "at once: $(cat "$world/ctl/busy/overlap")"
}

t_side_by_side() {
	have_sources
	mkdir "$world/ctl/meet"
	expect 0 build -j 2
}

# Two makes side by side, of four jobs each, share the two jobs.
jobserver() {
	have_sources
	own_recipes
	for p in zlib words; do
		cat >"$recipes/$p/Makefile" <<-END
			all: a b c d
			a b c d: ; @{ echo 1 >>$world/ctl/jobs; } 2>/dev/null; sleep 0.1; \\
			    { echo -1 >>$world/ctl/jobs; } 2>/dev/null; true
		END
		sed -i 's,^  env$,  make -f "$RECIPE/Makefile" all,' "$recipes/$p/recipe.yaml"
	done
	expect 0 build -j 2
	if grep -i jobserver "$cache"/logs/*.log; then fail "make cannot use the jobserver"; fi
}

t_makes_share_the_jobs() {
	jobserver
	[ "$(wc -l <"$world/ctl/jobs")" = 16 ] || fail "not eight jobs ran"
	most=$(awk '{ n += $1; if (n > most) most = n } END { print most }' "$world/ctl/jobs")
	[ "$most" = 2 ] || fail "$most jobs ran at once"
}

t_makes_share_the_jobs_in_sandbox() { boxed && jobserver; }
