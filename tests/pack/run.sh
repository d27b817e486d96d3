# The archives as their consumers take them: packs a finished tree with $SOLDER and hands it on.
#
#   TREE=DIR SOLDER=/abs/solder sh tests/pack/run.sh [TOPIC]...
#
#   LEVEL=N       of compression (3)
#   MUST_WORK=1   a check that cannot be made here is a failure
#
# Topics: layout sbom unpackers consumers place debugger; all of them without arguments. uv,
# pbs-installer and the validators come from PyPI, into a scratch folder.
set -u

HERE=$(cd "$(dirname "$0")" && pwd)
TOPICS=${*:-layout sbom unpackers consumers place debugger}
[ -n "${TREE:-}" ] || { echo "name a tree of 'solder build' with TREE=DIR" >&2; exit 2; }
TREE=$(realpath "$TREE")
WORK=$(mktemp -d "${TMPDIR:-/tmp}/check-pack.XXXXXX")
SERVER=
trap '[ -z "$SERVER" ] || kill "$SERVER"; rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}
SCRATCH=$WORK
LABEL="pack: "
OUT="$WORK/packed here"
for v in $(env | sed -n 's/^\(\(PYTHON\|UV_\|VIRTUAL_ENV\)[A-Z_]*\)=.*/\1/p'); do
	unset "$v"
done
. "$HERE/../dist/common.sh"

only() { # PATTERN: the one archive that it names
	ls "$OUT"/$1
}

# At a path that is part of names: /python of lib/python3.13. Only a sandbox can have it.
at_python() {
	mkdir "$WORK/one"
	set -- --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib \
		--symlink usr/lib64 /lib64 --ro-bind /etc /etc --proc /proc --dev /dev \
		--tmpfs /tmp --ro-bind "$TREE" /python --bind "$WORK/one" /packed \
		--bind "$CACHE" /cache --ro-bind "$(dirname "$SOLDER")" /solder
	if ! have bwrap || ! bwrap "$@" true 2>/dev/null; then
		skip "the same bytes at /python" "bubblewrap is not there or does not work"
		return
	fi
	check "packs the tree at /python" bwrap "$@" --setenv XDG_CACHE_HOME /cache \
		"/solder/${SOLDER##*/}" pack /python -o /packed --level "${LEVEL:-3}" --cyclonedx
	same "the same bytes at /python" "$(cat "$WORK/one/SHA256SUMS")" "$(cat "$OUT/SHA256SUMS")"
	rm -rf "$WORK/one"
}

layout() {
	cp -R "$TREE" "$WORK/it's elsewhere"
	check "packs a copy with one job" "$SOLDER" pack "$WORK/it's elsewhere" -o "$WORK/one" \
		--level "${LEVEL:-3}" -j 1 --cyclonedx
	same "the same bytes at another path, at another time, with one job and with four" \
		"$(cat "$WORK/one/SHA256SUMS")" "$(cat "$OUT/SHA256SUMS")"
	rm -rf "$WORK/one" "$WORK/it's elsewhere"
	at_python
	check "SHA256SUMS is right" sh -c 'cd "$1" && sha256sum -c SHA256SUMS' - "$OUT"
	same "PYTHON.json comes first" "$(tar --zstd -tf "$full" | head -n 1)" python/PYTHON.json
	check "unpacks the full archive" "$SOLDER" unpack "$full" "$WORK/full"
	none "PYTHON.json is of format 8, and its paths exist" \
		"$(python3 "$HERE/schema.py" "$WORK/full" 2>&1)"
	none "no file names a folder of the build" "$(cd "$WORK/full" &&
		grep -rlaF -e /tmp/solder/ -e "$CACHE/solder" . | head -n 20)"
	# Objects for LTO need the compiler that made them.
	set -- cc
	if [ "$(head -c 2 "$WORK/full/python/build/Programs/python.o")" = BC ]; then
		set -- clang-22 -flto=thin "--ld-path=$(command -v ld.lld-22)"
	fi
	CC=$1
	shift
	check "the interpreter links again from the objects" env CC="$CC" \
		sh "$WORK/full/python/build/relink.sh" "$WORK/full/python/install/bin/again" "$@"
	same "and runs" "$("$WORK/full/python/install/bin/again" -c 'import ssl; print(6 * 7)' 2>&1)" 42
	check "the archive without libpython's archive library packs" "$SOLDER" pack "$TREE" \
		-o "$WORK/less" --without-archive-library --level 1
	none "and has none" "$(tar -tf "$WORK"/less/*-install_only.tar.gz | grep '\.a$')"
	none "nor CycloneDX's bill unless it is asked for" \
		"$(tar -tf "$WORK"/less/*-install_only.tar.gz | grep 'sbom\.cdx')"
	some "the default has one" "$(tar -tf "$small" | grep 'lib/libpython.*\.a$')"
	none "the small archive has none of CPython's tests" \
		"$(tar -tf "$small" | grep -E '/python3\.[0-9]+t?/test/|idle_test/')"
	some "and all licences" "$(tar -tf "$small" | grep '^python/share/licenses/cpython/LICENSE')"
	rm -rf "$WORK/less" "$WORK/full"
}

