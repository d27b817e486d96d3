# The real thing: builds distributions with $SOLDER and checks them, each moved to another place.
#
#   SOLDER=/abs/solder sh tests/dist/run.sh [TOPIC]...
#
#   TREE=DIR      check this finished tree only (its options: TLS, PIE, SONAME, as given to solder build)
#   FORM          how `make dist` builds: options for the trees of the newest series
#   DIST_FLAGS    more options for "solder build", for all trees
#   QUICK=1       without CPython 3.11.2
#   MUST_WORK=1   a check that cannot be made here is a failure
#
# A topic is one of the files below; all of them without arguments.
set -u

HERE=$(cd "$(dirname "$0")" && pwd)
RECIPES=${RECIPES:-$HERE/../../recipes}
TOPICS=${*:-elf floor modules abi bytecode startup relocation venv capabilities certificates embed gdb bolt memory overlinked one-libpython cited here layouts probes documented damage suite}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/check-dist.XXXXXX")
# Other users come in, too: see capabilities.sh.
chmod 755 "$WORK"
# What runs beside the checks hears no Ctrl-C.
trap 'kill $(cat "$WORK"/*.pid 2>/dev/null) 2>/dev/null; rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM
export HERE RECIPES WORK

# What the checks are made for shall not come from outside.
for v in $(env | sed -n 's/^\(PYTHON[A-Z_]*\)=.*/\1/p'); do
	unset "$v"
done
unset LD_LIBRARY_PATH LD_PRELOAD SSL_CERT_FILE SSL_CERT_DIR TERMINFO TERMINFO_DIRS CC CFLAGS \
	CPPFLAGS LDFLAGS PKG_CONFIG_PATH VIRTUAL_ENV MAKEFLAGS MFLAGS MAKELEVEL
export PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CONFIG_FILE=/dev/null
export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8

# An option of solder build, from $DIST_FLAGS.
option() {
	printf '%s\n' "${DIST_FLAGS:-}" | sed -n "s/.*--$1[ =]\([a-z-]*\).*/\1/p"
}
TLS=${TLS:-$(option tls)}
TLS=${TLS:-initial-exec}
PIE=${PIE:-$(option pie)}
PIE=${PIE:-yes}
SONAME=${SONAME:-$(option soname)}
SONAME=${SONAME:-yes}
export TLS PIE SONAME

needs_libpython() {
	readelf -dW "$1" | grep -q 'NEEDED.*\[libpython'
}

