# Several interpreters in one process, with a module of lib-dynload and one of ours.
. "$PROBES/common.sh"
build compile "$CC" -shared -fPIC -I"$INCLUDE" -DNAME=plain -o "plain$EXT" "$PROBES/plain.c"
python run subinterpreters.py . plain "$MODULE"
