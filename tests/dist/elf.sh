# Properties of the interpreter, libpython in both forms and the extension modules, as binutils
# read them.
. "$HERE/common.sh"

lib=$TREE/lib
so=$lib/libpython$NAMED.so.1.0
archive=$lib/libpython$NAMED.a
dynload=$lib/$STDLIB/lib-dynload
system='libc\.so|libc\.so\.6|libm\.so\.6|libdl\.so\.2|libpthread\.so\.0|librt\.so\.1|libutil\.so\.1|ld-linux[-a-z0-9_]*\.so\.[0-9]'

needed() {
	readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}
dynamic() {
	readelf -dW "$1" | sed -n "s/.*($2).*\[\(.*\)\]/\1/p"
}
exports() {
	nm -D --defined-only "$1" | awk '{ print $NF }' | sed 's/@.*//' | sort -u
}
# Names of exports that no reader of Python's documentation expects.
foreign() {
	exports "$1" | grep -vE '^_?Py|^PyInit_' | grep -vxF -f "$SCRATCH/allowed"
}

# PY_TIMEOUT_MAX is CPython's (pythread.h); stdin to environ are libc's data that a program
# copies into itself; the others belong to the start of every program, and those in the last line to
# GNU ld for ARM.
tr ' ' '\n' >"$SCRATCH/allowed" <<END_ALLOWED
PY_TIMEOUT_MAX
stdin stdout stderr environ __environ _environ
_init _fini _start main __bss_start _edata _end __data_start data_start _IO_stdin_used
__bss_start__ __bss_end__ _bss_end__ __end__
END_ALLOWED

# Public names of the libraries that are linked in, from their recipes.
sed -n 's/^exports: *\[\(.*\)\]/\1/p' "$RECIPES"/*/recipe.yaml | tr -d ' ' | tr ',' '\n' |
	sort -u >"$SCRATCH/third-party"
some "the recipes name exports" "$(cat "$SCRATCH/third-party")"

# hardened FILE NAME
hardened() {
	headers=$(readelf -lW "$1")
	d=$(readelf -dW "$1")
	bad=
	echo "$headers" | grep -q GNU_RELRO || bad="$bad no-RELRO"
	echo "$d" | grep -qE 'BIND_NOW|FLAGS_1.*NOW' || bad="$bad no-BIND_NOW"
	[ "$(echo "$headers" | awk '$1 == "GNU_STACK" { print $7 }')" = RW ] || bad="$bad stack"
	! echo "$headers" | grep -q 'LOAD.* RWE ' || bad="$bad writable-and-executable"
	! echo "$d" | grep -q TEXTREL || bad="$bad TEXTREL"
	! echo "$d" | grep -qE '\(SYMBOLIC\)|FLAGS\).*SYMBOLIC' || bad="$bad SYMBOLIC"
	[ -z "$bad" ] || echo "$2:$bad"
}

calls_tls() {
	objdump -d --no-show-raw-insn "$1" | grep -m 5 __tls_get_addr
}

interpreter() {
	name="interpreter:"
	none "$name no reference to __tls_get_addr" "$(nm -D "$PYTHON" | grep __tls_get_addr)"
	none "$name no call of __tls_get_addr" "$(calls_tls "$PYTHON")"
	same "$name DT_RPATH" "$(dynamic "$PYTHON" RPATH)" '$ORIGIN/../lib'
	none "$name no DT_RUNPATH" "$(dynamic "$PYTHON" RUNPATH)"
	case $LINK:$SONAME in
	static:yes | dual:*) same "$name SONAME" "$(dynamic "$PYTHON" SONAME)" "${so##*/}" ;;
	*) none "$name no SONAME" "$(dynamic "$PYTHON" SONAME)" ;;
	esac
	none "$name hardened" "$(hardened "$PYTHON" interpreter)"
	if [ "$PIE" = yes ]; then
		same "$name position-independent" "$(readelf -hW "$PYTHON" | awk '/Type:/ { print $2 }')" DYN
	fi
	none "$name exports Python's names only" "$(foreign "$PYTHON")"
	exports "$PYTHON" | comm -12 - "$SCRATCH/third-party" >"$SCRATCH/leaks"
	none "$name exports nothing third-party" "$(cat "$SCRATCH/leaks")"
	others=$(needed "$PYTHON" | grep -vxE "$system")
	if [ "$LINK" = dual ]; then
		none "$name DT_NEEDED names the C library only" "$others"
		# What marks a program, which nobody may open; and what a program has of its own.
		none "$name may be opened: no DF_1_PIE" \
			"$(readelf -dW "$PYTHON" | grep 'FLAGS_1.* PIE')"
		some "$name tells debuggers what is loaded: DT_DEBUG" \
			"$(readelf -dW "$PYTHON" | grep '(DEBUG)')"
		none "$name no copies of variables" "$(readelf -rW "$PYTHON" | grep '_COPY')"
		none "$name starts no other program: no main, no _start" \
			"$(exports "$PYTHON" | grep -xE 'main|_start')"
	elif [ "$LINK" = static ]; then
		none "$name DT_NEEDED names the C library only" "$others"
		none "$name thread-local data at fixed offsets" \
			"$(readelf -rW "$PYTHON" | grep -E 'DTPMOD|TPOFF|TPREL|TLSDESC')"
		exports "$PYTHON" >"$SCRATCH/own"
		exports "$so" >"$SCRATCH/library"
		none "$name exports all that libpython exports" \
			"$(comm -13 "$SCRATCH/own" "$SCRATCH/library")"
	else
		same "$name DT_NEEDED names libpython and the C library only" "$others" "${so##*/}"
	fi
}

