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
	expect 0 build --why
	[ "$(grep -c '^reuse .*same inputs as before' "$case/out")" = 5 ] || fail "not five reasons"
	says "is up to date" "0 steps run, 5 from the cache"
	ran zlib 0 words 0 compile 0 tree 0 link 0
	[ ! -s "$world/requests" ] || fail "the server was asked: $(cat "$world/requests")"
}

t_other_link_runs_only_the_link() {
	have_all
	expect 0 build --link shared --why
	[ "$(grep -c '^run ' "$case/out")" = 1 ] || fail "more than one step to run"
	says "link shared" "never built" "1 step run, 4 from the cache"
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

# A recipe that names the files of its steps: a step sees no other, and what it does not use costs
# nothing.
t_steps_are_keyed_by_their_files() {
	have_sources
	own_recipes
	echo "files: {compile: [], tree: [], link: []}" >>"$recipes/cpython/recipe.yaml"
	expect 0 build
	echo "# a comment" >>"$recipes/cpython/link.sh"
	echo "read by nobody" >"$recipes/cpython/notes"
	expect 0 build --why
	says "1 step run, 4 from the cache" "script changed"
	ran zlib 1 compile 1 tree 1 link 2
	echo 'cat "$RECIPE/notes"' >>"$recipes/cpython/link.sh"
	expect 2 build
	says "building cpython 3.13.5 link static" "notes: No such file"
	sed -i 's/link: \[\]/link: [notes]/' "$recipes/cpython/recipe.yaml"
	expect 0 build
	ran compile 1
	echo "read by the link" >"$recipes/cpython/notes"
	expect 0 build --why
	says "file notes changed"
	ran compile 1
}

t_plan_as_json() {
	have_all
	expect 0 build -n --json --link shared
	python3 - "$case/out" >"$case/said" 2>&1 <<-'END' || fail "$(cat "$case/said")"
		import json, sys
		j = json.load(open(sys.argv[1]))
		assert (j["format"], j["version"]) == ("solder-build-plan", 1)
		assert [s["state"] for s in j["steps"]] == 4 * ["reuse"] + ["run"], j["steps"]
		assert j["totals"]["run"] == 1 and j["totals"]["reuse"] == 4, j["totals"]
		assert j["sources"]["set"] == "debian" and j["output"]["state"] == "absent", j
	END
	[ ! -e "$output" ] || fail "an output was made"
	mkdir -p "$output"
	echo mine >"$output/notes"
	expect 2 build -n --json
	says "was not created by solder"
}

# What stands at the output, and how long it would take.
t_dry_run_looks_at_the_output() {
	have_all
	mkdir -p "$output"
	expect 0 build -n
	says "0 steps to run, 5 from the cache" "an empty folder"
	expect 0 build
	expect 0 build -n --link shared
	says "1 step to run" "a tree of solder, which would be replaced"
	rm -r "$output"
	mkdir "$output"
	echo mine >"$output/notes"
	expect 2 build -n
	says "was not created by solder"
}

# In a log each step has its number.
t_steps_are_numbered() {
	have_sources
	expect 0 build -j 1
	says "5 steps to run, 0 from the cache, 5 never built" "[1/5] " "[5/5] "
}

t_dry_run_makes_nothing() {
	have_sources
	expect 0 build --dry-run
	[ "$(grep -c '^run .*never built' "$case/out")" = 5 ] || fail "not five steps to run"
	says "sources    debian" "all are downloaded" "5 steps to run, 0 from the cache, 5 never built" \
		"'$output', which is not there yet"
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
	says "was not created by solder" "-o DIR"
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

# As a build that was killed leaves it: while it put a tree together, where it cannot exchange two
# trees between the renames, and holding the lock.
t_swap_is_repaired() {
	have_all
	expect 0 build
	mkdir -p "$output.solder.abcdef" "$output.solder.ghijkl/new"
	mv "$output" "$output.solder.abcdef/old"
	touch "$output.solder.abcdef/.lock" "$output.solder.ghijkl/.lock" "$output.solder-lock"
	chmod 600 "$output.solder-lock"
	expect 0 build
	says "is up to date"
	greets "$output"
	clean
	mkdir -p "$output.solder.abcdef/new/bin"
	touch "$output.solder.abcdef/.lock"
	expect 0 build --link shared
	greets "$output"
}

# Where names are guessed, in a folder that others can write in.
t_planted_names_are_not_followed() {
	have_all
	mkdir "$case/mine"
	echo dear >"$case/mine/file"
	chmod 777 "$case/dist"
	for name in solder-new solder-old solder.abcdef; do ln -s "$case/mine" "$output.$name"; done
	expect 0 build
	says "others could change the distribution"
	greets "$output"
	[ "$(ls -A "$case/mine")" = file ] || fail "something was put there"
	rm "$output".solder*
}

t_damaged_output_is_mended() {
	have_all
	expect 0 build
	size=$(wc -c <"$output/bin/python3.13")
	echo mine >"$output/mine"
	truncate -s 1000 "$output/bin/python3.13"
	expect 0 build
	says "is damaged: bin/python3.13 has 1000 bytes instead of $size"
	greets "$output"
	rm "$output/lib/libpython3.13.so.1.0"
	expect 0 build
	says "is damaged: lib/libpython3.13.so.1.0 is missing"
	[ -s "$output/lib/libpython3.13.so.1.0" ] || fail "it is still missing"
	printf '\377' | dd of="$output/bin/python3.13" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
	expect 0 build
	says "is damaged: bin/python3.13 has another content"
	greets "$output"
	expect 0 build
	says "is up to date"
	[ "$(cat "$output/mine")" = mine ] || fail "what was beside it is gone"
}

# Before anything of it is run.
t_damaged_tree_is_not_packed() {
	have_all
	expect 0 build
	printf '#!/bin/sh\ntouch %s/ran\n' "$case" >"$output/bin/python3.13"
	"$solder" pack "$output" -o "$case/packed" --cache "$cache" >"$case/out" 2>"$case/err"
	[ $? = 2 ] || fail "it was packed"
	says "is damaged: bin/python3.13 has" "solder build"
	[ ! -e "$case/ran" ] || fail "what was put into the tree was run"
	[ ! -e "$case/packed" ] || fail "something was written"
}

t_changed_cache_is_not_used() {
	have_all
	truncate -s 1000 "$cache"/store/cpython-link-static-*/tree/python3.13
	rm "$cache"/store/zlib-*/tree/install/lib/libzlib.a
	"$solder" cache verify --quiet --cache "$cache" >"$case/out"
	[ $? = 1 ] || fail "verify found nothing"
	: >"$case/err"
	says "libzlib.a" "python3.13" "2 of 5 cannot be used"
	expect 0 build
	says "rebuilding cpython 3.13.5 link static" "python3.13 has 1000 bytes" "libzlib.a is missing"
	ran zlib 1 link 1 words 0 compile 0 tree 0
	greets "$output"
	"$solder" cache verify --quiet --cache "$cache" >"$case/out" || fail "it is not whole again"
	[ "$(grep -c whole "$case/out")" = 5 ] || fail "not five entries are whole"
}

t_cache_of_others_is_refused() {
	have_all
	chmod o+w "$cache/store"
	expect 2 build
	says "is refused" "other users can write in '$cache/store'" "chmod"
	chmod o-w "$cache/store"
	[ "$(id -u)" = 0 ] || return 0
	chown 12345 "$cache"
	expect 2 build
	says "belongs to another user (12345)"
}

t_cache_is_pruned() {
	have_all
	for e in "$cache"/store/*; do touch -d '100 days ago' "$e"; done
	expect 0 build
	touch -d '100 days ago' "$cache"/store/zlib-*
	"$solder" cache prune --older-than 90 -n --cache "$cache" >"$case/out"
	[ "$(ls "$cache/store" | wc -l)" = 5 ] || fail "something was removed"
	says "would be removed"
	"$solder" cache prune --older-than 90 --cache "$cache" >"$case/out"
	[ "$(ls "$cache/store" | wc -l)" = 4 ] || fail "not one of five was removed: $(ls "$cache/store")"
	[ ! -e "$(echo "$cache"/store/zlib-*)" ] || fail "zlib is still there"
	slow_build zlib
	"$solder" cache prune --max-size 0 --cache "$cache" >"$case/out"
	says "kept, a build"
	[ "$(ls "$cache/store" | wc -l)" = 4 ] || fail "what a build uses was removed"
	kill "$pid"
	wait "$pid" || :
	"$solder" cache prune --max-size 0 --cache "$cache" >"$case/out"
	[ -z "$(ls "$cache/store")" ] || fail "left: $(ls "$cache/store")"
}

# Whoever can list a folder can lock it; that keeps nobody waiting. Only another solder does.
t_strangers_locks_do_not_matter() {
	command -v flock >/dev/null || skip "flock is not installed"
	have_all
	flock "$case/dist" sleep 300 &
	holder=$!
	with=SOLDER_LOCK_TIMEOUT=0
	expect 0 build
	kill $holder
	(umask 077 && : >"$output.solder-lock")
	flock "$output.solder-lock" sleep 300 &
	holder=$!
	wait_for '! flock -n "$output.solder-lock" true'
	with=SOLDER_LOCK_TIMEOUT=1
	expect 2 build
	says "another solder is writing in '$output'" "waited 1" "SOLDER_LOCK_TIMEOUT"
	kill $holder
	with=
	expect 0 build
	greets "$output"
}

# The lock says who has it.
t_lock_says_who() {
	have_sources
	slow_build words
	with=SOLDER_LOCK_TIMEOUT=1
	expect 2 env SOLDER_LOCK_TIMEOUT=1 "$solder" build --recipes "$recipes" --cache "$cache" \
		--sources debian --mirror "$mirror" --sandbox none -o "$output-2" 2>"$case/err" >"$case/out"
	says "another solder is making words 1.0" "pid $pid (" " build " "since 20"
	kill "$pid"
	wait "$pid" || :
}

t_open_tmpdir_is_refused() {
	cache="$case/my cache"
	have_sources
	TMPDIR=$case/tmp
	export TMPDIR
	mkdir "$TMPDIR"
	chmod 777 "$TMPDIR"
	expect 2 build
	says "other users can write in '$TMPDIR'" "TMPDIR"
	chmod 1777 "$TMPDIR"
	expect 0 build
}

# Whatever the caller's umask is, others cannot write, and can read.
t_modes_are_ours() {
	have_sources
	(umask 0 && build) || fail "the build failed"
	left=$(find "$cache" "$output" -perm /022 ! -type l)
	[ -z "$left" ] || fail "others can write: $left"
	rm -r "$cache" "$output"
	have_sources
	(umask 077 && build) || fail "the build failed"
	left=$(find "$output" ! -perm -044)
	[ -z "$left" ] || fail "others cannot read: $left"
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
