# cargo test of a crate that embeds Python by PyO3: as it is, with LD_LIBRARY_PATH, with an rpath.
. "$PROBES/common.sh"
export CARGO_TARGET_DIR="$PWD/target" PYO3_PYTHON="$PYTHON" LIMIT=240
mkdir crate
cp -R "$PROBES/pyo3/." crate
if [ -z "$OFFLINE" ]; then
	build fetch cargo fetch --locked --manifest-path crate/Cargo.toml
fi
if ! cargo test --offline --locked --no-run --manifest-path crate/Cargo.toml >out 2>&1; then
	cat out
	if grep -qE 'offline|unable to update|no matching package' out; then
		skip "needs PyO3's crates, which --install-consumers fetches"
	fi
	seen build failed
	exit 0
fi
cat out
seen build ok
loader_finds
says_place
cargo_test() {
	try "$1" cargo test --offline --locked --manifest-path crate/Cargo.toml
}
cargo_test plain
export LD_LIBRARY_PATH="$(libdir)"
cargo_test with-library-path
unset LD_LIBRARY_PATH
export PROBE_RPATH="$(libdir)"
cargo_test with-rpath
