# Trains the locked profiles again and writes what the index says of them.
#
#   make.sh SOLDER VERSION COMPILER...
#
# That for BOLT is of a release's code, which clang makes. Entries of other compilers and versions
# stay as they are.
set -eu
here=$(dirname "$0")
solder=$1
wanted=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# keep FILE: in this folder, by the name of what it is of.
keep() {
    entry=$1.yaml
    field() { sed -n "s/^    $1: *//p" "$entry" | tr -d "'"; }
    name=$(field cpython)-$(field compiler)-$(field release)-$(field triple)
    [ "$(field kind)" = pgo ] || name=$name-$(field lto)-$(field kind)
    name=$name.tar.zst
    sed "s|^  - file: .*|  - file: $name|" "$entry" >"$scratch/entry"
    # The list without an entry of this name, and with the new one.
    awk -v name="$name" '
        /^profiles:/ { print "profiles:"; next }
        /^  - file: / { drop = $3 == name }
        !drop { print }' "$here/index.yaml" >"$scratch/index"
    cat "$scratch/entry" >>"$scratch/index"
    mv "$1" "$here/$name"
    cp "$scratch/index" "$here/index.yaml"
    chmod 644 "$here/$name"
    echo "$here/$name"
}

for cc; do
    set --
    case $cc in
    *clang*) set -- --lto thin --bolt yes --bolt-profile train --save-bolt-profile "$scratch/bolt.tar.zst" ;;
    esac
    "$solder" build "$wanted" --cc "$cc" --profile train --train "${TRAIN:-pgo}" "$@" \
        --save-profile "$scratch/pgo.tar.zst" -o "$scratch/tree" >"$scratch/summary"
    keep "$scratch/pgo.tar.zst"
    [ $# = 0 ] || keep "$scratch/bolt.tar.zst"
done
