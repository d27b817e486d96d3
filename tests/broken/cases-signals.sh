# Signals in the middle. Sourced by run.sh.

# Starts a build and waits until the script of the step is in its slow part.
slow_build() {
	slow=$1
	shift
	touch "$world/ctl/slow-$slow"
	if [ "$sandbox" != none ]; then
		# Steps see their recipe, and not the folder of wishes.
		own_recipes
		case $slow in zlib | words) at=$slow ;; *) at=cpython ;; esac
		touch "$recipes/$at/slow-$slow"
	fi
	case $slow in compile | tree) slow=cpython-$slow ;; link) slow=cpython-link ;; esac
	start "$@"
	wait_for "grep -q 'is slow' \"$cache/logs/$slow\"-*.log 2>/dev/null"
}

kill_and_go_on() {
	have_sources
	slow_build compile
	grep -ls "^PPid:[[:blank:]]*$pid\$" /proc/[0-9]*/status >"$case/children"
	if grep -q '^State:.*zombie' $(cat "$case/children"); then fail "a finished step is not reaped"; fi
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	no_strays
	rm "$world/ctl/slow-compile"
	recipes=$world/recipes
	expect 0 build --why
	says "reuse  zlib 1.0" "reuse  words 1.0" "3 steps run, 2 from the cache"
	greets "$output"
}

t_killed() { kill_and_go_on; }
t_killed_in_sandbox() { boxed && kill_and_go_on; }

# At random moments in the first fifth of a second of a step.
killed_early() {
	have_sources
	own_recipes
	touch "$recipes/zlib/slow-zlib" "$recipes/words/slow-words"
	for i in $(seq "${KILLS:-10}"); do
		rm -rf "$cache/work"/*
		start -j 2
		for wait in $(seq 1500); do
			[ -z "$(ls "$cache/work" 2>/dev/null)" ] || break
			sleep 0.01
		done
		sleep "0.$(shuf -i 0-199 -n 1 | awk '{ printf "%03d", $1 }')"
		kill -9 "$pid"
		wait "$pid" 2>/dev/null
		no_strays
	done
	recipes=$world/recipes
	expect 0 build
	greets "$output"
}

t_killed_early() { killed_early; }
t_killed_early_in_sandbox() { boxed && killed_early; }

signalled() {
	have_sources
	slow_build compile
	began=$(date +%s)
	kill "-$1" "$pid"
	wait "$pid"
	status=$?
	took=$(($(date +%s) - began))
	[ $status = "$2" ] || fail "ended with $status instead of $2"
	[ $took -le 6 ] || fail "took $took s to end"
	[ -z "$(strays)" ] || no_strays
	says "interrupted"
	nothing_built
	clean
	rm -f "$world/ctl"/*
	recipes=$world/recipes
	expect 0 build
	says "3 steps run, 2 from the cache"
	greets "$output"
}

t_sigint() { signalled INT 130; }
t_sigterm() { signalled TERM 143; }
t_sighup() { signalled HUP 129; }
t_sigint_in_sandbox() { boxed && signalled INT 130; }
t_sigterm_in_sandbox() { boxed && signalled TERM 143; }

# A key of the terminal reaches solder alone, which ends its children itself.
t_ctrl_c() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	have_sources
	touch "$world/ctl/slow-compile"
	mkfifo "$case/keys"
	(
		# The shell lets background jobs ignore SIGINT.
		with="--default-signal=INT python3 $here/with-terminal.py"
		build <"$case/keys"
	) &
	pid=$!
	exec 9>"$case/keys"
	wait_for "grep -q 'is slow' \"$cache/logs/cpython-compile\"-*.log 2>/dev/null"
	echo >&9
	exec 9>&-
	wait "$pid"
	status=$?
	[ $status = 130 ] || fail "ended with $status instead of 130"
	says "interrupted by Interrupt"
	[ -z "$(strays)" ] || no_strays
	nothing_built
}

# Two steps that both do not listen take no longer than one.
t_stubborn_steps() {
	have_sources
	touch "$world/ctl/stubborn" "$world/ctl/slow-zlib"
	slow_build words -j 2
	wait_for "grep -q 'is slow' \"$cache\"/logs/zlib-*.log 2>/dev/null"
	began=$(date +%s%N)
	kill -INT "$pid"
	wait "$pid"
	status=$?
	took=$((($(date +%s%N) - began) / 1000000))
	[ $status = 130 ] || fail "ended with $status"
	[ $took -lt 5000 ] || fail "took $took ms to end"
}

t_interrupted_download() {
	echo "words-1.0 hang" >"$world/rules"
	start
	wait_for "grep -q 'GET .*words' \"$world/requests\""
	kill -INT "$pid"
	wait "$pid"
	status=$?
	[ $status = 130 ] || fail "ended with $status"
	says "interrupted"
	nothing_built
}

# Two builds at once.

t_two_builds_one_output() {
	have_sources
	start --json
	first=$pid
	"$solder" build --recipes "$recipes" --cache "$cache" --sources debian --mirror "$mirror" \
		--sandbox none -o "$output" >"$case/out2" 2>"$case/err2" || fail "$(cat "$case/err2")"
	wait "$first" || fail "the first one failed"
	ran zlib 1 words 1 compile 1 tree 1 link 1
	greets "$output"
}

t_two_builds_two_outputs() {
	start
	first=$pid
	"$solder" build --recipes "$recipes" --cache "$cache" --sources debian --mirror "$mirror" \
		--sandbox none -o "$output-2" --link shared >"$case/out2" 2>"$case/err2" ||
		fail "$(cat "$case/err2")"
	wait "$first" || fail "the first one failed"
	ran zlib 1 words 1 compile 1 tree 1 link 2
	greets "$output"
	greets "$output-2"
	[ "$(grep -c '^GET .*zlib-1.0' "$world/requests")" = 1 ] || fail "zlib was fetched twice"
}

t_two_caches_one_output() {
	have_all
	cp -a "$cache" "$case/cache2"
	for i in 1 2 3; do
		start --link $([ $i = 2 ] && echo static || echo shared)
		"$solder" build --recipes "$recipes" --cache "$case/cache2" --sources debian \
			--mirror "$mirror" --sandbox none -o "$output" >"$case/out2" 2>"$case/err2" ||
			fail "$(cat "$case/err2")"
		wait "$pid" || fail "the first one failed"
		greets "$output"
	done
}

t_two_unpack_one_tarball() {
	have_sources
	tarball=$world/www/pool/Python-3.13.2.tar.gz
	start --source "$tarball"
	"$solder" build --source "$tarball" --recipes "$recipes" --cache "$cache" --sources debian \
		--mirror "$mirror" --sandbox none -o "$output-2" >"$case/out2" 2>"$case/err2" ||
		fail "$(cat "$case/err2")"
	wait "$pid" || fail "the first one failed"
	ran compile 1
}

# One is killed while the other waits for its step.
t_other_is_killed() {
	have_sources
	slow_build compile
	first=$pid
	rm "$world/ctl/slow-compile"
	(build --json) &
	second=$!
	wait_for "grep -q 'another solder is making' \"$case/err\""
	kill -9 "$first"
	wait "$first" 2>/dev/null
	wait "$second" || fail "the second one failed"
	greets "$output"
}
