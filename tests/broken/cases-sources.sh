# Sources that lie, are missing or are damaged. Sourced by run.sh.

nothing_built() {
	[ ! -e "$output" ] || fail "there is an output all the same"
}

t_cut_download_resumes() {
	echo "Python-3.13.5 cut 1000" >"$world/rules"
	expect 2 build cpython@3.13.5
	says "Python-3.13.5.tar.gz" "bytes remaining" "127.0.0.1"
	nothing_built
	: >"$world/rules"
	: >"$world/requests"
	expect 0 build cpython@3.13.5
	grep -q '^GET .*Python-3.13.5.tar.gz bytes=1000-' "$world/requests" ||
		fail "it did not resume: $(cat "$world/requests")"
	if grep -q 'GET .*zlib' "$world/requests"; then fail "zlib was fetched again"; fi
	[ -z "$(ls "$cache/sources/partial")" ] || fail "a partial download is left"
}

t_truncated_archive() {
	head -c 200 "$world/www/pool/words-1.0.tar.gz" >"$world/www/pool/words-cut.tar.gz"
	relock words words-cut.tar.gz
	expect 2 build
	says "building words 1.0" "words-cut.tar.gz" "truncated"
	nothing_built
}

t_not_an_archive() {
	echo "<html>Moved</html>" >"$world/www/pool/words-html.tar.gz"
	relock words words-html.tar.gz
	expect 2 build
	says "building words 1.0" "words-html.tar.gz" "cannot unpack"
}

t_wrong_digest() {
	own_recipes
	locked=$(printf '%064d' 7)
	sum=$(sha256sum "$world/www/pool/words-1.0.tar.gz" | cut -d' ' -f1)
	sed -i "s/$sum/$locked/" "$recipes/sets/debian.yaml"
	expect 2 build
	says "words-1.0.tar.gz" "$sum" "$locked"
	nothing_built
	[ -n "$(find "$cache/sources" -name zlib-1.0.tar.gz)" ] || fail "zlib was thrown away"
	[ -z "$(find "$cache/sources" -name 'words*')" ] || fail "the wrong file was kept"
	recipes=$world/recipes
	: >"$world/requests"
	expect 0 build
	if grep -q 'GET .*zlib' "$world/requests"; then fail "zlib was fetched again"; fi
}

t_wrong_size() {
	own_recipes
	size=$(wc -c <"$world/www/pool/words-1.0.tar.gz")
	sed -i "s/size: $size\$/size: 77777/" "$recipes/sets/debian.yaml"
	expect 2 build
	says "words-1.0.tar.gz" "$size" "77777"
	nothing_built
}

t_damaged_store() {
	have_sources
	file=$(find "$cache/sources" -name words-1.0.tar.gz)
	chmod u+w "$file"
	echo damage >>"$file"
	expect 0 build
	says "warning" "damaged"
}

t_missing_file() {
	echo "words-1.0 status 404" >"$world/rules"
	expect 2 build
	says "words-1.0.tar.gz" "127.0.0.1:$port" "404" "hint"
	nothing_built
}

t_server_down() {
	mirror=http://127.0.0.1:9
	expect 2 build cpython@3.13.5
	says "127.0.0.1:9" "onnect" "zlib-1.0.tar.gz"
	nothing_built
}

t_redirect_to_file() {
	echo "words-1.0 redirect file:///etc/passwd" >"$world/rules"
	expect 2 build
	says "words-1.0.tar.gz" "redirect" "only http and https"
	nothing_built
}

hostile() {
	python3 "$here/hostile.py" "$1" words-1.0 "$world/www/pool/words-$1.tar.gz" || exit 1
	relock words "words-$1.tar.gz"
	expect 2 build
	says "building words 1.0" "words-$1.tar.gz" "$2"
	nothing_built
	[ ! -e /var/tmp/solder-escaped ] || fail "a file escaped"
	[ -z "$(find "$case" -name '*escaped*')" ] || fail "a file escaped"
	if ls "$cache"/store/words-* 2>/dev/null; then fail "the step is in the cache"; fi
}

t_traversal() { hostile traversal "'..'"; }
t_absolute_path() { hostile absolute "absolute path"; }
t_symlink_out() { hostile symlink "outside"; }

