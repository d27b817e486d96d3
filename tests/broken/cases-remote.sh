# Remote caches, end to end; tests/unit/test_share.c has the servers that lie. Sourced by run.sh.

# remote MODE [OPTION...]: a build with the server's store as the remote cache.
remote() {
	mode=$1
	shift
	build --remote-cache "http://127.0.0.1:$port/store" --remote-cache-mode "$mode" "$@"
}

# Another machine: nothing in its cache but the sources.
elsewhere() {
	rm -rf "$cache" "$output" "$world/ctl/runs"
	have_sources
	: >"$world/requests"
}

# A store that has all five steps.
have_store() {
	rm -rf "$world/www/store"
	have_sources
	expect 0 remote readwrite "$@"
	ran zlib 1 words 1 compile 1 tree 1 link 1
	cp -R "$output" "$case/first"
	elsewhere
}

# The tree is what the first machine made.
same_tree() {
	greets "$output"
	diff -r --no-dereference "$case/first" "$output" >"$case/differences" ||
		fail "the trees differ: $(cat "$case/differences")"
}

t_remote_gives_all_steps() {
	have_store
	rm -rf "$cache"
	expect 0 remote read
	ran zlib 0 words 0 compile 0 tree 0 link 0
	same_tree
	says "5 steps taken" "0 steps run, 5 from the cache"
	! grep -q '^PUT\|^GET /pool/' "$world/requests" || fail "more was asked for: $(cat "$world/requests")"
	[ -s "$(ls "$cache"/logs/zlib-*.log)" ] || fail "the log of zlib did not come"
	[ "$(cat "$cache"/store/zlib-*/took)" = "$(sed -n 's/.*"took_ns": \([0-9]*\).*/\1/p' \
		"$(grep -l '"step": "zlib' "$world"/www/store/ac/*)")" ] || fail "another time"
	: >"$world/requests"
	expect 0 remote readwrite
	says "is up to date" "0 steps taken" "0 given"
	"$solder" cache verify --cache "$cache" >"$case/out" 2>"$case/err" || fail "the cache is not intact"
}

t_remote_fails_at_some_step() {
	have_store
	echo "GET/store/cas/$(sed -n 's/.*"archive_sha256": "\(.*\)".*/\1/p' "$(grep -l '"step": "words' \
		"$world"/www/store/ac/*)") flip" >"$world/rules"
	with=SOLDER_REMOTE_CACHE=http://127.0.0.1:$port/store
	expect 0 build --json --link shared
	ran zlib 0 words 1 compile 0 tree 0 link 1
	greets "$output"
	[ "$(grep -c '^warning: ' "$case/err")" = 1 ] || fail "not one warning"
	says "is not what it is called" "3 steps taken" "0 given" '"remote": true'
	! grep -q '^PUT' "$world/requests" || fail "it was written to"
}

t_remote_offline_is_not_asked() {
	have_all
	with=SOLDER_REMOTE_CACHE=http://127.0.0.1:$port/store
	expect 0 build --offline
	[ ! -s "$world/requests" ] || fail "it was"
	with=
	expect 64 build --remote-cache ftp://127.0.0.1/store
	says "ftp://127.0.0.1/store"
}