library() {
	name="libpython.so:"
	same "$name SONAME" "$(dynamic "$so" SONAME)" "libpython$NAMED.so.1.0"
	# A file of its own with --embed here: see the topic `here`.
	if [ -h "$lib/libpython$NAMED.so" ]; then
		same "$name development link" "$(readlink "$lib/libpython$NAMED.so")" "${so##*/}"
	else
		same "$name what programs are linked with leads to it" \
			"$(needed "$lib/libpython$NAMED.so")" "${so##*/}"
	fi
	case $NAMED in
	*d) none "$name no libpython3.so leads to a debug build" "$(ls "$lib/libpython3.so" 2>/dev/null)" ;;
	*) same "$name libpython3.so leads to it" \
		"$(needed "$lib/libpython3.so" | grep libpython)" "${so##*/}" ;;
	esac
	none "$name hardened" "$(hardened "$so" libpython)"
	none "$name DT_NEEDED names the C library only" "$(needed "$so" | grep -vxE "$system")"
	[ "$LINK" = dual ] || none "$name no DT_RPATH, no DT_RUNPATH" \
		"$(dynamic "$so" RPATH)$(dynamic "$so" RUNPATH)"
	none "$name exports Python's names only" "$(foreign "$so")"
	exports "$so" >"$SCRATCH/library"
	none "$name exports nothing third-party" "$(comm -12 "$SCRATCH/library" "$SCRATCH/third-party")"
	some "$name exports the API" "$(grep -x Py_Initialize "$SCRATCH/library")"
	readelf -rW "$so" >"$SCRATCH/relocations"
	none "$name no PLT slot for a function of its own" \
		"$(awk '/JUMP_SLO/ { print $5 }' "$SCRATCH/relocations" | sed 's/@.*//' | sort -u |
			comm -12 - "$SCRATCH/library")"
	# Functions by their type: -Bsymbolic-functions leaves the labels of hand-written assembler
	# (_Py_trampoline_func_start, _end), which have none, to the loader.
	readelf --dyn-syms -W "$so" | awk '$4 == "FUNC" && $7 != "UND" { sub(/@.*/, "", $8); print $8 }' |
		sort -u >"$SCRATCH/functions"
	none "$name no GOT slot for a function of its own" \
		"$(awk '/GLOB_DAT/ { print $5 }' "$SCRATCH/relocations" | sed 's/@.*//' | sort -u |
			comm -12 - "$SCRATCH/functions")"
	case $TLS in
	initial-exec)
		# Before 3.12 nothing was thread-local.
		if readelf -lW "$so" | grep -q '^ *TLS '; then
			some "$name initial-exec" \
				"$(grep -m 1 -E 'TPOFF64|TLS_TPREL' "$SCRATCH/relocations")"
		fi
		none "$name no other TLS model" "$(grep -E 'DTPMOD|TLSDESC' "$SCRATCH/relocations")"
		none "$name no call of __tls_get_addr" "$(calls_tls "$so")"
		;;
	desc)
		some "$name TLS descriptors" "$(grep -m 1 TLSDESC "$SCRATCH/relocations")"
		none "$name no call of __tls_get_addr" "$(calls_tls "$so")"
		;;
	*)
		some "$name general-dynamic" "$(grep -m 1 -E 'DTPMOD|TLSDESC' "$SCRATCH/relocations")"
		;;
	esac
}

