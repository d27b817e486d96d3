# Sourced by bolt-profile.sh and bolt.sh: folders that run like the finished tree, with what was
# linked in $LINKED.

# stand DIR
stand() {
    mkdir -p "$1/bin" "$1/lib"
    ln -s "$TREE/lib/$STDLIB" "$1/lib/"
    cp "$LINKED/python$LDVERSION" "$1/bin/"
    case $LINK in
    dual) ln "$1/bin/python$LDVERSION" "$1/lib/libpython$LDVERSION.so.1.0" ;;
    *) cp "$LINKED/libpython$LDVERSION.so.1.0" "$1/lib/" ;;
    esac
}
BEFORE=$S/before
AFTER=$S/after
export BEFORE AFTER
stand "$BEFORE"
