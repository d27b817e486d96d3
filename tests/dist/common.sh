# Sourced by the topics.  run.sh sets, for the tree that is being checked:
#   TREE       where it is, a path with spaces
#   PYTHON     its interpreter, VERSION its series (3.13), LINK static, shared or dual
#   NAMED      what its files are called by: 3.13, or 3.13t, 3.13d, 3.13td
#   STDLIB     the name of its standard library's folder: python3.13, python3.13t
#   SCRATCH    a folder for the topic, also with spaces
#   HERE       tests/dist, RECIPES the recipes
#   LABEL      what stands before each check's name
# Each check is a line "ok NAME", "FAIL NAME" (what the command said follows, indented),
# "skip NAME: REASON" or "note TEXT".

show() {
	sed 's/^/    /' | tail -n "${1:-25}"
}

# check NAME COMMAND...: the command succeeds.
check() {
	check_name=$1
	shift
	if "$@" >"$SCRATCH/output" 2>&1; then
		echo "ok $LABEL$check_name"
	else
		echo "FAIL $LABEL$check_name"
		show <"$SCRATCH/output"
		return 1
	fi
}

# same NAME FOUND WANTED: two texts are equal.
same() {
	if [ "$2" = "$3" ]; then
		echo "ok $LABEL$1"
	else
		echo "FAIL $LABEL$1"
		printf 'found:  %s\nwanted: %s\n' "$2" "$3" | show
	fi
}

# none NAME TEXT: a list of offenders is empty.
none() {
	if [ -z "$2" ]; then
		echo "ok $LABEL$1"
	else
		echo "FAIL $LABEL$1"
		printf '%s\n' "$2" | show
	fi
}

# some NAME TEXT: something was found.
some() {
	if [ -n "$2" ]; then
		echo "ok $LABEL$1"
	else
		echo "FAIL $LABEL$1"
	fi
}

skip() {
	echo "skip $LABEL$1: $2"
}

note() {
	echo "note $LABEL$*"
}

have() {
	command -v "$1" >/dev/null
}

# In a namespace of our own, if that is possible here.
can_bwrap() {
	have bwrap && bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /etc true 2>/dev/null
}

# tell_results FILE: shows the lines of all topics, and how many checks passed; fails unless all did.
tell_results() {
	cat "$1"
	failed=$(grep -c '^FAIL ' "$1") passed=$(grep -c '^ok ' "$1")
	skipped=$(grep -c '^skip ' "$1")
	if [ -n "${MUST_WORK:-}" ]; then
		failed=$((failed + skipped))
	fi
	summary="$passed passed, $failed failed"
	[ "$skipped" = 0 ] || summary="$summary, $skipped skipped"
	echo "$summary"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
}
