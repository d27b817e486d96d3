# Bytecode for what a relocated tree has in lib/python3.X.  Digests of the sources
# are in it, and their paths as of the configured prefix.  -B keeps the compiling
# Python from writing down, for what it imports, where it is now.  For another machine
# it is the one of the same source that runs here.
python=$TREE/bin/python$LDVERSION
case ${NATIVE:+crossed} in crossed) python=$NATIVE/bin/python$MAJORMINOR ;; esac
"$python" -I -B "$RECIPE/bytecode.py" "$TREE" "$TREE/lib/$STDLIB" "$JOBS"
