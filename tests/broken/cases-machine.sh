# Machines that refuse: disks, compilers, recipes, steps that fail. Sourced by run.sh.

# Sizes from where not even a download fits to where all does.
t_disk_full() {
	in_namespace
	mkdir -p "$cache"
	for size in 32k 200k 500k 900k 1300k 1700k 2100k 2500k; do
		unshare -m sh -c 'mount -t tmpfs -o size="$1" none "$2" || exit 99
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
	unshare -m sh -c 'mount -t tmpfs -o size=200k none "$1" || exit 99
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
	log=$(sed -n 's/^the whole log is //p' "$case/err")
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

# What the probe in the script of zlib finds out is in its log.
probe() {
	have_sources
	own_recipes
	cat >>"$recipes/cpython/link.sh" <<-END
		if bash -c 'exec 3<>/dev/tcp/127.0.0.1/$port' 2>&1; then echo network: open; fi
		for f in "$world/ctl/probe" /etc/solder-probe "\$BUILD/probe" "\$COMPILED/probe" \\
		    "$cache/probe"; do
		    if { echo >"\$f"; } 2>&1; then echo "file: open \$f"; rm "\$f"; fi
		done
		: >"\$S/probe"
		: >"\$TMPDIR/probe"
		: >"\$HOME/probe"
	END
	expect 0 build
	log=$(echo "$cache"/logs/cpython-link-static-*.log)
}

t_sandbox_closes() {
	boxed
	probe
	if grep 'open' "$log"; then fail "the sandbox is open"; fi
	grep -q 'Read-only file system' "$log" || fail "nothing was tried: $(cat "$log")"
	says "bubblewrap: no network, read-only system"
}

t_no_sandbox_is_said() {
	command -v bash >/dev/null || skip "bash is not installed"
	probe
	grep -q 'network: open' "$log" || fail "the probe of the network does not work: $(cat "$log")"
	grep -q "file: open $world/ctl/probe" "$log" || fail "the probe of files does not work"
	says "none, as asked for"
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
	says "none: bubblewrap is not installed"
}
