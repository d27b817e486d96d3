# What code a training run spends its time in, for compile.sh to optimise for.

# What is learnt does not depend on how objects are linked.
LTO=none
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
if [ -n "$TRAIN" ]; then
    ./python "$TRAIN"
else
    # A test may fail under instrumentation without making the profile worse.
    ./python -m test --pgo --timeout=1200 -j "$JOBS" || echo "training ended with status $?"
fi

mkdir -p "$OUT/profile"
case $CC_FAMILY in
gcc) find . -name '*.gcda' -exec cp --parents -p {} "$OUT/profile" \; ;;
clang) "$LLVM_PROFDATA" merge -o "$OUT/profile/code.profclangd" ./*.profclangr ;;
esac
[ -n "$(find "$OUT/profile" -type f)" ] || {
    echo "the training run left no profile" >&2
    exit 1
}
