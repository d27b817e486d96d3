# The probes of solder check on this tree: what fails is a failure here. Consumers from PyPI are
# fetched with CONSUMERS=1 only; without, those that are not installed are noted.
. "$HERE/common.sh"

# shellcheck disable=SC2086
"$SOLDER" check "$TREE" --probes ${CONSUMERS:+--install-consumers} --json >report.json 2>progress
status=$?
if [ "$status" -gt 1 ]; then
	echo "FAIL ${LABEL}solder check could do its work"
	show <progress
	exit 0
fi
"$PYTHON" -I - report.json "$LABEL" <<'END'
import json, sys

report, label = sys.argv[1:]
probes = json.load(open(report))["probes"]
counts = {}
for p in probes:
    name = f"{label}{p['test']} {p['id']}"
    counts[p["verdict"]] = counts.get(p["verdict"], 0) + 1
    if p["verdict"] == "pass":
        print("ok", name)
    elif p["verdict"] == "fail":
        print("FAIL", name)
        print("    " + p["why"])
        for line in p["crashes"] + p["log"].splitlines()[-25:]:
            print("    " + line)
    elif "--install-consumers" in p["why"]:
        print("note", name + ":", p["why"])
    else:
        print(f"skip {name}: {p['why']}")
print("note", label + ", ".join(f"{n} {v}" for v, n in sorted(counts.items())))
END

# An interrupt leaves nothing behind: neither a process nor a folder.
TMPDIR="$SCRATCH/tmp"
export TMPDIR
mkdir "$TMPDIR"
# A shell without job control starts programs with SIGINT ignored; SIGTERM is handled alike.
"$SOLDER" check "$TREE" --probe embed-static --probe handle-copy >interrupted 2>&1 &
solder=$!
n=0
while ! grep -q 'probe .* started' interrupted && [ $n -lt 600 ]; do
	n=$((n + 1))
	sleep 0.1
done
kill "$solder"
wait "$solder"
same "an interrupt ends the probes" "$?" "$((128 + 15))"
none "no folder stays behind" "$(ls "$TMPDIR")"
none "no process stays behind" \
	"$(env -u TMPDIR grep -lsF "$TMPDIR" /proc/[0-9]*/environ)"