sbom() {
	mkdir "$WORK/sbom"
	tar -xf "$small" -C "$WORK/sbom" python/share/solder
	bill=$WORK/sbom/python/share/solder/sbom.spdx.json
	if tools; then
		check "spdx-tools finds the bill of materials valid" \
			"$WORK/tools/bin/pyspdxtools" -i "$bill"
		check "CycloneDX's schema holds for the other form" "$WORK/tools/bin/python" \
			"$HERE/cdx.py" "$WORK/sbom/python/share/solder/sbom.cdx.json"
	else
		skip "the bills of materials are valid" "their validators could not be installed"
	fi
	for archive in "$small" "$stripped"; do
		rm -rf "$WORK/sbom"
		mkdir "$WORK/sbom"
		tar -xf "$archive" -C "$WORK/sbom"
		none "the bill of ${archive##*-} names every package, every file as it is there, and \
exactly the libraries that each carries" "$(python3 "$HERE/bill.py" "$WORK/sbom/python" 2>&1)"
	done
	rm -rf "$WORK/sbom"
}

unpackers() {
	for by in 'tar -xf' 'bsdtar -xf' 'python3 -m tarfile -e'; do
		to="$WORK/by/$(echo "$by" | tr -d ' /')"
		mkdir -p "$to"
		if ! have "${by%% *}"; then
			skip "unpacked by $by" "it is not installed"
			continue
		fi
		# Word splitting is wanted.
		check "unpacked by $by" sh -c 'cd "$1" && '"$by"' "$2"' - "$to" "$small"
		same "it runs, unpacked by $by" \
			"$("$to/python/bin/python3" -c 'print(6 * 7)' 2>&1)" 42
		rm -rf "$to"
	done
	cp "$small" "$WORK/bad.tar.gz"
	printf '%064d  bad.tar.gz\n' 0 >"$WORK/SHA256SUMS"
	if "$SOLDER" unpack "$WORK/bad.tar.gz" "$WORK/bad" >"$WORK/output" 2>&1; then
		echo "FAIL ${LABEL}a wrong digest is refused"
	else
		none "a wrong digest is refused, and nothing is left" "$(ls -d "$WORK/bad" 2>/dev/null)"
	fi
	rm -f "$WORK/SHA256SUMS" "$WORK/bad.tar.gz"
}

# In a scratch environment; once.
tools() {
	[ -e "$WORK/tools/ready" ] && return
	[ -e "$WORK/tools" ] && return 1
	python3 -m venv "$WORK/tools" && "$WORK/tools/bin/pip" install -q --disable-pip-version-check \
		uv spdx-tools 'cyclonedx-python-lib[json-validation]' 'pbs-installer[all]' \
		>"$WORK/output" 2>&1 && touch "$WORK/tools/ready"
}

# install_by_uv NAME INDEX
install_by_uv() {
	UV_PYTHON_INSTALL_DIR="$WORK/uv $1/python" UV_CACHE_DIR="$WORK/uv $1/cache"
	UV_PYTHON_DOWNLOADS_JSON_URL=$2 UV_PYTHON_PREFERENCE=only-managed UV_NO_CONFIG=1
	export UV_PYTHON_INSTALL_DIR UV_CACHE_DIR UV_PYTHON_DOWNLOADS_JSON_URL \
		UV_PYTHON_PREFERENCE UV_NO_CONFIG
	check "uv installs it from $1" "$WORK/tools/bin/uv" python install --no-bin "$VERSION"
}

