# The over-linked extension under a loader that asks the module's own libraries first, as
# macOS does: here with RTLD_DEEPBIND.
. "$PROBES/common.sh"
"$PYTHON" -I -c 'import os; os.RTLD_DEEPBIND' 2>/dev/null ||
	skip "the loader always asks the program first: musl has no RTLD_DEEPBIND"
seen answers "$ANSWERS"
build compile "$CC" -shared -fPIC -I"$INCLUDE" -DNAME=overlinked -o "overlinked$EXT" \
	"$PROBES/plain.c" -Wl,--no-as-needed "$LIBPYTHON" -Wl,-rpath,"$(libdir)"
python import importing.py . overlinked deepbind
