# Trees of other machines, and for another C library: built here, and run here or through qemu-user.
#
#   SOLDER=/abs/solder sh tests/targets/run.sh [PART]...
#
#   same            a build for this machine as for another gives the same tree as one that runs it
#   aarch64-gcc     built by gcc; topics of tests/dist, `solder check`, numpy's wheel
#   aarch64-clang   the same by clang, with the profile of x86-64
#   riscv64 ppc64le s390x armv7   built by gcc; every extension module is imported and used
#   musl            for musl on this machine, by gcc, with its probes T1 to T8; run natively
#
# All parts without arguments. KEEP=DIR keeps the trees there, and takes those that are there.
set -u

HERE=$(cd "$(dirname "$0")" && pwd)
PARTS=${*:-same aarch64-gcc aarch64-clang riscv64 ppc64le s390x armv7 musl}
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/check-targets.XXXXXX")
TREES=${KEEP:-$SCRATCH/trees}
trap 'rm -rf "$SCRATCH"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$TREES" "$SCRATCH/tools"
. "$HERE/../dist/common.sh"
: >"$SCRATCH/results"

# build NAME OPTION...: a tree in $TREES, and what the build said in $SCRATCH/NAME.log.
build() {
	built=$1
	shift
	echo "# solder build $*" >&2
	check "solder build $*" "$SOLDER" build -q --sources debian "$@" -o "$TREES/$built"
	status=$?
	cp "$SCRATCH/output" "$SCRATCH/$built.log"
	return $status
}
PLAIN="--profile none --lto none --cc gcc"

# Compilers and binutils of the target under the names that topics call.
tools_of() {
	for tool in cc:gcc gcc:gcc ar:ar ld:ld nm:nm objdump:objdump readelf:readelf strip:strip; do
		path=$(command -v "$1-${tool#*:}") && ln -sf "$path" "$SCRATCH/tools/${tool%:*}"
	done
}

# topics ARCH TREE TOPIC...: as if the machine were one of that kind.
topics() {
	arch=$1 tree=$2
	shift 2
	PATH=$SCRATCH/tools:$PATH TREE=$tree DIST_FLAGS= \
		sh "$HERE/emulated.sh" "$arch" sh "$HERE/../dist/run.sh" "$@" >"$SCRATCH/topics" 2>&1
	grep -E '^(ok|FAIL|skip|note|time|    )' "$SCRATCH/topics" | sed "s/^\([a-zA-Z]*\) tree: /\1 $LABEL/"
	grep -qE '^[0-9]+ passed' "$SCRATCH/topics" || {
		echo "FAIL ${LABEL}the topics went through to their end"
		show <"$SCRATCH/topics"
	}
}

# What the tree says of itself, and nothing that breaks or costs something.
checked() {
	"$SOLDER" check "$1" >"$SCRATCH/checked" 2>&1
	same "solder check ends with" "$?" 0
	grep -E '^(fail|warn|error) ' "$SCRATCH/checked" | show
	none "solder check finds nothing" "$(grep -E '^(fail|warn|error) ' "$SCRATCH/checked")"
	some "solder inspect asks it through qemu" \
		"$("$SOLDER" inspect "$1" 2>/dev/null | grep 'through qemu-')"
}

# What pip says without a network. "Could not find a version" it also says where no wheel's tags fit.
no_network() {
	grep -qE 'ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|NameResolutionError' "$1"
}

# A wheel with extension modules, as pip of that Python chooses it.
wheel() {
	sh "$HERE/emulated.sh" "$1" "$2/bin/python3" -I -m pip --no-input install -q --no-compile \
		--only-binary :all: --target "$SCRATCH/numpy" numpy >"$SCRATCH/pip" 2>&1 || {
		if no_network "$SCRATCH/pip"; then
			skip "numpy's wheel" "$(tail -n 1 "$SCRATCH/pip")"
			return
		fi
		echo "FAIL ${LABEL}pip installs numpy"
		show <"$SCRATCH/pip"
		return
	}
	same "numpy's wheel" "$(sh "$HERE/emulated.sh" "$1" env PYTHONPATH="$SCRATCH/numpy" \
		"$2/bin/python3" -c 'import numpy, platform
a = numpy.arange(12.0).reshape(3, 4)
print(platform.machine(), (a @ a.T).sum(), round(numpy.linalg.det(numpy.eye(3) * 2)))' 2>&1)" "$1 1134.0 8"
	rm -rf "$SCRATCH/numpy"
}

# ---- parts -------------------------------------------------------------------------------------------

part_same() {
	build native $PLAIN && build crossed $PLAIN --cross yes || return
	# Where configure took a fact for what it would have found out.
	header=include/python3.13/pyconfig.h
	none "pyconfig.h is that of a build that runs what it makes" \
		"$(diff "$TREES/native/$header" "$TREES/crossed/$header")"
	none "all else is the same, too" "$(diff -rq --no-dereference "$TREES/native" "$TREES/crossed" |
		grep -vE 'share/solder/(build.json|files|key) ')"
}

part_aarch64_gcc() {
	build aarch64-gcc --target aarch64-unknown-linux-gnu $PLAIN || return
	aarch64 aarch64-gcc
}

part_aarch64_clang() {
	build aarch64-clang --target aarch64-unknown-linux-gnu --cc best --lto thin || return
	aarch64 aarch64-clang
	fit=$(sed -n 's/.*"profile": "\([0-9]* of [0-9]*\) functions match".*/\1/p' \
		"$TREES/aarch64-clang/share/solder/build.json")
	note "the profile of x86-64: ${fit:-none} functions match"
	same "of 100 functions 95 or more take the profile of x86-64" \
		"$(echo "$fit" | awk '{ print ($1 * 100 >= $3 * 95 && $3 > 0) }')" 1
}

aarch64() {
	tools_of aarch64-linux-gnu
	checked "$TREES/$1"
	# The others trace, build, or start programs in an environment in which qemu does not find the
	# machine's C library.
	topics aarch64 "$TREES/$1" elf floor modules abi bytecode
	wheel aarch64 "$TREES/$1"
}

other() { # NAME TRIPLE ARCH
	build "$1" --target "$4" $PLAIN || return
	tools_of "$2"
	topics "$3" "$TREES/$1" modules
}
part_riscv64() { other riscv64 riscv64-linux-gnu riscv64 riscv64-unknown-linux-gnu; }
part_ppc64le() { other ppc64le powerpc64le-linux-gnu ppc64le ppc64le-unknown-linux-gnu; }
part_s390x() { other s390x s390x-linux-gnu s390x s390x-unknown-linux-gnu; }
part_armv7() { other armv7 arm-linux-gnueabihf arm armv7-unknown-linux-gnueabihf; }

. "$HERE/musl.sh"

for part in $PARTS; do
	LABEL="$part: "
	start=$(date +%s)
	"part_$(echo "$part" | tr - _)" 2>&1
	echo "time $LABEL$(($(date +%s) - start)) s"
done | tee "$SCRATCH/results"
tell_results "$SCRATCH/results" >"$SCRATCH/last"
status=$?
tail -n 1 "$SCRATCH/last"
exit $status
