# The one compile.  It leaves everything of a distribution but the interpreter
# in $OUT/install, and what link.sh makes interpreters from in $OUT/build.
. "$RECIPE/common.sh"

library=libpython$LDVERSION

. "$RECIPE/fit.sh"

# What a launcher may compile elsewhere, after the preprocessor has run here, has
# the same bytes as what is compiled here, if the preprocessor runs apart here,
# too: otherwise debug information knows more of macros.
case $LTO:$CC_FAMILY:${PROFILE:-} in
none:gcc:) cplaces="$cplaces -no-integrated-cpp" ;;
esac

profiled=${PROFILE:+yes}
unprofiled=$cflags
case ${PROFILE:+$CC_FAMILY} in
gcc)
    # Beside the objects, where -fprofile-use looks for them: given a path, gcc
    # would write it into the debug information.
    cp -R "$PROFILE/." .
    cflags="$cflags -fprofile-use -fprofile-correction -Wno-missing-profile -Wno-coverage-mismatch"
    ;;
clang)
    cp "$PROFILE/code.profclangd" .
    cflags="$cflags -fprofile-instr-use=code.profclangd -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date"
    ;;
esac

configure
if [ -n "$profiled" ] && ! fits; then
    run_make clean
    find . -name '*.gcda' -exec rm {} +
    profiled=
    cflags=$unprofiled
    configure
fi
if [ -n "$profiled" ]; then
    # Says that there is a profile; "all", on which "install" depends, would
    # start training otherwise.
    touch profile-run-stamp
    # The name by which trees know it, whether this compiler has it or not.
    sed -i 's|^LLVM_PROF_MERGER=.* merge|LLVM_PROF_MERGER=llvm-profdata merge|' Makefile
fi

if [ "$LTO" != none ]; then
    optimised=$ldflags
    ldflags="$ldflags $quick"
    run_make python Programs/_testembed
    ldflags="$optimised $lto"
    ldplaces="$ldplaces $processes"
fi
run_make build_all "$library.so" "$library.a"
# Debug builds have none.
stub=$(run_make -s --eval='stub: ; @echo $(PY3LIBRARY)' stub)
if [ -n "$stub" ]; then
    # It consists of the name of what it leads to, which is beside it.
    (
        ldflags="$ldflags -Wl,--enable-new-dtags -Wl,-rpath,'\$\$ORIGIN'"
        run_make "$stub"
    )
fi

# The archive and the object with main() are for whoever links them, with
# whatever compiler: machine code.
mkdir -p native/Programs
cp Programs/python.o native/Programs/
case $LTO:$CC_FAMILY in
none:*) ;;
*:gcc)
    for file in "$library.a" native/Programs/python.o; do
        "$OBJCOPY" -D --wildcard --remove-section='.gnu.lto_*' \
            --remove-section='.gnu.debuglto_*' --strip-symbol='__gnu_lto_*' "$file"
    done
    ;;
*)
    rm native/Programs/python.o
    run_make -f "$RECIPE/native.mk" native NATIVE_FLAGS="$codegen"
    ;;
esac

run_make install DESTDIR="$OUT" ENSUREPIP=no
# By all of its names: the Makefile leaves out the one without a number.
install_pip

cd "$OUT/install"
ln -s "python$LDVERSION" bin/python
# A copy would not become what link.sh makes.
[ "$LDVERSION" = "$MAJORMINOR" ] || ln -sf "python$LDVERSION" "bin/python$MAJORMINOR"
# gdb looks for its extension beside what it debugs.
install -m 644 "$SRC/Tools/gdb/libpython.py" "lib/$library.so.1.0-gdb.py"
ln -s "../lib/$library.so.1.0-gdb.py" "bin/python$LDVERSION-gdb.py"
case $tk in shared)
    install -m 755 "$SRC"/tk/*.so lib/
    # Scripts, which Tcl looks for beside it.
    cp -R "$DEPS/lib/tcl9.0" "$DEPS/lib/tcl9" "$DEPS/lib/tk9.0" lib/ ;;
esac
# No command without what it runs.
[ -e "lib/$STDLIB/lib-dynload"/_tkinter.*.so ] || rm -f bin/idle*
# Early releases of 3.11 forget to install some of their tests.
for tests in "$SRC"/Lib/test/test_*/; do
    installed=lib/$STDLIB/test/$(basename "$tests")
    [ -d "$installed" ] || cp -R "$tests" "$installed"
done
find . -name __pycache__ -prune -exec rm -r {} +
config=lib/$STDLIB/config-$LDVERSION-$TRIPLE
mv "$config/$library.a" lib/
ln -s "../../$library.a" "$config/"
cp "$SRC/native/Programs/python.o" "$config/"
cd "lib/$STDLIB/lib-dynload"
case ${MODULES:-seam} in static) ;; *) ln -sf _curses.*.so _curses_panel.*.so ;; esac

# configure leaves out a module whose library it does not find, and says so in
# passing only.
awk -v tk=$tk '$1 == "tk" { $1 = tk }
    $1 == "shared" || $1 == "library" { $1 = ""; print }' "$RECIPE/modules.txt" | tr -s ' ' '\n' | while read -r name; do
    if grep -q "^[^#]*@$name " "$SRC/Modules/Setup.stdlib.in" && ! [ -e "$name".*.so ] &&
        ! grep -q "\"$name\"" "$SRC/Modules/config.c"; then
        echo "the module $name was not built: see config.log for its library" >&2
        exit 1
    fi
done

cd "$SRC"
mkdir -p "$OUT/build"
cp --parents -p Makefile Programs/python.o Programs/_testembed "$library".so* \
    $(run_make -s --eval='objects: ; @echo $(LIBRARY_OBJS) $(filter %.a,$(MODLIBS))' objects) \
    "$OUT/build"
echo "$hacl" >"$OUT/build/hacl"
