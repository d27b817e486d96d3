# A finished tree on an old system.
#
#   TREE=DIR ROOT=DIR sh tests/old/run.sh
#
# ROOT is an old Debian, as debootstrap unpacks it, which needs root (gcc is for the extension):
#
#   debootstrap --variant=minbase --include=ca-certificates,gcc,libc6-dev bullseye ROOT MIRROR
#
# With SOLDER=FILE, the tree is also packed, unpacked there by the old tar, and checked once more.
# With SYSROOT=DIR, the sysroot of the same floor as ROOT's C library, compares its stub libraries
# with the real ones.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
: "${TREE:?names no tree}" "${ROOT:?names no folder of an old system}"
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/check-old.XXXXXX")
LABEL=
trap 'rm -rf "$SCRATCH"' EXIT
. "$HERE/../dist/common.sh"

inside() {
	bwrap --ro-bind "$ROOT" / --dev /dev --proc /proc --tmpfs /tmp --ro-bind "$TREE" /mnt \
		--ro-bind "$HERE/../dist" /srv --unshare-net --die-with-parent --chdir /tmp \
		--clearenv --setenv PATH /usr/bin:/bin --setenv LC_ALL C.UTF-8 "$@"
}

glibc=$(inside ldd --version | sed -n '1s/.* //p')
echo "# $(inside sh -c '. /etc/os-release; echo "$PRETTY_NAME"'), glibc $glibc"
some "the old system runs" "$glibc"
[ -n "$glibc" ] || exit 1

checks() {
	# Every extension module, and in it the libraries that were linked.
	none "every module of the standard library is imported" "$(inside /mnt/bin/python3 -I -c '
import importlib, sys
for name in sorted(sys.stdlib_module_names):
    try:
        importlib.import_module(name)
    except ImportError as error:
        if "GLIBC" in str(error) or "undefined symbol" in str(error):
            print(name, error, file=sys.stderr)
    except Exception as error:
        print(name, repr(error), file=sys.stderr)' 2>&1 >/dev/null)"
	same "ssl, sqlite3, ctypes, lzma, decimal, curses and readline do something" "$(inside /mnt/bin/python3 -I -c '
import ctypes, curses, decimal, hashlib, lzma, math, readline, sqlite3, ssl, threading, uuid, zlib
assert ssl.create_default_context().get_ca_certs()
assert sqlite3.connect(":memory:").execute("select sqrt(4)").fetchone() == (2.0,)
assert ctypes.CDLL(None).abs(-3) == 3
assert lzma.decompress(lzma.compress(b"x")) == zlib.decompress(zlib.compress(b"x"))
assert decimal.Decimal(2).sqrt() > 1 and math.pow(2, 0.5) == 2 ** 0.5 and math.log(math.e) == 1
assert hashlib.sha256(b"").hexdigest().startswith("e3b0c4") and uuid.uuid1() != uuid.uuid4()
thread = threading.Thread(target=print, args=("well",))
thread.start()
thread.join()' 2>&1)" well
	none "what is newer than this C library works" "$(inside /mnt/bin/python3 -I /srv/floor.py use 2>&1)"
	inside /mnt/bin/python3 -I /srv/floor.py >"$SCRATCH/old" 2>&1
	"$TREE/bin/python3" -I "$HERE/../dist/floor.py" >"$SCRATCH/new" 2>&1
	none "the names of functions are those on a new system" "$(diff "$SCRATCH/new" "$SCRATCH/old")"
	same "an environment with pip" "$(inside sh -c '/mnt/bin/python3 -m venv /tmp/v && /tmp/v/bin/pip list |
			grep -c pip' 2>&1)" 1
	if inside sh -c 'command -v gcc' >"$SCRATCH/output"; then
		same "an extension module, compiled there" "$(inside sh -c '
			gcc -shared -fPIC -o /tmp/probe.so $(/mnt/bin/python3-config --includes) /srv/extension/probe.c &&
			/mnt/bin/python3 -c "import probe; print(probe.__name__)"' 2>&1)" probe
		same "programs that embed libpython, shared and static" "$(inside sh -c '
			printf "%s\n" "#include <Python.h>" "int main(void) { Py_Initialize();" \
				"return PyRun_SimpleString(\"import ssl; print(1, flush=True)\"); }" >e.c
			flags=$(/mnt/bin/python3-config --includes --ldflags --embed)
			static=$(echo "$flags" | sed "s/-lpython[0-9.]*/-l:&.a/; s/:-l/:lib/")
			gcc -o e e.c $flags -Wl,-rpath,/mnt/lib && ./e &&
			gcc -o s e.c -Wl,--export-dynamic $static && PYTHONHOME=/mnt ./s' 2>&1)" "1
1"
	else
		skip "an extension module, compiled there" "no gcc in $ROOT"
	fi
}

LABEL="as built: "
checks
if [ -n "${SOLDER:-}" ]; then
	LABEL="packed and unpacked: "
	check "an archive is packed" "$SOLDER" pack -q --level 1 "$TREE" -o "$SCRATCH/mirror"
	mkdir "$SCRATCH/unpacked"
	check "the old tar unpacks it" bwrap --ro-bind "$ROOT" / --dev /dev --bind "$SCRATCH/unpacked" /mnt \
		--ro-bind "$SCRATCH/mirror" /srv --chdir /mnt sh -c 'tar -xzf /srv/*-install_only.tar.gz'
	TREE=$SCRATCH/unpacked/python
	checks
fi

LABEL=
# The names and versions that a library defines.
defined() {
	readelf --dyn-syms -W "$1" | awk '$7 != "UND" && $7 != "ABS" && $8 ~ /@/ { sub(/@+/, " ", $8); print $8 }' |
		sort -u
}
if [ -n "${SYSROOT:-}" ]; then
	for stub in "$SYSROOT"/*.so.[0-9]; do
		name=${stub##*/}
		real=$(inside find /lib/ /usr/lib/ -name "$name" | head -n 1)
		defined "$stub" >"$SCRATCH/stub"
		defined "$ROOT/$real" >"$SCRATCH/real"
		some "$name: has symbols" "$(head -n 1 "$SCRATCH/stub")"
		none "$name: has no symbol that the real one has not" "$(comm -23 "$SCRATCH/stub" "$SCRATCH/real")"
	done
fi
