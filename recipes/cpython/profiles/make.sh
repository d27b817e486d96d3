# Trains the locked profiles again and writes what the index says of them.
#
#   make.sh SOLDER VERSION COMPILER...
#
# Entries of other compilers and versions stay as they are.
set -eu
here=$(dirname "$0")
solder=$1
wanted=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for cc; do
    "$solder" build "$wanted" --cc "$cc" --profile train --train "${TRAIN:-pgo}" \
        --save-profile "$scratch/new.tar.zst" -o "$scratch/tree" >"$scratch/summary"
    # What it is of is known now, and is its name.
    field() { sed -n "s/^    $1: *//p" "$scratch/new.tar.zst.yaml" | tr -d "'"; }
    name=$(field cpython)-$(field compiler)-$(field release)-$(field triple).tar.zst
    sed "s|^  - file: .*|  - file: $name|" "$scratch/new.tar.zst.yaml" >"$scratch/entry"
    # The list without an entry of this name, and with the new one.
    awk -v name="$name" '
        /^profiles:/ { print "profiles:"; next }
        /^  - file: / { drop = $3 == name }
        !drop { print }' "$here/index.yaml" >"$scratch/index"
    cat "$scratch/entry" >>"$scratch/index"
    mv "$scratch/new.tar.zst" "$here/$name"
    cp "$scratch/index" "$here/index.yaml"
    chmod 644 "$here/$name"
    echo "$here/$name"
done
