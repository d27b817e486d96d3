# Machines that refuse: disks, compilers, recipes, steps that fail. Sourced by run.sh.

# Sizes from where not even a download fits to where all does.
t_disk_full() {
	in_namespace
	mkdir -p "$cache"
	for size in 32k 200k 500k 900k 1300k 1700k 2100k 2500k; do
		unshare -m sh -c 'mount -t tmpfs -o mode=755,size="$1" none "$2" || exit 99
			shift 2; marks=$1; shift; "$@"; status=$?
			ls -A "$marks/cache/work" >"$marks/left" 2>/dev/null
			exit $status' sh $size "$cache" "$case" \
			"$solder" build --recipes "$recipes" --cache "$cache" --sources debian \
			--mirror "$mirror" --sandbox none -o "$output" >"$case/out" 2>"$case/err"
		status=$?
		[ $status != 99 ] || skip "a tmpfs cannot be mounted here"
		[ ! -s "$case/left" ] || fail "with $size, left in the cache's work: $(cat "$case/left")"
		if [ $status = 0 ]; then
			greets "$output"
			[ $size != 32k ] || fail "32k is enough?"
			continue
		fi
		expect 2 sh -c "exit $status"
		grep -q 'No space left\|disk is full' "$case/err" || fail "with $size, no word about space"
		nothing_built
	done
}

t_full_output_disk() {
	in_namespace
	have_all
	unshare -m sh -c 'mount -t tmpfs -o mode=755,size=200k none "$1" || exit 99
		shift; dist=$1; shift; "$@"; status=$?; ls -A "$dist" >"$dist.left"; exit $status' sh \
		"$case/dist" "$case/dist" \
		"$solder" build --recipes "$recipes" --cache "$cache" --sources debian \
		--mirror "$mirror" --sandbox none -o "$output" >"$case/out" 2>"$case/err"
	status=$?
	[ $status != 99 ] || skip "a tmpfs cannot be mounted here"
	expect 2 sh -c "exit $status"
	says "No space left" "$output"
	[ ! -s "$case/dist.left" ] || fail "left beside the output: $(cat "$case/dist.left")"
}

t_read_only_cache() {
	mkdir -p "$cache"
	if [ "$(id -u)" != 0 ]; then
		chmod a-w "$cache"
		expect 2 build
		chmod u+w "$cache"
		says "cache" "--cache DIR"
		return
	fi
	in_namespace
	have_sources
	unshare -m sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99
		shift; exec "$@"' sh "$cache" \
		"$solder" build --recipes "$recipes" --cache "$cache" --sources debian \
		--mirror "$mirror" --sandbox none -o "$output" >"$case/out" 2>"$case/err"
	status=$?
	[ $status != 99 ] || skip "a bind mount is not permitted here"
	expect 2 sh -c "exit $status"
	says "$cache" "Read-only file system" "--cache DIR"
}

# However few files may be open, the message names that, and nothing that is not so.
t_few_descriptors() {
	have_sources
	tried=0
	for n in $(seq 5 2 41); do
		prlimit --nofile="$n:$n" "$solder" --version >/dev/null 2>&1 || continue
		with="prlimit --nofile=$n:$n"
		build --sandbox none
		status=$?
		[ $status != 0 ] || break
		expect 2 sh -c "exit $status"
		grep -qi 'too many open files\|too few files' "$case/err" ||
			fail "with $n, the limit is not named"
		if grep -q 'not empty\|libc6-dev\|not installed\|no C compiler' "$case/err"; then
			fail "with $n, another cause is named"
		fi
		tried=$((tried + 1))
	done
	[ $status = 0 ] || fail "no build with $n files"
	[ $tried -gt 2 ] || fail "nothing was refused"
	greets "$output"
}

t_no_compiler() {
	mkdir "$case/bin"
	with=PATH=$case/bin
	expect 2 build
	says "no C compiler" "build-essential"
	expect 2 build --cc clang-77
	says "clang-77"
	ln -s /bin/true "$case/bin/gcc"
	with=PATH=$case/bin:$PATH
	expect 2 build
	nothing_built
}

