# Can the check fail? Two small wheels against a static tree as it is, and against copies of it in
# which exactly one of them must break. Needs SOLDER, TREE, AGAINST and WORK in the environment.
# Prints "ok NAME" or "FAIL NAME".
set -u

here=$(cd "$(dirname "$0")" && pwd)
name=$(cd "$TREE/bin" && ls python3.?? | head -n 1)
python=$TREE/bin/$name
cd "$WORK" || exit 2

if readelf -dW "$python" | grep -q 'NEEDED.*\[libpython'; then
	echo "skip control: the tree's interpreter is not static"
	exit 0
fi

extension() { # NAME BODY LINKER-FLAGS...
	printf '#include <Python.h>\nstatic struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "%s", NULL, -1, NULL};\nPyMODINIT_FUNC PyInit_%s(void) { %s return PyModule_Create(&def); }\n' \
		"$1" "$1" "$2" >"$1.c"
	n=$1
	shift 2
	cc -shared -fPIC -I"$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')" \
		-o "$n.so" "$n.c" "$@" && mkdir -p small &&
		"$python" "$here/../lib/wheel.py" make small "$n" py3-none-any "$n.so"
}

# verdicts LABEL TREE WANTED: NAME=VERDICT/PREDICTION in the order of names
verdicts() {
	"$SOLDER" check --wheels small --wheels-state "$WORK/control-state" --against "$AGAINST" \
		--json "$2" >control.json 2>control.err
	found=$("$python" -c '
import json
for w in json.load(open("control.json"))["wheels"]:
    print(w["name"], w["verdict"], w["prediction"], sep="/", end=" ")')
	if [ "$found" = "$3 " ]; then
		echo "ok control: $1"
	else
		echo "FAIL control: $1: found $found, wanted $3"
		sed 's/^/    /' control.err
	fi
}

extension overlinked "" -Wl,--no-as-needed -L"$TREE/lib" "-l${name}" || exit 2
extension runs 'if (PyRun_SimpleStringFlags("pass", NULL)) return NULL;' || exit 2
verdicts "the tree as it is" "$TREE" \
	"overlinked/works/needs libpython.so runs/works/works"
cp -a "$TREE" no-rpath && "$python" "$here/damage.py" paths "no-rpath/bin/$name" || exit 2
verdicts "without its name and DT_RPATH" no-rpath \
	"overlinked/breaks only here/needs libpython.so runs/works/works"
cp -a "$TREE" hidden &&
	"$python" "$here/damage.py" symbol "hidden/bin/$name" PyRun_SimpleStringFlags || exit 2
verdicts "without one export" hidden \
	"overlinked/works/needs libpython.so runs/breaks only here/missing symbols"
rm -rf no-rpath hidden
