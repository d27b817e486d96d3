# The main job: builds CPython, then shows the tree, run from a moved copy.
#   demo.sh SOLDER [OPTION of solder build]...
set -eu

solder=$1
shift
out=${DIST:-dist/cpython}
"$solder" build -o "$out" "$@"

python=$(cd "$out/bin" && ls python3.?? | head -n 1)
moved=$(mktemp -d)
trap 'rm -rf "$moved"' EXIT
cp -a "$out" "$moved/moved here"
echo "From a copy at '$moved/moved here':"
"$moved/moved here/bin/$python" -c '
import sys, ssl, sqlite3, ctypes, lzma
print("  Python", sys.version.replace("\n", " "))
print("  prefix", sys.prefix)
print(" ", ssl.OPENSSL_VERSION + ", SQLite", sqlite3.sqlite_version)
'
echo "Try: $out/bin/$python"
echo "     export PATH=$(cd "$(dirname "$solder")" && pwd):\$PATH   # for solder itself (or: make install)"
