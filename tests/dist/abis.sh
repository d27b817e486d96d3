# Builds free-threaded, debug, and both, and makes every check on each.
#
#   SOLDER=/abs/solder sh tests/dist/abis.sh
#
#   FORM     options of solder build for all of them
#   ABIS     which: "t d td"
#   TREES    a folder to keep the trees in
#   WHEELS   a list of those to try free-threaded
set -u

HERE=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/check-abis.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
trees=${TREES:-$work}
failed=

# step WORDS COMMAND...
step() {
	echo "# $1"
	words=$1
	shift
	"$@" || failed="$failed
  $words"
}

for abi in ${ABIS:-t d td}; do
	set --
	case $abi in t*) set -- --freethreaded yes ;; esac
	case $abi in *d) set -- "$@" --debug yes ;; esac
	# Word splitting is wanted.
	"$SOLDER" build -q ${FORM:-} "$@" -o "$trees/$abi" || exit
	step "$abi: all topics" env TREE="$trees/$abi" SOLDER="$SOLDER" sh "$HERE/run.sh"
	step "$abi: solder check" "$SOLDER" check -q "$trees/$abi"
	[ "$abi" != t ] || step "$abi: wheels" "$SOLDER" check --wheels \
		"${WHEELS:-$HERE/../../wheels/threads.txt}" "$trees/$abi"
	step "$abi: packed" env TREE="$trees/$abi" SOLDER="$SOLDER" sh "$HERE/../pack/run.sh"
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
