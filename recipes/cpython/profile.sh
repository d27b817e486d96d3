# What code a training run spends its time in, for compile.sh to optimise for.

# What is learnt does not depend on how objects are linked.
LTO=none
profiled=yes
. "$RECIPE/common.sh"

case $CC_FAMILY in
gcc)
    generate=-fprofile-generate
    ;;
clang)
    generate=-fprofile-instr-generate
    # The programs that freeze modules while building teach nothing.
    export LLVM_PROFILE_FILE=/dev/null
    ;;
esac
cflags="$cflags $generate"
ldflags="$ldflags $generate"

configure
run_make build_all

find . -name '*.gcda' -exec rm {} +
# Processes that end at the same time merge into a pool of a few files.
export LLVM_PROFILE_FILE="$SRC/code-%4m.profclangr"
# The same work every time, as far as processes and threads allow.
export PYTHONHASHSEED=0

# A test may fail under instrumentation without making the profile worse.
tests() {
    ./python -m test "$@" --timeout=1200 -j "$JOBS" || echo "training ended with status $?"
}

# Ours, several at a time; each says how long it took.
own() {
    find "$RECIPE/training" -name '[a-z]*.py' | sort |
        xargs -n 1 -P "$JOBS" sh -c 'start=$(date +%s); ./python -I "$0" || exit 255
            echo "$(basename "$0" .py): $(($(date +%s) - start)) s"'
}

case $TRAIN in
pgo) tests --pgo ;;
extended) tests --pgo-extended ;;
own) own ;;
both) own && tests --pgo ;;
script) ./python "$RECIPE/train.py" ;;
esac

mkdir -p "$OUT/profile"
case $CC_FAMILY in
gcc) find . -name '*.gcda' -exec cp --parents -p {} "$OUT/profile" \; ;;
clang) "$LLVM_PROFDATA" merge -o "$OUT/profile/code.profclangd" ./*.profclangr ;;
esac
[ -n "$(find "$OUT/profile" -type f)" ] || {
    echo "the training run left no profile" >&2
    exit 1
}
