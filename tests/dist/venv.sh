# Virtual environments, ensurepip and pip, without a network.
. "$HERE/common.sh"

# environment NAME PYTHON OPTION...: makes one and uses it.
environment() {
	name=$1 python=$2
	shift 2
	v="$SCRATCH/$name"
	check "$name: is made" "$python" -m venv "$@" "$v" || return
	same "$name: its prefix and the one below it" \
		"$("$v/bin/python" -c 'import sys, ssl; print(sys.prefix, sys.base_prefix, sep="|")' 2>&1)" \
		"$v|$TREE"
	same "$name: by PATH" \
		"$(cd / && PATH="$v/bin:$PATH" python3 -Ic 'import sys, ctypes; print(sys.prefix)' 2>&1)" "$v"
}

# Seconds go by with each pip, so only some have it.
environment "venv" "$PYTHON"
check "venv: pip works" "$SCRATCH/venv/bin/pip" list
check "venv: a script of its own works" "$SCRATCH/venv/bin/pip$VERSION" --version
environment "venv of a linked interpreter" "$TREE/bin/python3" --without-pip --symlinks
ln -s "$PYTHON" "$SCRATCH/elsewhere"
environment "venv of an interpreter linked from elsewhere" "$SCRATCH/elsewhere" --without-pip
environment "venv of a venv" "$SCRATCH/venv/bin/python" --without-pip
environment "venv with the system's packages" "$PYTHON" --without-pip --system-site-packages
same "venv with the system's packages: has the tree's pip" \
	"$("$SCRATCH/venv with the system's packages/bin/python" -c \
		'import pip; print(pip.__file__)' 2>&1)" \
	"$TREE/lib/python$VERSION/site-packages/pip/__init__.py"
if [ "$LINK" = static ]; then
	environment "venv of copies" "$PYTHON" --without-pip --copies
	same "venv of copies: the interpreter is one" \
		"$([ -L "$SCRATCH/venv of copies/bin/python$VERSION" ] || echo copy)" copy
fi

check "ensurepip" "$PYTHON" -m ensurepip --root "$SCRATCH/root"
check "the tree's own pip" "$PYTHON" -m pip list

# pip builds and installs a C extension: into the tree, and into an environment.
extension() {
	name=$1 python=$2
	cp -R "$HERE/extension" "$SCRATCH/source"
	check "$name: pip compiles and installs a C extension" "$python" -m pip install --no-index \
		--no-build-isolation --no-cache-dir "$SCRATCH/source"
	rm -rf "$SCRATCH/source"
	file=$("$python" -Ic 'import probe; print(probe.__file__)' 2>"$SCRATCH/error")
	some "$name: it imports" "$file" || show <"$SCRATCH/error"
	none "$name: libpython is not in its DT_NEEDED" "$(readelf -dW "$file" | grep 'NEEDED.*python')"
	where=$PYTHON
	[ "$LINK" = static ] || where=$TREE/lib/libpython$VERSION.so.1.0
	same "$name: it uses the interpreter's own runtime" "$("$python" -Ic '
import os, probe
file, same, _ = probe.origin(None)
print(os.path.realpath(file), same)' 2>&1)" "$where True"
	check "$name: pip removes it" "$python" -m pip uninstall --yes solder-probe
}
if have cc; then
	extension "the tree" "$PYTHON"
	extension "venv" "$SCRATCH/venv/bin/python"
else
	skip "a C extension by pip" "no C compiler here"
fi