t_missing_tool() {
	own_recipes
	sed -i 's/- sh: dash/- solder-no-such-tool: no-such-package/' "$recipes/zlib/recipe.yaml"
	expect 2 build
	says "solder-no-such-tool" "zlib" "no-such-package"
	nothing_built
}

t_bad_recipe() {
	own_recipes
	sed -i 's/^licence: MIT/license: MIT/' "$recipes/words/recipe.yaml"
	expect 2 build
	says "words/recipe.yaml:3:1: unknown key 'license'" "    license: MIT" "    ^" "'licence'"
	printf 'name: words\n\tsummary: x\n' >"$recipes/words/recipe.yaml"
	expect 2 build
	says "words/recipe.yaml:1:7: "
	grep -q '^ *^$' "$case/err" || fail "no caret"
	rm "$recipes/words/recipe.yaml"
	expect 2 build
	says "no recipe 'words'"
	nothing_built
}

t_bad_lock() {
	own_recipes
	sed -i '0,/sha256: ./s//sha256: X/' "$recipes/sets/debian.yaml"
	expect 2 build
	says "sets/debian.yaml:8:" "64 lower-case"
	grep -q '^ *^$' "$case/err" || fail "no caret"
}

t_missing_recipes() {
	recipes=$case/nowhere
	expect 2 build
	says "nowhere"
}

t_failing_step() {
	have_sources
	own_recipes
	sed -i 's/^  env$/  seq 100; echo "words.c: No such file or directory" >\&2; exit 7/' \
		"$recipes/words/recipe.yaml"
	expect 2 build -j 1
	says "building words 1.0" "exit code 7" "No such file or directory" "hint:"
	log=$(sed -n 's/^ *the whole log is //p' "$case/err")
	[ -s "$log" ] || fail "the log '$log' is not there"
	grep -qx ' *72' "$case/err" || fail "the last 30 lines are not shown"
	if grep -qx ' *71' "$case/err"; then fail "more than 30 lines are shown"; fi
	nothing_built
	clean
	recipes=$world/recipes
	expect 0 build --why
	says "reuse  zlib 1.0"
	ran zlib 1 words 2 compile 1
	greets "$output"
}

# A step that ends well without leaving what the next one needs.
t_step_leaves_nothing() {
	have_sources
	own_recipes
	echo 'rm -r "$OUT/install"' >>"$recipes/cpython/compile.sh"
	expect 2 build
	says "building cpython 3.13.5 tree" "install"
	nothing_built
}

t_kept_work() {
	have_sources
	own_recipes
	echo 'exit 3' >>"$recipes/cpython/link.sh"
	expect 2 build --keep-work
	kept=$(sed -n 's/^the folder of the failed step is kept: //p' "$case/err")
	[ -d "$kept/out" ] || fail "the folder is not kept"
	# Whoever has a look is not one of the step's programs.
	(cd "$kept" && exec sleep 300) &
	looker=$!
	recipes=$world/recipes
	expect 0 build
	kill -0 $looker 2>/dev/null || fail "solder killed a process that was not its own"
	kill $looker
	(cd "$case" && expect 0 build)
}

# What the sandbox closes, and what is said without one.

# A socket with a path and one with a name, to which anybody may connect.
listen() {
	socket=$world/socket name=solder-broken-$$
	python3 - "$socket" "$name" "$world/listening" <<-END &
		import os, signal, socket, sys
		s = [socket.socket(socket.AF_UNIX) for _ in range(2)]
		s[0].bind(sys.argv[1])
		s[1].bind("\0" + sys.argv[2])
		for one in s:
		    one.listen(99)
		os.chmod(sys.argv[1], 0o777)
		open(sys.argv[3], "w").close()
		signal.pause()
	END
	listener=$!
	trap 'kill $listener; rm -f "$socket" "$world/listening"' EXIT
	wait_for '[ -e "$world/listening" ]'
}

