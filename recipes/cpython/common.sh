# Sourced by profile.sh and compile.sh: configure, the seam, make.

# What becomes of _tkinter.
case ${TK:-no} in
yes) tk=shared ;;
no) tk=disabled ;;
esac

export CPATH="$DEPS/include" LIBRARY_PATH="$PWD/tk:$DEPS/lib"

# Links Tcl and Tk, each into the one file that is beside libpython: they are shared
# since programs load them from C, too.  All that Tk needs of X11 is inside, hidden,
# so that it meets neither the system's nor another toolkit's.
link_tk() {
    mkdir -p tk
    x="Xft fontconfig expat freetype png16 z Xrender X11 xcb Xau"
    $CC -shared -o tk/libtcl9.0.so -Wl,-soname,libtcl9.0.so,-z,defs "$files" \
        -Wl,--whole-archive -l:libtcl9.0.a -Wl,--no-whole-archive \
        -Wl,--exclude-libs,libz.a -lz -lm -lpthread -ldl
    $CC -shared -o tk/libtcl9tk9.0.so -Wl,-soname,libtcl9tk9.0.so,-z,defs "$files" \
        -Wl,--whole-archive -l:libtcl9tk9.0.a -Wl,--no-whole-archive -ltclstub \
        $(printf -- '-Wl,--exclude-libs,lib%s.a ' tclstub $x) $(printf -- '-l%s ' $x) \
        -lm -lpthread -ldl
    # The Makefile tries each module that it has made.
    ln -sf tk/*.so .
}

# What is different in a build for another machine.
site=$RECIPE/config.site
overrides=
settle() {
    python='./$(BUILDPYTHON) -E'
}
install_pip() {
    LD_LIBRARY_PATH=. ./python -E -m ensurepip --default-pip --root="$OUT/"
}
case ${NATIVE:+crossed} in crossed) . "$RECIPE/cross.sh" ;; esac

# With a profile, or to train one, if $profiled is not empty.
configure() {
    set -- --prefix=/install --enable-shared --with-ensurepip=install \
        --enable-loadable-sqlite-extensions --with-dbmliborder=bdb \
        --with-readline=editline --with-system-expat ${CONFIGURE:-}
    if [ -n "$profiled" ]; then
        set -- "$@" --enable-optimizations
    fi
    case $LTO:$CC_FAMILY in
    none:*) ;;
    *:gcc) set -- "$@" --with-lto=full ;;
    *) set -- "$@" --with-lto="$LTO" ;;
    esac
    case ${FREETHREADED:-no} in yes) set -- "$@" --disable-gil ;; esac
    case ${PYDEBUG:-no} in yes) set -- "$@" --with-pydebug ;; esac
    case ${JIT:-no} in yes*) set -- "$@" --enable-experimental-jit="$JIT" ;; esac
    case ${TAIL_CALL:-no} in yes) set -- "$@" --with-tail-call-interp ;; esac
    case $tk in shared) link_tk ;; esac
    # pkg-config would describe the system's libraries.  The compilers go the
    # way of config.site, too.
    env -u CC -u CXX -u AR cc="$CC" cxx="$CXX" ar="$AR" \
        CONFIG_SITE="$site" ./configure "$@" --with-pkg-config=no
    settle
    setup >Modules/Setup.local
    # _tkinter finds Tcl and Tk wherever the tree is, and in whatever program.
    case $tk in shared)
        sed -i "s|^MODULE__TKINTER_LDFLAGS=.*|& -Wl,--disable-new-dtags,-rpath,'\$\$ORIGIN/../..'|" \
            Makefile.pre ;;
    esac
    # From 3.14 on, each module that hashes names these objects as libraries.
    [ -z "$hacl" ] || sed -i 's/^\(LIBHACL_[A-Z0-9]*_LIB_SHARED\)=.*/\1=/' Makefile.pre
}

# Setup.local comes before Setup.stdlib, and the first mention of a module counts,
# of those in Setup.stdlib, too, which not every release reads by itself.  $SETUP is
# what the release at hand needs besides, as recipe.yaml says.
setup() {
    # What becomes of modules without a library, and of those with one.
    case ${MODULES:-seam} in
    seam) plain=static with_library=shared ;;
    static) plain=static with_library=static ;;
    shared) plain=shared with_library=shared ;;
    esac
    # The panel library works on its caller's ncurses: both modules must be in
    # one file to have the same.  compile.sh makes one a link to the other.
    cat <<END
