# What BOLT laid out anew: that it did, and that the rest is as it was.
. "$HERE/common.sh"

library=$TREE/lib/libpython$NAMED.so.1.0
code=$PYTHON
[ "$LINK" != shared ] || code=$library
if ! readelf -SW "$code" | grep -q ' \.bolt\.org\.text '; then
	note "BOLT did not make this tree"
	exit 0
fi
llvm=$(ls /usr/bin/llvm-objcopy-[0-9]* 2>/dev/null | sort -V | tail -n 1)
for file in "$library" $([ "$LINK" != static ] || echo interpreter); do
	[ "$file" != interpreter ] || file=$PYTHON
	name=${file##*/}
	# Its handlers are reached by a table of labels, and it has hot and cold parts nevertheless.
	some "$name: the interpreter's loop is laid out anew" \
		"$(readelf -sW "$file" | grep ' _PyEval_EvalFrameDefault\(\.[a-z]*\)*\.cold')"
	some "$name: the stack is not executable" "$(readelf -lW "$file" | grep 'GNU_STACK.* RW ')"
	none "$name: nothing is writable and executable" "$(readelf -lW "$file" | grep 'LOAD.* RWE')"
	# The loader remembers its last look.
	none "$name: all relocations of a symbol are together" "$(readelf -rW "$file" | awk '
		/^Relocation section/ { on = /\.rela\.dyn/ }
		on && $3 ~ /^R_/ && NF > 4 && $5 != last { if (seen[$5]++) print $5; last = $5 }')"
	none "$name: relocations for BOLT are gone" "$(readelf -SW "$file" | grep ' \.rela\.text ')"
done
check "build.json says what was done" grep '"samples_fit"' "$TREE/share/solder/build.json"

# The proof of the build, again, in the moved tree.
if have cc; then
	cc -shared -fPIC -O1 -fexceptions -I"$TREE/include/python$NAMED" \
		-o "$SCRATCH/unwinding.so" "$RECIPES/cpython/unwinding.c" -lgcc_s
	cc -o "$SCRATCH/through" "$TREE/lib/$STDLIB/config-$NAMED-"*/python.o "$library" \
		-Wl,-rpath,"$TREE/lib"
	TMPDIR=$SCRATCH
	export TMPDIR
	for program in "$PYTHON" "$SCRATCH/through"; do
		for what in hashes checksums ciphers unwinding; do
			check "$what (${program##*/})" "$program" -I -B "$RECIPES/cpython/proof.py" "$what"
		done
	done
fi
check "CPython's test_hashlib" "$PYTHON" -E -B -m test test_hashlib

if [ -n "$llvm" ]; then
	mkdir -p "$SCRATCH/bare/bin" "$SCRATCH/bare/lib"
	ln -s "$TREE/lib/$STDLIB" "$SCRATCH/bare/lib/"
	cp "$library" "$SCRATCH/bare/lib/"
	for how in --strip-debug --strip-all; do
		"$llvm" "$how" "$PYTHON" "$SCRATCH/bare/bin/python$NAMED"
		"$llvm" "$how" "$library" "$SCRATCH/bare/lib/${library##*/}"
		check "starts after $how" "$SCRATCH/bare/bin/python$NAMED" -I -B -c 'import ssl, decimal'
	done
	if have valgrind; then
		check "hashes under valgrind" env PYTHONMALLOC=malloc valgrind -q --error-exitcode=9 \
			--undef-value-errors=no "$SCRATCH/bare/bin/python$NAMED" -s -S -B \
			"$RECIPES/cpython/proof.py" hashes short
	else
		skip "hashes under valgrind" "no valgrind here"
	fi
else
	skip "starts after strip" "no llvm-objcopy here"
fi

if have gdb; then
	gdb -nx -batch -ex 'set breakpoint pending on' -ex 'break builtin_id' -ex run -ex bt \
		--args "$PYTHON" -I -S -c 'id(1)' >"$SCRATCH/gdb" 2>&1
	some "gdb: names through the interpreter's loop" \
		"$(grep '^#.*_PyEval_EvalFrameDefault' "$SCRATCH/gdb")" || show <"$SCRATCH/gdb"
	# gdb stops at main, if main does not end in a jump.
	some "gdb: down to where it started" "$(grep -E '^#.* (main|_start) ' "$SCRATCH/gdb")" ||
		show <"$SCRATCH/gdb"
else
	skip "gdb" "no gdb here"
fi