t_newest_is_missing() {
	echo "Python-3.13.5 status 404" >"$world/rules"
	expect 0 build cpython@3.13
	[ "$(grep -c '^warning: ' "$case/err")" = 1 ] || fail "not one warning"
	says "3.13.5" "taking 3.13.2" "404"
	rm -rf "$case/dist"
	expect 2 build cpython@3.13.5
	says "Python-3.13.5.tar.gz" "404"
	nothing_built
}

t_unknown_version() {
	expect 2 build cpython@3.13.99
	says "cpython@3.13.99" "3.13.5, 3.13.2"
	expect 64 build python
	expect 64 build --link both
}

fetch() {
	"$solder" fetch --recipes "$recipes" --cache "$cache" --sources debian --mirror "$mirror" \
		"$@" >"$case/out" 2>"$case/err"
}

t_offline() {
	expect 0 fetch
	[ "$(grep -c "^$cache/sources/" "$case/out")" = 3 ] || fail "not three files are named"
	mirror=http://127.0.0.1:9
	: >"$world/requests"
	expect 0 build --offline
	[ ! -s "$world/requests" ] || fail "the server was asked: $(cat "$world/requests")"
	greets "$output"
}

t_offline_by_itself() {
	have_sources
	mirror=http://127.0.0.1:9
	expect 0 "$solder" build --offline --recipes "$recipes" --cache "$cache" --sandbox none \
		-o "$output" -q
	greets "$output"
}

t_offline_with_a_gap() {
	have_sources
	rm "$(find "$cache/sources" -name words-1.0.tar.gz)"
	expect 2 build --offline
	says "words-1.0.tar.gz" "solder fetch"
	rm -rf "$cache/sources"
	expect 2 build --offline
	says "solder fetch"
	nothing_built
	expect 2 build --offline cpython@3.13
	rm -rf "$cache/sources"
	have_sources
	rm "$(find "$cache/sources" -name Python-3.13.5.tar.gz)"
	expect 2 build --offline
	says "Python-3.13.5.tar.gz" "solder fetch"
}

t_own_source_folder() {
	have_sources
	cpython_source 3.13.77+ "$case/checkout"
	expect 0 build --source "$case/checkout" --why
	says "CPython       3.13.77" "cpython 3.13.77 compile"
	greets "$output"
	expect 0 build --source "$case/checkout"
	says "is up to date"
	echo "/* a change */" >>"$case/checkout/main.c"
	expect 0 build --source "$case/checkout" --why
	says "source cpython changed" "is ready"
}

t_own_source_tarball() {
	have_sources
	expect 0 build --source "$world/www/pool/Python-3.13.2.tar.gz"
	says "CPython       3.13.2"
	greets "$output"
	expect 2 build --source "$world/www/pool/Python-3.13.2.tar.gz" cpython@3.12
	says "3.13.2, not 3.12"
}

t_own_source_is_nonsense() {
	have_sources
	expect 2 build --source "$case/nowhere"
	says "nowhere"
	mkdir "$case/empty"
	expect 2 build --source "$case/empty"
	says "not a source tree of CPython" "patchlevel.h"
	echo text >"$case/text.tar.gz"
	expect 2 build --source "$case/text.tar.gz"
	says "text.tar.gz" "cannot unpack"
	expect 2 build --source "$world/www/pool/zlib-1.0.tar.gz"
	says "not a source tree of CPython"
	expect 2 build --source /dev/null
	says "/dev/null"
	nothing_built
}

fetch_from() {
	"$solder" fetch --recipes "$recipes" --cache "$cache" --sources debian --mirror "$mirror" \
		--from "$1" >"$case/out" 2>"$case/err"
}

t_sources_from_a_folder() {
	mkdir "$case/a stick" "$case/empty"
	cp "$world"/www/pool/*-1.0.tar.gz "$world/www/pool/Python-3.13.5.tar.gz" "$case/a stick/"
	: >"$world/requests"
	expect 2 fetch_from "$case/none"
	says "there is no folder"
	expect 2 fetch_from "$case/empty"
	says "has none of the locked sources"
	expect 0 fetch_from "$case/a stick"
	says "locked files taken from"
	expect 0 build --offline
	if grep -q '^GET ' "$world/requests"; then fail "something was downloaded"; fi
}

t_another_file_in_a_folder() {
	mkdir "$case/stick"
	echo "something else" >"$case/stick/words-1.0.tar.gz"
	expect 2 fetch_from "$case/stick"
	says "words-1.0.tar.gz" "is not what is locked" "SHA-256"
}
