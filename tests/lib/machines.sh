# What tests with several machines have in common. Sourced; $world is the folder of the small world
# (tests/broken/world.sh), and has what the last command said in err.

failed=0
check() { # WHAT COMMAND...
	what=$1
	shift
	if "$@"; then echo "ok $what"; else
		failed=$((failed + 1))
		echo "FAIL $what"
		tail -n 50 "$world/err"
	fi
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# fill_sources MACHINE: its cache gets the sources of the small world.
fill_sources() {
	for f in "$world"/www/pool/*; do
		sha=$(sha256sum "$f" | cut -d' ' -f1)
		mkdir -p "$world/$1/cache/sources/$sha"
		cp "$f" "$world/$1/cache/sources/$sha"
	done
}
