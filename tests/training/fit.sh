# How much of a source a profile fits, counted by recipes/cpython/fit.sh from what compilers say.
#
#   sh tests/training/fit.sh
set -u
repo=$(pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
passed=0 failed=0

cat >same.c <<'END'
static int one(int x) { int s = 0; for (int i = 0; i < x; i++) s += i % 3 ? i : -i; return s; }
int two(int x) { return x > 3 ? one(x) : 7; }
int three(int x) { switch (x) { case 1: return 5; case 2: return two(x); default: return x; } }
int main(int n, char **v) { (void)v; return two(n + 10) + three(n) < 0; }
END
# One function of another shape, and one more.
sed 's/return x > 3 ? one(x) : 7;/while (x > 2) { if (x > 9) return one(x); x--; } return 7;/
	s/^int main/int four(int x) { return x ? 3 : four(x + 1); }\nint main/' same.c >changed.c
echo 'int other(int x) { return x + 1; } int more(int x) { return x ? 2 : 3; }' >other.c

# Stands for make: names the sample, or compiles it as the Makefile does.
run_make() {
	case $1 in
	-s) [ -e made ] || echo "The Makefile was updated."; echo unit.o ;;
	Makefile) touch made ;;
	*) echo "$CC -c $use $cplaces -o unit.o unit.c" && $CC -c $use $cplaces -o unit.o unit.c ;;
	esac
}

judge() { # SOURCE WANTED
	cp "$1" unit.c
	(. "$repo/recipes/cpython/fit.sh" && fits) >log 2>&1
	got=$(cat profile-fit)
	case " $2 " in
	*" $got "*) passed=$((passed + 1)) && echo "ok $CC $1: $got" ;;
	*) failed=$((failed + 1)) && echo "FAIL $CC $1: $got, not $2" && cat log ;;
	esac
	rm -f profile-fit unit.o made
}

try() { # What is trained with is the same file.
	judge same.c "4 4 used"
	judge changed.c "$1"
	rm -f unit.gcda
	judge other.c "0 2 unused"
}

OUT=$work NM=nm cplaces=
for CC in gcc-12 gcc; do
	command -v $CC >/dev/null || continue
	CC_FAMILY=gcc use="-O0 -fprofile-use -Wno-missing-profile -Wno-coverage-mismatch"
	cp same.c unit.c
	$CC -O0 -fprofile-generate -c unit.c -o unit.o && $CC -fprofile-generate unit.o -o unit && ./unit
	try "3 5 unused"
done
for n in 22 14; do
	CC=clang-$n CC_FAMILY=clang use="-O0 -fprofile-instr-use=code.profclangd -Wno-profile-instr-out-of-date"
	cp same.c unit.c
	# `make check` installs 14, and `make dist` 22, but not what trains.
	if [ $n != 14 ]; then
		command -v llvm-profdata-$n >/dev/null || continue
		$CC -fprofile-instr-generate unit.c -o unit 2>/dev/null || continue
	fi
	$CC -fprofile-instr-generate unit.c -o unit && LLVM_PROFILE_FILE=raw ./unit &&
		llvm-profdata-$n merge -o code.profclangd raw
	try "3 5 unused"
	echo "no profile" >code.profclangd
	judge same.c "0 0 unused"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
