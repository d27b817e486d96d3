# Compares, in one run and in turn, on the same source with the same libraries and flags:
#   a  solder's CPython steps: one compile, static interpreter + libpython.so + libpython.a
#   b  plain configure --enable-shared, make -jN, make install
#   c  Debian's way: two complete builds, one static and one shared
# and prints times, ratios, the time of a warm `solder build`, and solder's own peak memory.
#   SOLDER=out/solder BENCH_ROUNDS=1 sh tests/dist/bench.sh
set -eu

rounds=${BENCH_ROUNDS:-1}
jobs=$(nproc)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'; }

echo "building the packages once (not timed)" >&2
XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
base=$XDG_CACHE_HOME/solder
"$SOLDER" build --json -q -o "$work/first" >"$work/first.json"
store=$base/store
source=$(ls "$base"/sources/*/python3.13_* "$base"/sources/*/Python-3.13* 2>/dev/null | tail -n 1)

mkdir "$work/deps"
packages=$(sed -n 's/.*"id": "\([^"]*\)".*/\1/p' "$work/first.json" | grep -v '^cpython-')
for id in $packages; do
	cp -R "$store/$id/tree/install/." "$work/deps"
done

# The memory of solder alone, not of the compilers below it.
watch_memory() {
	while kill -0 "$1" 2>/dev/null; do
		awk '/VmHWM/ { print $2 }' "/proc/$1/status" 2>/dev/null >"$work/now" || true
		if [ -s "$work/now" ]; then cp "$work/now" "$work/memory"; fi
		sleep 0.2
	done
}

run_a() {
	rm -rf "$work/cache" "$work/a"
	mkdir -p "$work/cache/store"
	cp -al "$base/sources" "$work/cache/"
	for id in $packages; do cp -al "$store/$id" "$work/cache/store/"; done
	start=$(now)
	"$SOLDER" build -q --cache "$work/cache" -o "$work/a" >/dev/null &
	watch_memory $!
	wait $!
	a=$(since "$start")
}

# Builds one plain CPython: $1 names it, the rest are configure's options.
plain() {
	name=$1
	shift
	rm -rf "$work/$name"
	mkdir "$work/$name"
	tar -xf "$source" -C "$work/$name" --strip-components=1
	(
		cd "$work/$name"
		CPATH=$work/deps/include LIBRARY_PATH=$work/deps/lib ./configure --prefix=/install \
			--with-ensurepip=install --with-system-expat --with-readline=editline \
			--with-dbmliborder=bdb --with-openssl="$work/deps" "$@"
		CPATH=$work/deps/include LIBRARY_PATH=$work/deps/lib make -j"$jobs"
		CPATH=$work/deps/include LIBRARY_PATH=$work/deps/lib make install DESTDIR="$work/$name/root"
	) >"$work/$name.log" 2>&1 || { tail -n 20 "$work/$name.log" >&2; exit 1; }
}

run_b() {
	start=$(now)
	plain b --enable-shared
	b=$(since "$start")
}

run_c() {
	start=$(now)
	plain c1 --enable-shared
	plain c2
	c=$(since "$start")
}

round=1
while [ "$round" -le "$rounds" ]; do
	run_a
	run_b
	run_c
	awk -v n="$round" -v a="$a" -v b="$b" -v c="$c" 'BEGIN {
		printf "round %d: a %.1f s, b %.1f s, c %.1f s; a/b %.3f, a/c %.3f\n", n, a, b, c, a / b, a / c }'
	round=$((round + 1))
done
start=$(now)
"$SOLDER" build -q --cache "$work/cache" -o "$work/a" >/dev/null
echo "warm build: $(since "$start") s"
echo "peak memory of solder: $(awk '{ printf "%.1f", $1 / 1024 }' "$work/memory") MiB"