# check_tree LABEL TREE TOPICS: moves the tree and checks it there.
check_tree() {
	place="$WORK/moved here/$1"
	mkdir -p "$place/scratch"
	mv "$2" "$place/py"
	set -- "$1" "$place" "$3"
	TREE=$place/py
	PYTHON=$TREE/bin/$(basename "$(readlink -f "$TREE/bin/python3")")
	NAMED=${PYTHON##*/python}
	VERSION=${NAMED%%[a-z]*}
	STDLIB=python$VERSION
	case ${NAMED#"$VERSION"} in t*) STDLIB=${STDLIB}t ;; esac
	LINK=static
	if needs_libpython "$PYTHON"; then
		LINK=shared
	elif [ "$PYTHON" -ef "$TREE/lib/libpython$NAMED.so.1.0" ]; then
		LINK=dual
	fi
	export TREE PYTHON VERSION NAMED STDLIB LINK
	echo "# $1: $("$PYTHON" -VV 2>&1 | tr '\n' ' ')libpython $LINK"
	for topic in $3; do
		LABEL="$1: $topic: "
		SCRATCH="$place/scratch/$topic"
		mkdir -p "$SCRATCH"
		export LABEL SCRATCH
		start=$(date +%s)
		(cd "$SCRATCH" && sh "$HERE/$topic.sh" 2>&1) ||
			echo "FAIL ${LABEL}went through to its end"
		echo "time $LABEL$(($(date +%s) - start)) s"
		rm -rf "$SCRATCH"
	done
}

# build LABEL OPTION...: $WORK/LABEL
build() {
	label=$1
	shift
	echo "# solder build $*" >&2
	# Word splitting is wanted.
	"$SOLDER" build -q ${DIST_FLAGS:-} "$@" -o "$WORK/$label" >"$WORK/$label.log" 2>&1 &
	echo $! >"$WORK/$label.pid"
	wait $! || {
		cat "$WORK/$label.log" >&2
		echo "FAIL build $*"
	}
	rm "$WORK/$label.pid"
}

# Checks keep one processor busy, so the next trees are built beside them.
build_others() {
	# Word splitting is wanted.
	build shared ${FORM:-} --link shared
	build dual ${FORM:-} --link dual
	build here ${FORM:-} --embed here
	# With the packages of the plain tree.
	[ -n "${QUICK:-}" ] || build 3.11.2 --sources debian --glibc native cpython@3.11.2
}

# The two link modes differ in the interpreter and in what says how it was built.
compare() {
	LABEL="shared: "
	SCRATCH=$WORK
	. "$HERE/common.sh"
	diff -rq --no-dereference "$WORK/moved here/static/py" "$WORK/moved here/shared/py" |
		grep -vE "/py/(bin/python3\.[0-9]+[a-z]*|share/solder/[a-z.]+) " >"$WORK/difference"
	none "the same tree as static but for the interpreter" "$(head -n 20 "$WORK/difference")"
}

run_all() {
	if [ -n "${TREE:-}" ]; then
		cp -a "$TREE" "$WORK/tree" && check_tree tree "$WORK/tree" "$TOPICS"
		return
	fi
	# Without LTO and without a floor, if `make dist` makes something else. The topic of the floor
	# compares with it.
	plain=
	if [ -n "${FORM:-}" ]; then
		plain=$(echo "$TOPICS" | tr ' ' '\n' |
			grep -xE 'elf|floor|modules|startup|memory|embed|gdb|layouts')
		# Each of these links takes a minute with LTO.
		TOPICS=$(echo " $TOPICS " | sed 's/ layouts / /')
	fi
	[ -z "$plain" ] || build plain --glibc native
	# Word splitting is wanted.
	build static ${FORM:-}
	build_others &
	others=$!
	if [ -d "$WORK/plain" ]; then
		check_tree plain "$WORK/plain" "$plain"
		export NATIVE="$WORK/moved here/plain/py"
	fi
	# The test suite, the damages and the documented lines would say the same of the shared form, the
	# last two and the probes of 3.11.2.
	shared=$(echo " $TOPICS " | sed 's/ suite / /; s/ damage / /; s/ documented / /')
	old=$(echo " $TOPICS " | sed 's/ damage / /; s/ probes / /; s/ documented / /')
	[ ! -d "$WORK/static" ] || check_tree static "$WORK/static" "$TOPICS"
	wait "$others"
	if [ -d "$WORK/shared" ]; then
		check_tree shared "$WORK/shared" "$shared"
		compare
	fi
	[ ! -d "$WORK/dual" ] || check_tree dual "$WORK/dual" "$(echo "$TOPICS" | tr ' ' '\n' |
		grep -xE 'elf|relocation|venv|capabilities|embed|gdb|overlinked|one-libpython|cited|probes')"
	[ ! -d "$WORK/here" ] || check_tree here "$WORK/here" "$(echo "$TOPICS" | tr ' ' '\n' |
		grep -xE 'elf|embed|overlinked|one-libpython|cited|here')"
	rm -rf "$WORK/moved here"
	unset NATIVE
	[ ! -d "$WORK/3.11.2" ] || check_tree 3.11.2 "$WORK/3.11.2" "$old"
}

run_all | tee "$WORK/results"

count() {
	grep -c "^$1 " "$WORK/results"
}
failed=$(count FAIL) passed=$(count ok) skipped=$(count skip)
if [ "$failed" != 0 ]; then
	echo "# failed:"
	grep '^FAIL ' "$WORK/results"
fi
if [ "$skipped" != 0 ]; then
	echo "# skipped:"
	grep '^skip ' "$WORK/results"
	if [ -n "${MUST_WORK:-}" ]; then
		failed=$((failed + skipped)) skipped=0
	fi
fi
summary="$passed passed, $failed failed"
[ "$skipped" = 0 ] || summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