*$with_library*
_curses _curses_panel _cursesmodule.c _curses_panel.c -DHAVE_NCURSESW -lpanelw -lncursesw
END
    printf '%s\n' "${SETUP:-}"
    # What is built in has to be in libpython.a, too: $hacl puts the objects there
    # that the Makefile would have _sha2 take from an archive.
    awk -v plain=$plain -v library=$with_library -v tk=$tk '
        FNR == NR { if ($1 == "library") $1 = library
                    if ($1 == "tk") $1 = tk
                    if ($1 ~ /^(static|shared|disabled)$/) for (i = 2; i <= NF; i++) {
                        pattern = $i; gsub(/\*/, ".*", pattern); kind["^" pattern "$"] = $1 }
                    next }
        /^[A-Za-z_]/ {
            to = plain
            for (p in kind) if ($1 ~ p) to = kind[p]
            if (to == "static") sub(" Modules/_hacl/libHacl_Hash_SHA2.a", "")
            lines[to] = lines[to] $0 "\n" }
        END { printf "*static*\n%s*shared*\n%s", lines["static"], lines["shared"] }
    ' "$RECIPE/modules.txt" Modules/Setup.stdlib
    echo '*disabled*'
    awk -v tk=$tk '$1 == "tk" { $1 = tk } $1 == "disabled" { $1 = ""; print }' "$RECIPE/modules.txt"
}

. "$RECIPE/flags.sh"

# Flags that name places on this machine are kept apart, and how many processes
# LTO may use, which compile.sh adds: see run_make.
cplaces="-ffile-prefix-map=$here=Python-$VERSION -ffile-prefix-map=$DEPS=deps"
ldplaces=-L$DEPS/lib
if [ -n "$LLD" ]; then
    ldplaces="$ldplaces --ld-path=$(command -v "$LLD")"
fi

case $LTO:$CC_FAMILY in
none:* | *:clang) ;;
*)
    # gcc writes debug information when linking, too, and leaves the directory
    # of a source file to the assembler.
    ldplaces="$ldplaces $cplaces"
    cplaces="$cplaces -Wa,--debug-prefix-map=$here=Python-$VERSION"
    # The names of LTO's sections are drawn by lot without a seed.
    cplaces="$cplaces -frandom-seed=\$@"
    ;;
esac

# CPython's hash functions, in archives of their own by the Makefile; which
# there are depends on the release.
hacl='$(sort $(LIBHACL_MD5_OBJS) $(LIBHACL_SHA1_OBJS) $(LIBHACL_SHA2_OBJS) $(LIBHACL_SHA3_OBJS) $(LIBHACL_BLAKE2_OBJS) $(LIBHACL_HMAC_OBJS))'
case ${MODULES:-seam} in shared) hacl= ;; esac

# What make's command line sets adds to what configure chose.  Two programs that
# the Makefile runs get a Python of their own: pybuilddir.txt, where sysconfig
# takes its variables from the Makefile and the environment, sees no places; and
# libinstall, which would compile all of Lib three times for bytecode.sh to
# throw away, does nothing.
run_make() {
    PWD=$here make ${overrides:+--eval="$overrides"} "$@" \
        CFLAGS_NODIST="$cflags $cplaces" LDFLAGS_NODIST="$ldflags $ldplaces" ARFLAGS=rcsD \
        EXTRA_CFLAGS="$frames" \
        MACHDEP_OBJS="$hacl" \
        LINK_PYTHON_OBJS='$(LIBRARY_OBJS)' LINK_PYTHON_DEPS='$(LIBRARY_OBJS)' \
        LINKFORSHARED="-Wl,--export-dynamic -pie $quick" \
        published="CFLAGS_NODIST='$cflags' EXTRA_CFLAGS='$frames' LDFLAGS_NODIST='$ldflags'" \
        PYTHON_FOR_BUILD='$(if $(filter libinstall,$@),:,$(if $(filter pybuilddir.txt,$@),env $(published)) '"$python)"
}
