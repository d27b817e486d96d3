# What a start does, in counts: times vary, these do not.  And that what makes it faster changes
# nothing that a program sees.
. "$HERE/common.sh"

case $VERSION in
3.15)
	note "CPython 3.15 freezes encodings itself, without a place"
	exit
	;;
esac
same "behaviour of modules and classes" "$("$PYTHON" -I "$HERE/startup.py" 2>&1)" ""
same "starts without frozen modules" \
	"$("$PYTHON" -I -X frozen_modules=off -c 'import encodings as e, linecache as l
print(e.__spec__.origin == e.__file__, l.__spec__.origin == l.__file__)' 2>&1)" "True True"

# A Python without its library says so at the start.
mkdir "$SCRATCH/no library"
case $(PYTHONHOME="$SCRATCH/no library" "$PYTHON" -c pass 2>&1) in
*"No module named 'encodings'"*) echo "ok ${LABEL}says that it has no library" ;;
*) echo "FAIL ${LABEL}says that it has no library" ;;
esac

# As PyInstaller and its like have it: the library in an archive and nothing beside it.
mkdir -p "$SCRATCH/zipped/lib/$STDLIB/lib-dynload"
(cd "$TREE/lib/$STDLIB" && "$PYTHON" -I -c 'import glob, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    for name in glob.glob("*.py") + [n for d in sys.argv[2:] for n in glob.glob(f"{d}/*.py")]:
        archive.write(name)' "$SCRATCH/zipped/lib/$(echo "$STDLIB" | tr -d .).zip" \
	encodings collections importlib re json)
same "codecs and sources from an archive" "$(PYTHONHOME="$SCRATCH/zipped" "$PYTHON" -S -c '
import encodings.cp437, json, linecache
print("zip" in encodings.__file__, "zip" in encodings.cp437.__file__, "zip" in linecache.__file__)' 2>&1)" \
	"True True True"

# Debug builds read files instead of what is frozen.
case $NAMED in *d)
	note "a debug build does not use frozen modules, and its start is not counted"
	exit
	;;
esac

# PyInstaller's programs ask at their start, and expect of what is frozen that no archive had it.
same "what stands for files is not called frozen" "$("$PYTHON" -c '
import _imp, encodings
print(*map(_imp.is_frozen, ("encodings", "encodings.aliases", "encodings.utf_8", "linecache", "os")),
    encodings.__loader__.is_package("encodings"))' 2>&1)" "False False False False True True"

if ! grep -q freeze-startup "$TREE/share/solder/build.json"; then
	note "this build starts as CPython does, and is not counted"
	exit
fi
if ! "$SOLDER" explain --startup "$PYTHON" --json -q >"$SCRATCH/start.json" 2>"$SCRATCH/why"; then
	echo "FAIL ${LABEL}solder explain --startup"
	show <"$SCRATCH/why"
	exit
fi
# CPython's own: 337 system calls, 20 files opened, four modules from files of bytecode, and some
# forty looks in vain.  How many there are depends a little on the place and on the C library.
# What is left: 66 calls for signals, 60 for libraries and the locale, the rest for paths.
# With a floor before glibc 2.34, four more libraries, which are empty on newer systems.
# Without a GIL, 3.13 yields forty times for each class with a metaclass, since PyType_Ready() asks for
# a lock that it has, and 3.14 reads /proc/self/status at each collection: neither is counted.
case $NAMED in *t) own=1000000 ;; *) own=0 ;; esac
more=$(readelf -d "$PYTHON" | grep -cE 'NEEDED.*\[lib(pthread|dl|rt|util)\.')
none "counts of a start" "$("$PYTHON" -I - "$SCRATCH/start.json" "$more" "$own" 2>&1 <<'END'
import json, sys

more, own = map(int, sys.argv[2:])
start = json.load(open(sys.argv[1]))['a']['startup']
trace, modules = start['trace'], start['modules']
if 'not_known' not in trace:
    for name in trace['files']:
        if name.endswith(('.py', '.pyc')):
            print(f'reads {name}')
    for what, bound in {'calls': 300 + 8 * more + own, 'opens': 16 + more + own, 'looks_failed': 36}.items():
        if trace[what] > bound:
            print(f'{what}: {trace[what]} are more than {bound}')
print(*(f'imports {name} from a file' for name, kind in modules.items() if kind == 'source'), sep='\n')
# A type and its methods have some 100 addresses; there are 200 types.
if sum(n for kind, n in start['relocations'].items()) > 32000:
    print('relocations:', start['relocations'])
END
)"