consumers() {
	check "writes downloads.json" "$SOLDER" pack --index "$OUT"
	if ! tools; then
		skip "uv and pbs-installer" "they could not be installed: $(tail -n 1 "$WORK/output")"
		return
	fi
	uv=$WORK/tools/bin/uv
	install_by_uv file "$OUT/downloads.json" || return
	venv="$WORK/uv file/venv"
	check "uv makes a virtual environment" "$uv" venv -q --python "$VERSION" "$venv"
	export VIRTUAL_ENV="$venv"
	check "uv installs a wheel" "$uv" pip install -q --only-binary :all: six numpy
	check "uv builds a C extension from source" "$uv" pip install -q --no-binary markupsafe \
		markupsafe
	same "both are there" "$("$venv/bin/python" -c \
		'import numpy, markupsafe._speedups; print(int(numpy.arange(4).sum()))' 2>&1)" 6
	unset VIRTUAL_ENV
	same "uv runs" "$("$uv" run -q --no-project --python "$VERSION" \
		python -c 'print(6 * 7)' 2>&1)" 42
	base=$("$venv/bin/python" -c 'import os, sys; print(os.path.realpath(sys.base_prefix))')
	none "sysconfig is right after uv rewrote it" \
		"$("$base/bin/python3" "$HERE/rewritten.py" "$base" 2>&1)"
	python3 -u -m http.server 0 --bind 127.0.0.1 -d "$OUT" >"$WORK/server" 2>&1 &
	SERVER=$!
	for try in 1 2 3 4 5 6 7 8 9 10; do
		port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$WORK/server")
		[ -z "$port" ] || break
		sleep "0.$try"
	done
	url=http://127.0.0.1:$port
	check "downloads.json for HTTP" "$SOLDER" pack --index "$OUT" --base-url "$url"
	install_by_uv http "$url/downloads.json"
	check "pbs-installer takes our URL" "$WORK/tools/bin/python" "$HERE/pbs.py" \
		"$OUT/downloads.json" "$WORK/by pbs"
	same "and what it unpacked runs" \
		"$("$WORK/by pbs/bin/python3" -c 'print(6 * 7)' 2>&1)" 42
	kill "$SERVER"
	SERVER=
}

# Nothing may depend on where it is, also not in the small archives.
place() {
	for archive in "$small" "$stripped"; do
		check "solder check has no finding in ${archive##*-}" "$SOLDER" check "$archive"
	done
	check "unpacks the small archive" "$SOLDER" unpack "$small" "$WORK/a place" --strip 1
	echo "# relocation of the unpacked small archive"
	TREE="$WORK/a place" SOLDER="$SOLDER" sh "$HERE/../dist/run.sh" relocation |
		grep -E '^(ok|FAIL|skip|    )'
	rm -rf "$WORK/a place"
}

# With the debug archive unpacked over the stripped tree.
debugger() {
	have gdb || { skip "gdb finds the debug information" "gdb is not installed"; return; }
	to="$WORK/to debug"
	mkdir "$to"
	tar -xf "$stripped" -C "$to"
	none "the stripped interpreter has no debug information" \
		"$(readelf -SW "$to/python/bin/python$VERSION" | grep '\.debug_info')"
	tar --zstd -xf "$debug" -C "$to"
	cat >"$WORK/program.py" <<'END_PROGRAM'
def inner(depth):
    return id(depth) if depth == 0 else inner(depth - 1)
inner(3)
END_PROGRAM
	gdb -nx -batch -iex "set debug-file-directory $to/python/lib/debug" \
		-iex 'set auto-load no' -ex 'set breakpoint pending on' -ex 'break builtin_id' \
		-ex 'run' -ex 'bt' -ex 'info source' \
		--args "$to/python/bin/python$VERSION" -S "$WORK/program.py" >"$WORK/gdb" 2>&1
	some "gdb shows names, files and lines" \
		"$(grep -E '#[0-9]+ .*_PyEval_EvalFrameDefault.* at .*\.[ch]:[0-9]+' "$WORK/gdb")"
	some "and arguments" "$(grep -E '^#0 +builtin_id \(.*=0x' "$WORK/gdb")"
	# Nothing is named: gdb loads what lies beside the debug information.
	gdb -nx -batch -iex "set debug-file-directory $to/python/lib/debug" \
		-ex 'set breakpoint pending on' -ex 'break builtin_id' \
		-ex 'run' -ex 'py-bt' \
		--args "$to/python/bin/python$VERSION" -S "$WORK/program.py" >"$WORK/gdb" 2>&1
	same "gdb shows Python frames by itself" \
		"$(grep -c 'program.py", line 2, in inner' "$WORK/gdb")" 4
	some "and what an object holds" "$(grep 'builtin_id (self=.*, v=0)' "$WORK/gdb")"
}

run_all() {
	check "packs" "$SOLDER" pack "$TREE" -o "$OUT" --level "${LEVEL:-3}" -j 4 \
		--cyclonedx || return
	full=$(only '*-full.tar.zst') small=$(only '*-install_only.tar.gz')
	stripped=$(only '*-install_only_stripped.tar.gz') debug=$(only '*-debug.tar.zst')
	# 3.13, or 3.13t: how its programs are called, and what uv knows it by.
	VERSION=$(basename "$(readlink -f "$TREE/bin/python3")" | sed 's/^python//')
	for topic in $TOPICS; do
		LABEL="pack: $topic: "
		"$topic"
	done
}

# Not in a pipe: the server that it starts belongs to this shell.
run_all >"$WORK/results" 2>&1
tell_results "$WORK/results"