# What the probe in the script of the link finds out is in its log.
probe() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	have_sources
	own_recipes
	listen
	folder=$case
	for word in socket name port folder sandbox; do
		eval "echo $word=\\'\$$word\\'"
	done >>"$recipes/cpython/link.sh"
	cat "$here/inside.sh" >>"$recipes/cpython/link.sh"
	cp "$here/inside.c" "$recipes/cpython/"
	echo secret >"$case/secret"
	chmod 711 "$world"
	# A descriptor that nobody marked, and a terminal: neither may arrive.
	expect 0 build 7<"$case/secret" </dev/null
	log=$(echo "$cache"/logs/cpython-link-static-*.log)
	grep -q '^-- done' "$log" || fail "the probe did not end: $(cat "$log")"
	[ -z "${TRANSCRIPT:-}" ] || sed -n '/^-- inside/,$p' "$log" >>"$TRANSCRIPT"
}

closes() {
	probe
	if grep '^OPEN' "$log"; then fail "the sandbox is open"; fi
	[ "$(grep -c '^closed' "$log")" -ge 55 ] || fail "too little was tried: $(cat "$log")"
	says "bubblewrap: no network, read-only system"
}

t_sandbox_closes() {
	boxed
	with="python3 $here/with-terminal.py"
	closes
}

# The same for somebody else's build.
t_sandbox_closes_for_users() {
	[ "$(id -u)" = 0 ] || skip "sandbox_closes is that of an ordinary user already"
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	boxed
	user="setpriv --reuid=65534 --regid=65534 --clear-groups"
	$user bwrap --ro-bind / / --unshare-user true 2>/dev/null ||
		skip "ordinary users may have no namespaces here"
	mkdir -p "$cache" "$case/bin"
	cp "$solder" "$case/bin/"
	solder=$case/bin/solder
	chown -R 65534:65534 "$case"
	with="python3 $here/with-terminal.py $user"
	cp -a "$world/warm/sources" "$cache/"
	chown -R 65534:65534 "$case"
	have_sources() { :; }
	closes
}

t_no_sandbox_is_said() {
	probe
	for what in loopback "socket with a path" "socket with a name" "$case/solder-probe"; do
		grep -q "^OPEN   $what:" "$log" || fail "the probe of '$what' does not work: $(cat "$log")"
	done
	# These hold without a sandbox.
	for what in "descriptors besides output and jobserver" "/dev/tty"; do
		grep -q "^closed $what:" "$log" || fail "'$what' is open: $(cat "$log")"
	done
	says "none, as asked for: network, files and processes of the machine are open to the build"
	mkdir "$case/bin"
	for program in sh sed gcc g++ ar ranlib nm strip objcopy ld as mktemp rm; do
		ln -s "$(command -v $program)" "$case/bin/"
	done
	sandbox=bwrap
	with=PATH=$case/bin
	expect 2 build
	says "bwrap" "bubblewrap" "--sandbox none"
	sandbox=auto
	expect 0 build
	says "none, bubblewrap is not installed: network, files and processes of the machine are open"
}

# A bubblewrap that does not take one word; what it asks of its environment would not reach it.
refuse() {
	cat >"$case/bin/bwrap" <<-END
		#!/bin/sh
		for word; do
		    case \$word in $1) echo "not permitted: \$word" >&2; exit 1 ;; esac
		done
		exec $real "\$@"
	END
	chmod +x "$case/bin/bwrap"
}

# Where the namespaces are not permitted there is an order, and what is missing is said.
t_less_of_a_sandbox() {
	boxed
	have_sources
	real=$(command -v bwrap)
	mkdir "$case/bin"
	with="PATH=$case/bin:$PATH"
	refuse --disable-userns
	expect 0 build
	says "bubblewrap: no network, read-only system"
	rm -r "$cache/store"
	refuse --unshare-user
	if [ "$(id -u)" = 0 ]; then
		expect 0 build
		says "read-only system; not enforced: a user namespace of its own"
	else
		expect 2 build
		says "bubblewrap does not work here: not permitted: --unshare-user"
	fi
	refuse --unshare-net
	expect 2 build
	says "bubblewrap does not work here: not permitted: --unshare-net" "--sandbox none"
	sandbox=auto
	expect 0 build
	says "none, bubblewrap is not permitted on this machine: network, files and processes"
}

# A quota is an error, not the end.
t_file_size_limit() {
	have_sources
	(
		ulimit -f 200
		expect 2 build
	) || exit 1
	says "File too large"
	nothing_built
}
