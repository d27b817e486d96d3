# Sourced by compile.sh: is a profile of this source?
#
# The parser, the objects and the interpreter's loop, which are compiled first
# and kept, are the sample.  Compilers say which of their functions are not in the
# profile, or had another shape when it was made.  With fewer than these of 100
# functions it is of another source, and misleads more than it helps.
fit_bound=75

# Writes "MATCHED ALL used|unused" to $OUT/profile-fit; false: unused.
fits() {
    # Make it now, since it says so where the names of the sample are read from.
    run_make Makefile
    sample=$(run_make -s --eval='sample: ; @echo $(PARSER_OBJS) $(OBJECT_OBJS) Python/ceval.o' sample)
    (
        case $CC_FAMILY in
        gcc) cplaces="$cplaces -Wmissing-profile -Wcoverage-mismatch -Wno-error=coverage-mismatch" ;;
        clang) cplaces="$cplaces -Wprofile-instr-out-of-date -Wprofile-instr-missing -Wprofile-instr-unprofiled" ;;
        esac
        # What belongs to one file stays together, behind the command.
        run_make -Otarget $sample
    ) >fit.log 2>&1 || {
        # One that this compiler cannot read, or the source is at fault, as will show.
        cat fit.log
        echo "0 0 unused" >"$OUT/profile-fit"
        return 1
    }
    cat fit.log
    for object in $sample; do
        echo "$object $(functions "$object")"
    done >fit.functions
    awk -v bound="$fit_bound" '
        FNR == NR { all[$1] = $2; next }
        match($0, / -o [^ ]*\.o( |$)/) {
            file = substr($0, RSTART + 4, RLENGTH - 4); sub(/ /, "", file); next }
        # clang: both lines count the functions of the file.
        match($0, /: of [0-9]+ functions?, [0-9]+ ha(s|ve) (mismatched|no) data/) {
            n = split(substr($0, RSTART, RLENGTH), word, " "); all[file] = word[3] + 0
            bad[file] += word[5] + 0 }
        # gcc.
        /profile for function .* not found in profile data/ { all[file]++; bad[file]++ }
        /-Wcoverage-mismatch\]/ && /does not match its profile data .counter .*arcs/ { bad[file]++ }
        /profile count data file not found|no profile data available for file/ { none[file] = 1 }
        END {
            for (file in all) {
                functions += all[file]
                if (!none[file]) matched += (all[file] > bad[file]) ? all[file] - bad[file] : 0
            }
            fits = functions > 0 && matched * 100 >= functions * bound
            print matched + 0, functions + 0, (fits ? "used" : "unused")
        }' fit.functions fit.log >"$OUT/profile-fit"
    grep -q ' used$' "$OUT/profile-fit"
}

# How many functions an object was made from: of gcc, those in the file of its
# counts, where a function is tag 0x01000000 and the length of what follows; else
# those that are left in the object.
functions() {
    if [ -e "${1%.o}.gcda" ]; then
        od -An -v -tu4 -w4 "${1%.o}.gcda" |
            awk '$1 == 16777216 { getline; if ($1 == 12 || $1 == 3) n++ } END { print n + 0 }'
    else
        "$NM" "$1" | grep -c ' [tT] ' || true
    fi
}
