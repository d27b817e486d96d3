# The linked interpreter and libpython.so in another layout, by the profile in $BOLT_PROFILE, and
# the proof that they do the same.
. "$RECIPE/stand.sh"
stand "$AFTER"
cd "$S"
# A program that needs libpython, and a module that unwinds the stack.
for at in "$BEFORE" "$AFTER"; do
    "$CC" -o "$at/bin/through$LDVERSION" \
        "$TREE/lib/$STDLIB/config-$LDVERSION-$TRIPLE/python.o" \
        "$at/lib/libpython$LDVERSION.so.1.0" -Wl,-rpath,'$ORIGIN/../lib'
done
"$CC" -shared -fPIC -O1 -fexceptions -I"$TREE/include/python$LDVERSION" \
    -o "$TMPDIR/unwinding.so" "$RECIPE/unwinding.c" -lgcc_s
"$BEFORE/bin/python$LDVERSION" -I -B -u "$RECIPE/bolt.py" apply