static_library() {
	name="libpython.a:"
	same "$name in the config directory, too" \
		"$(readlink -f "$lib/$STDLIB"/config-*/"${archive##*/}")" "$(readlink -f "$archive")"
	members=$(ar t "$archive" | wc -l)
	same "$name every member is machine code" \
		"$(readelf -hW "$archive" 2>/dev/null | grep -c 'Type: *REL')" "$members"
	none "$name no intermediate code" \
		"$(readelf -SW "$archive" | grep -E '\.gnu\.(debug)?lto_|\.llvm(bc|\.lto)' | head -n 3)"
	# Sections that get an address only: debug information may be what it wants.
	none "$name position-independent" "$(readelf -rW "$archive" 2>/dev/null | awk '
		/^Relocation section/ { debug = /\.rela?\.(debug|stab|comment|gnu\.build)/ }
		!debug && $3 ~ /^R_X86_64_32S?$/ && n++ < 5')"
	same "$name no dates and owners" \
		"$(ar tv "$archive" | awk '{ print $2, $4, $5, $6, $7 }' | sort -u)" "0/0 Jan 1 00:00 1970"
	nm --defined-only "$archive" 2>/dev/null | awk '$2 ~ /^[A-Z]$/ { print $3 }' | sort -u \
		>"$SCRATCH/archive"
	none "$name defines all that libpython.so exports" "$(exports "$so" |
		grep -vxE '_init|_fini|__bss_start|_edata|_end' | comm -23 - "$SCRATCH/archive")"
}

modules() {
	name="modules:"
	bad= leaks= places= soft= names= hidden=
	for m in "$dynload"/*.so; do
		short=${m##*/}
		short=${short%%.*}
		allowed=$system
		case $short in
		_crypt) allowed="$system|libcrypt\.so\.[12]" ;;
		_tkinter) allowed="$system|libtcl9(tk9)?\.0\.so" ;;
		esac
		for n in $(needed "$m" | grep -vxE "$allowed"); do
			bad="$bad$short needs $n
"
		done
		soft="$soft$(hardened "$m" "$short")"
		[ "$short" = _tkinter ] || places="$places$(dynamic "$m" RPATH)$(dynamic "$m" RUNPATH)"
		exports "$m" >"$SCRATCH/module"
		leaks="$leaks$(comm -12 "$SCRATCH/module" "$SCRATCH/third-party")"
		# Modules that ctypes' and the loader's own tests open export what they test with.
		case $short in _ctypes_test | _test* | xx* | _xxtestfuzz) ;;
		*) names="$names$(grep -vE '^PyInitU?_' "$SCRATCH/module" | grep -vxF -f "$SCRATCH/allowed" |
			sed "s/^/$short exports /")" ;;
		esac
		hidden="$hidden
$(nm "$m" 2>/dev/null | awk '{ print $NF }' | sort -u | comm -12 - "$SCRATCH/third-party")"
	done
	none "$name DT_NEEDED names the C library only" "$bad"
	none "$name no DT_RPATH, no DT_RUNPATH" "$places"
	none "$name hardened" "$soft"
	none "$name export nothing third-party" "$leaks"
	none "$name export their init functions only" "$names"
	# Otherwise the check before the last would prove nothing.
	if readelf -SW "$dynload"/_ssl.*.so | grep -q '\.symtab'; then
		missing=
		for m in "$lib"/libtcl9*.so; do
			hidden="$hidden
$(nm "$m" 2>/dev/null | awk '{ print $NF }' | sort -u | comm -12 - "$SCRATCH/third-party")"
		done
		for r in "$RECIPES"/*/recipe.yaml; do
			list=$(sed -n 's/^exports: *\[\(.*\)\]/\1/p' "$r" | tr -d ' ' | tr ',' '\n')
			[ -n "$list" ] || continue
			library=$(basename "$(dirname "$r")")
			case $library:$VERSION in zstd:3.1[123]) continue ;; esac
			# What is inside of Tk comes with it.
			case $library in
			tcl | tk | libx* | libpng | freetype | fontconfig)
				[ -e "$lib/libtcl9.0.so" ] || continue ;;
			esac
			echo "$hidden" | grep -qxF "$list" || missing="$missing $library"
		done
		none "$name every library is linked into one of them" "$missing"
	else
		skip "$name every library is linked into one of them" "symbols are stripped"
	fi
}

glibc() {
	for f in "$PYTHON" "$so" "$dynload"/*.so; do
		nm -D --undefined-only "$f" | sed -n 's/.*@GLIBC_\([0-9.]*\)$/\1/p'
	done | sort -uV | tail -n 1
}

interpreter
library
case $NAMED in
*d) ;;
*) same "libpython3.so: finds what it leads to beside itself" \
	"$(dynamic "$lib/libpython3.so" RUNPATH)" '$ORIGIN' ;;
esac
static_library
modules
none "hypot is not the newer one" \
	"$(nm -D --undefined-only "$PYTHON" "$so" | grep 'hypot@GLIBC_2\.3')"
newest=$(glibc)
# The headers of glibc 2.38 give common functions new names.
if [ "$(getconf GNU_LIBC_VERSION | sed 's/.*2\.//')" -lt 38 ]; then
	same "nothing needs a glibc newer than 2.34: $newest" \
		"$(printf '%s\n' "$newest" 2.34 | sort -V | tail -n 1)" 2.34
else
	note "needs glibc $newest"
fi
