# Other links of the same objects, for solder bench --layouts: another file each, which runs.
. "$HERE/common.sh"

# With two rounds there is no verdict, which is exit code 2.
"$SOLDER" bench --layouts 2 --rounds 2 --load 100 --filter queens,startup_bare --json \
	one="$TREE" two="$TREE" >"$SCRATCH/campaign.json" 2>"$SCRATCH/said"
none "bench says nothing of links that it cannot make" "$(grep 'cannot be linked' "$SCRATCH/said")"
same "bench --layouts 2 links each arm again, and draws both" "$("$PYTHON" -Ic '
import json, sys
c = json.load(open(sys.argv[1]))
files = {x["lib_sha256"] or x["sha256"] for x in [c["arms"][0]] + c["arms"][0]["links"]}
print([len(arm["links"]) for arm in c["arms"]], len(files),
      sorted({r["layout"] for r in c["rounds"]}), c["result"]["left_out"])' \
	"$SCRATCH/campaign.json" 2>&1 || cat "$SCRATCH/said")" "[1, 1, 1] 2 [0, 1] []"
