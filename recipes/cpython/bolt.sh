# The linked interpreter and libpython.so in another layout, by the profile in $BOLT_PROFILE, and
# the proof that they do the same.
. "$RECIPE/stand.sh"
stand "$AFTER"
cd "$S"
# A program that needs libpython, and a module that unwinds the stack.
for at in "$BEFORE" "$AFTER"; do
    "$CC" -o "$at/bin/through$MAJORMINOR" \
        "$TREE/lib/python$MAJORMINOR/config-$MAJORMINOR-$TRIPLE/python.o" \
        "$at/lib/libpython$MAJORMINOR.so.1.0" -Wl,-rpath,'$ORIGIN/../lib'
done
"$CC" -shared -fPIC -O1 -fexceptions -I"$TREE/include/python$MAJORMINOR" \
    -o "$TMPDIR/unwinding.so" "$RECIPE/unwinding.c" -lgcc_s
"$BEFORE/bin/python$MAJORMINOR" -I -B -u "$RECIPE/bolt.py" apply
