# Real wheels with a real tree: downloads, installs, imports and exercises them.
#
#   SOLDER=/abs/solder sh tests/wheels/run.sh
#
#   TREE=DIR       the distribution to check (default: what `make dist` leaves)
#   AGAINST=DIR    the reference (default: the same with --link shared, built or cached)
#   FORM=OPTIONS   how the tree was built, for that reference
#   TOP=N          the first N of wheels/top-500.txt (default 60)
#   LIST=FILE      these names instead
#   JSON=FILE      keep the result there
#
# Last line: "N passed, M failed, K skipped". Failed is what breaks with the tree and not with the
# reference; what fails with both is no difference, and passes; what could not be had or installed
# is skipped.
set -u

tree=${TREE:-${DIST:-dist/cpython}}
against=${AGAINST:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/check-wheels.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
json=${JSON:-$work/wheels.json}

if [ ! -d "$tree" ]; then
	echo "there is no '$tree'; run make dist, or name a distribution with TREE=DIR"
	exit 2
fi
if [ -z "$against" ]; then
	against=$work/shared
	# Word splitting is wanted.
	"$SOLDER" build -q ${FORM:-} ${DIST_FLAGS:-} --link shared -o "$against" >"$work/log" 2>&1 || {
		cat "$work/log"
		exit 2
	}
fi
TREE=$(cd "$tree" && pwd) AGAINST=$(cd "$against" && pwd) WORK=$work \
	sh "$(dirname "$0")/control.sh" | tee "$work/control"
"$SOLDER" check --wheels "${LIST:-top:${TOP:-60}}" --against "$against" --json "$tree" >"$json"
code=$?
[ "$code" -le 1 ] || exit "$code"
"$(ls "$tree"/bin/python3.?? | head -n 1)" "$(dirname "$0")/summary.py" "$json" "$work/control"
