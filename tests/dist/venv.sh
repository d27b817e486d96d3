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
	"$TREE/lib/$STDLIB/site-packages/pip/__init__.py"
if [ "$LINK" != shared ]; then
	environment "venv of copies" "$PYTHON" --without-pip --copies
	same "venv of copies: the interpreter is one" \
		"$([ -L "$SCRATCH/venv of copies/bin/python$NAMED" ] || echo copy)" copy
fi

# stale NAME HOME: a link to the interpreter, beside a pyvenv.cfg that names this home.
stale() {
	v="$SCRATCH/stale $1"
	mkdir -p "$v/bin"
	ln -s "$PYTHON" "$v/bin/python"
	printf 'home = %s\nversion = 3.%s.0\n' "$2" "${VERSION#3.}" >"$v/pyvenv.cfg"
	same "a stale home, $1" "$(cd "$SCRATCH" && "$v/bin/python" -c '
import os, sys, ssl
print(sys.prefix, sys.base_prefix, os.path.dirname(os.__file__), sys._base_executable, sep="|")' 2>&1)" \
		"$v|$TREE|$TREE/lib/$STDLIB|$PYTHON"
	check "a stale home, $1: an environment of it" "$v/bin/python" -m venv --without-pip "$v/second"
	same "a stale home, $1: and that one works" \
		"$("$v/second/bin/python" -Ic 'import sys; print(sys.prefix, sys.base_prefix)' 2>&1)" \
		"$v/second $TREE"
}

# Folders with standard libraries of their own, as other Pythons have them; those would be errors.
for other in "$SCRATCH/other" "$SCRATCH"; do
	mkdir -p "$other/bin" "$other/lib/$STDLIB/lib-dynload" "$other/lib/python3.2"
	echo 'raise ImportError("the wrong os")' >"$other/lib/$STDLIB/os.py"
	cp /bin/true "$other/bin/python$NAMED"
done
stale "that is gone" /nonexistent/bin
stale "that is relative, to a folder that is gone" bin
stale "that is empty" ""
stale "that is the environment itself" "$SCRATCH/stale that is the environment itself/bin"
stale "with a slash at its end" "/nonexistent/bin/"
stale "of another Python of this version" "$SCRATCH/other/bin"
stale "of another version" "$SCRATCH/other/lib/python3.2"
stale "that is a file" "$PYTHON"
stale "in a folder that cannot be" "/dev/null/bin"
rm -r "$SCRATCH/bin" "$SCRATCH/lib"

# home NAME HOME WANTED: one that leads to the tree, by whatever name, is kept.
home() {
	v="$SCRATCH/home $1"
	mkdir -p "$v/bin"
	ln -s "$PYTHON" "$v/bin/python"
	echo "home = $2" >"$v/pyvenv.cfg"
	same "a home $1" "$("$v/bin/python" -c 'import sys; print(sys.prefix, sys.base_prefix, sep="|")' 2>&1)" \
		"$v|$3"
}
ln -s "$TREE" "$SCRATCH/linked tree"
# A shared libpython is asked for its real place.
by_link=$TREE
[ "$LINK" = shared ] || by_link="$SCRATCH/linked tree"
home "through a link to the tree" "$SCRATCH/linked tree/bin" "$by_link"
home "with a slash at its end" "$TREE/bin/" "$TREE"
home "that is the tree, not its bin" "$TREE" "$TREE"
mkdir -p "$SCRATCH/together"
cp -R "$SCRATCH/home with a slash at its end" "$SCRATCH/together/v"
ln -s "$TREE" "$SCRATCH/together/py"
ln -sf ../../py/bin/python$NAMED "$SCRATCH/together/v/bin/python"
echo 'home = /before/py/bin' >"$SCRATCH/together/v/pyvenv.cfg"
mv "$SCRATCH/together" "$SCRATCH/moved together"
v="$SCRATCH/moved together/v"
same "an environment that was moved together with its Python" \
	"$(cd / && "$v/bin/python" -c 'import sys, os, ssl
print(sys.prefix, os.path.realpath(sys.base_prefix), sep="|")' 2>&1)" "$v|$TREE"

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
	[ "$LINK" != shared ] || where=$TREE/lib/libpython$NAMED.so.1.0
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
