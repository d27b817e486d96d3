# A copy of the interpreter with file capabilities: for such programs the loader trusts no
# $ORIGIN, and the process may not look at its own /proc as others may.
. "$HERE/common.sh"

name="a copy of the interpreter with capabilities starts"
said=$("$SOLDER" check "$PYTHON" --rule privileged-start | grep '^note.*privileged-start')
if [ "$LINK" = shared ]; then
	# That is why interpreters are linked statically.
	note "$name: not with --link shared"
	some "solder check says so" "$said"
	exit 0
fi
none "solder check expects it to" "$said"
if ! have setcap || ! have setpriv; then
	skip "$name" "no setcap or setpriv here"
	exit 0
fi
if [ "$(id -u)" != 0 ]; then
	skip "$name" "only root sets them"
	exit 0
fi
copy=$TREE/bin/python-with-capabilities
trap 'rm -f "$copy"' EXIT
cp "$PYTHON" "$copy"
if ! setcap cap_net_bind_service+ep "$copy" 2>"$SCRATCH/error"; then
	skip "$name" "$(cat "$SCRATCH/error")"
	exit 0
fi
found=$(cd / && setpriv --reuid 65534 --regid 65534 --clear-groups "$copy" -c '
import sys, zlib, ssl
with open("/proc/self/status") as f:
    status = f.read()
capabilities = int(status.split("CapEff:")[1].split()[0], 16)
print(sys.prefix, "with" if capabilities & 1 << 10 else "without")' 2>&1)
same "$name" "$found" "$TREE with"
same "$name, whatever argv[0] is" "$(cd / && setpriv --reuid 65534 --regid 65534 --clear-groups \
	bash -c 'exec -a python3 "$0" -c "import sys, zlib; print(sys.prefix)"' "$copy" 2>&1)" "$TREE"
