# meson's python module: an extension module and a program that embeds.
. "$PROBES/common.sh"
mkdir source
cp "$PROBES/meson/meson.build" "$PROBES/meson/meson_options.txt" "$PROBES/plain.c" \
	"$PROBES/embed.c" source
# meson is a program of a Python; one that was installed for this one, or the system's.
meson() {
	if [ -d "$SITE/mesonbuild" ]; then
		PYTHONPATH=$SITE "$PYTHON" -m mesonbuild.mesonmain "$@"
	else
		command meson "$@"
	fi
}
export PKG_CONFIG_PATH="$LIBPC"
build configure meson setup work source -Dpython="$PYTHON"
seen configure ok
build build meson compile -C work
seen build ok
needed work/program program-needs-libpython
for file in work/plain*.so; do
	needed "$file" module-needs-libpython
done
# meson knows a folder of the system from a private one, but gives no rpath for either.
export LD_LIBRARY_PATH="${LIBPYTHON:+$(libdir)}"
try run work/program "$MODULE"
unset LD_LIBRARY_PATH
python module importing.py work plain
