# Sourced by common.sh and link.sh: flags of what the user may choose about how
# CPython's functions and variables are reached, and those of links with LTO.  A
# variable that is not set has its default: what is not chosen is in no step's
# key.

case $TLS in
initial-exec) cflags=-ftls-model=initial-exec ;;
desc)
    # Elsewhere descriptors are the compilers' own way.
    case $TRIPLE in x86_64-*) cflags=-mtls-dialect=gnu2 ;; *) cflags= ;; esac ;;
*) cflags= ;;
esac
# With LTO, the code generator runs when linking.
codegen=
case $cflags in -mtls-dialect=*) codegen=$cflags ;; esac

case ${INTERPOSITION:-no} in
no) cflags="-fno-semantic-interposition $cflags" ;;
yes)
    # Also undoes what configure adds for builds with a profile.
    cflags="-fsemantic-interposition $cflags"
    codegen="-fsemantic-interposition $codegen"
    ;;
esac
case ${PLT:-yes} in
yes) ;;
no)
    cflags="-fno-plt $cflags"
    case $CC_FAMILY in gcc) codegen="-fno-plt $codegen" ;; esac
    ;;
esac
case ${VISIBILITY:-hidden} in
hidden) ;; # is configure's choice
default) cflags="$cflags -fvisibility=default" ;;
esac

# The code itself.  $CODE_FLAGS has what the libraries are compiled with, too.
case ${OPTIMIZE:-3} in
3) ;; # is configure's choice
*)
    cflags="$cflags -O$OPTIMIZE"
    codegen="-O$OPTIMIZE $codegen"
    ;;
esac
case ${MARCH:-baseline} in
baseline) ;;
*) cflags="$cflags -march=x86-64-$MARCH" ;;
esac
case ${TAIL_DUP:-0} in
0) ;;
*)
    cflags="$cflags -mllvm -tail-dup-pred-size=$TAIL_DUP"
    codegen="-mllvm -tail-dup-pred-size=$TAIL_DUP $codegen"
    ;;
esac
cflags="$cflags $CODE_FLAGS"
# The one of these that extension modules need, too: a chain of frames has no gaps.
frames=
for flag in $CODE_FLAGS; do
    case $flag in -fno-omit-frame-pointer | -mno-omit-leaf-frame-pointer) frames="$frames $flag" ;; esac
done

# Of the interpreter and the library alike.
files=-Wl,-z,noexecstack,-z,relro
case ${BIND:-now} in
now) files=$files,-z,now ;;
lazy) files=$files,-z,lazy ;;
esac
case ${ICF:-no} in
no) ;;
*) files=$files,--icf=$ICF ;;
esac
case ${RELR:-no} in
no) ;;
yes) files=$files,-z,pack-relative-relocs ;;
esac
case ${HUGE_TEXT:-no} in
no) ;;
yes)
    files=$files,-z,max-page-size=0x200000
    # lld has segments share pages, and GNU ld aligns to what is common.
    case $LLD in
    '') files=$files,-z,common-page-size=0x200000 ;;
    *) files=$files,-z,separate-loadable-segments ;;
    esac
    ;;
esac
case ${SYMBOLIC:-yes} in
yes) symbolic=-Wl,-Bsymbolic-functions ;;
no) symbolic= ;;
esac
ldflags="$codegen -Wl,--exclude-libs,ALL $symbolic $files"

# How LTO divides the code, which is in the result, and among how many processes,
# which is not; and what leaves out optimising where a link only serves the build.
lto=
processes=
quick=
here=$PWD
case $LTO:$CC_FAMILY in
none:*) ;;
*:gcc)
    lto=-flto-partition=${PARTITION:-balanced}
    processes=-flto=$JOBS
    quick=-fno-lto
    # gcc keeps in the objects what it knows the current directory by, among the
    # assembler's options and to find sources from where it links: so it knows it
    # by a name that is right everywhere.
    here=/proc/self/cwd
    ;;
*)
    # Its linker optimises at level 2 unless told.
    lto=-Wl,--lto-O${OPTIMIZE:-3}
    case ${TAIL_DUP:-0} in 0) ;; *) lto=$lto,-mllvm,-tail-dup-pred-size=$TAIL_DUP ;; esac
    processes=-Wl,--thinlto-jobs=$JOBS
    quick=-Wl,--lto-O0
    ;;
esac
