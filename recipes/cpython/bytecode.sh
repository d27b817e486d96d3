# Bytecode for what a relocated tree has in lib/python3.X.  The sources' dates,
# all pinned before, are in it, and their paths as of the configured prefix;
# with SOURCE_DATE_EPOCH set, digests would take the place of the dates.  -B keeps
# the compiling Python from writing down, for what it imports, where it is now.
# Which constants marshal marks depends on what else the process holds, so there
# is always a worker: without, compileall's own imports show in their bytecode.
library=lib/python$MAJORMINOR
unset SOURCE_DATE_EPOCH
"$TREE/bin/python$MAJORMINOR" -I -B -m compileall -q -f \
    -j "$((JOBS > 1 ? JOBS : 2))" \
    --invalidation-mode timestamp -s "$TREE" -p /install \
    -x 'bad_coding|badsyntax|lib2to3/tests/data' "$TREE/$library"
