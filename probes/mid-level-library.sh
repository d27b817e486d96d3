# One library that uses the C API serves an extension module and a program.
. "$PROBES/common.sh"
seen answers "$ANSWERS"
build compile "$CC" -shared -fPIC -I"$INCLUDE" -o libmid.so "$PROBES/mid.c"
build compile "$CC" -shared -fPIC -I"$INCLUDE" -DNAME=extmid -DMID -o "extmid$EXT" \
	"$PROBES/plain.c" -Wl,-rpath,"\$ORIGIN" -L. -lmid
if "$CC" -o alone "$PROBES/midtool.c" -L. -lmid -Wl,-rpath,"$PWD" >out 2>&1; then
	seen tool-without-libpython links
else
	seen tool-without-libpython does-not-link
fi
cat out
build tool "$CC" -o tool "$PROBES/midtool.c" -L. -lmid -Wl,-rpath,"$PWD" \
	-Wl,--no-as-needed "$LIBPYTHON" -Wl,-rpath,"$(libdir)"
try tool ./tool
python extension importing.py . extmid

# Now the library brings libpython along.
mkdir linked
build compile "$CC" -shared -fPIC -I"$INCLUDE" -o linked/libmid.so "$PROBES/mid.c" \
	-Wl,--no-as-needed "$LIBPYTHON" -Wl,-rpath,"$(libdir)"
build compile "$CC" -shared -fPIC -I"$INCLUDE" -DNAME=extlinked -DMID -o "linked/extlinked$EXT" \
	"$PROBES/plain.c" -Wl,-rpath,"\$ORIGIN" -Llinked -lmid
build linked-tool "$CC" -o linked/tool "$PROBES/midtool.c" -Llinked -lmid -Wl,-rpath,"$PWD/linked"
try linked-tool linked/tool
sed -i 's/^\(api\|none\|runtimes\)=/plain-\1=/' "$SEEN"
python linked-extension importing.py linked extlinked
