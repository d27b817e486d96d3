# Bytecode for what a relocated tree has in lib/python3.X.  Digests of the sources
# are in it, and their paths as of the configured prefix.  -B keeps the compiling
# Python from writing down, for what it imports, where it is now.
"$TREE/bin/python$LDVERSION" -I -B "$RECIPE/bytecode.py" "$TREE" "$TREE/lib/$STDLIB" \
    "$JOBS"
