# Builds a finished tree's CPython once more and compares trees and archives byte by byte.
#
#   TREE=DIR SOLDER=/abs/solder sh tests/pack/reproducible.sh
#
# The second build is in another folder, at another time, with one job (the first had as many as
# there are processors, unless it was told otherwise) and a cache that has nothing of CPython. It
# has the same packages: theirs are built again only by `solder pack --verify-reproducible` itself.
set -u

[ -n "${TREE:-}" ] || { echo "name a tree of 'solder build' with TREE=DIR" >&2; exit 2; }
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
if "$SOLDER" pack --verify-reproducible --only-cpython --jobs 1 --json --quiet "$TREE" >"$log"; then
	status=0
else
	status=$?
fi
# The full archive, too: without the objects of the first build less would be compared.
python3 - "$log" "$status" <<'END_PROGRAM'
import json
import sys

text = open(sys.argv[1], encoding="utf-8").read()
result = json.loads(text) if text.strip() else {}
archives = [a["name"] for a in result.get("archives", [])]
good = sys.argv[2] == "0" and len(archives) == 4
for d in result.get("differences", []):
    print("    " + json.dumps(d))
for a in result.get("archives", []):
    print(f"    {a['sha256']}  {a['name']}")
if sys.argv[2] == "0" and not good:
    print(f"    only {len(archives)} archives were compared")
print(("ok" if good else "FAIL") + " reproducible: two builds give the same tree and archives")
print("1 passed, 0 failed" if good else "0 passed, 1 failed")
sys.exit(not good)
END_PROGRAM
