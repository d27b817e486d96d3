# Trees for musl: built by this machine's compilers, run with the loader of Debian's package `musl`,
# which is older than the musl that they were linked with. Sourced by run.sh.

# musl_topics TREE TOPIC...: with a compiler for musl under the names that topics call.
musl_topics() {
	tree=$1
	shift
	mkdir -p "$SCRATCH/musl-tools"
	for name in cc gcc; do
		printf '#!/bin/sh\nexec musl-gcc "$@"\n' >"$SCRATCH/musl-tools/$name"
		chmod +x "$SCRATCH/musl-tools/$name"
	done
	PATH=$SCRATCH/musl-tools:$PATH TREE=$tree DIST_FLAGS= TLS=desc SONAME=no \
		sh "$HERE/../dist/run.sh" "$@" >"$SCRATCH/topics" 2>&1
	grep -E '^(ok|FAIL|skip|note|time|    )' "$SCRATCH/topics" |
		sed "s/^\([a-zA-Z]*\) tree: /\1 $LABEL/
			s/^FAIL \(.*embed: clang, .a: links\)$/skip \1: clang is the machine's, for glibc/"
	grep -qE '^[0-9]+ passed' "$SCRATCH/topics" || {
		echo "FAIL ${LABEL}the topics went through to their end"
		show <"$SCRATCH/topics"
	}
}

# What the loader itself says, beside what solder says it would do.
musl_loader() {
	python=$1/bin/python3.13
	loader=$(readelf -lW "$python" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
	same "the interpreter's loader" "$loader" /lib/ld-musl-x86_64.so.1
	for file in "$python" "$1"/lib/python3.13/lib-dynload/*.so "$1"/lib/libpython3*.so; do
		"$loader" --list "$file" 2>&1
	done | grep -E 'Error' | grep -v ': symbol not found' >"$SCRATCH/missing"
	none "nothing that a file needs is missing" "$(cat "$SCRATCH/missing")"
	nm -D --defined-only "$loader" 2>/dev/null | awk '{ print $NF }' | sort -u >"$SCRATCH/musl"
	find "$1" -type f \( -name '*.so' -o -name '*.so.1.0' -o -name 'python3*' \) | while read -r file; do
		nm -D --undefined-only "$file" 2>/dev/null | awk '$1 == "U" { print $2 }'
	done | grep -vE '^_?Py' | sort -u | comm -23 - "$SCRATCH/musl" >"$SCRATCH/undefined"
	none "no symbol is newer than this machine's musl" \
		"$(nm -D --defined-only "$1"/lib/*.so 2>/dev/null | awk '{ print $NF }' | sort -u |
			comm -23 "$SCRATCH/undefined" -)"
	none "no file is for glibc" "$(find "$1" -type f \( -name '*.so*' -o -name 'python3*' \) \
		-exec readelf -dW {} + 2>/dev/null | grep -E 'NEEDED.*(libc\.so\.6|libgcc_s)')"
}

musl_says() {
	python=$1/bin/python3.13
	same "names and tags" "$("$python" -Ic 'import sysconfig, sys, platform
v = sysconfig.get_config_var
from pip._vendor.packaging import tags
t = [str(x) for x in tags.sys_tags()]
print(v("EXT_SUFFIX"), v("MULTIARCH"), platform.libc_ver()[0] != "glibc",
    t[0], any("manylinux" in x for x in t))' 2>&1)" \
		".cpython-313-x86_64-linux-musl.so x86_64-linux-musl True cp313-cp313-musllinux_1_2_x86_64 False"
	same "ctypes finds the C library" "$("$python" -Ic 'import ctypes
print(ctypes.CDLL("libc.so").getpid() == __import__("os").getpid())' 2>&1)" True
	# 128 KiB, musl's own size, end with SIGSEGV.
	same "recursion in a thread ends with an exception" "$("$python" -Ic 'import threading
def run():
    nested = []
    for _ in range(100000):
        nested = [nested]
    try:
        repr(nested)
    except RecursionError:
        print("RecursionError")
thread = threading.Thread(target=run)
thread.start()
thread.join()' 2>&1)" RecursionError
}

# A wheel with an extension module, as pip of that Python chooses it. Not numpy's: its libgcc_s packs
# relative relocations (DT_RELR), which musl knows from 1.2.4 on, and Debian 12's is older.
musl_wheel() {
	"$1/bin/python3" -I -m pip --no-input download -q --only-binary :all: --no-deps \
		-d "$SCRATCH/wheels" markupsafe >"$SCRATCH/pip" 2>&1 &&
		"$1/bin/python3" -I -m pip --no-input install -q --no-compile --no-index \
			--target "$SCRATCH/site" "$SCRATCH"/wheels/*.whl >>"$SCRATCH/pip" 2>&1 || {
		if no_network "$SCRATCH/pip"; then
			skip "a wheel" "$(tail -n 1 "$SCRATCH/pip")"
			return
		fi
		echo "FAIL ${LABEL}pip installs a wheel"
		show <"$SCRATCH/pip"
		return
	}
	some "pip takes the wheel for musl" "$(ls "$SCRATCH/wheels" | grep musllinux)"
	same "a wheel's extension module" "$(PYTHONPATH="$SCRATCH/site" "$1/bin/python3" -c '
import markupsafe, markupsafe._speedups
print(markupsafe.escape("<"), markupsafe._speedups.__file__.endswith("-musl.so"))' 2>&1)" "&lt; True"
	rm -rf "$SCRATCH/site" "$SCRATCH/wheels"
}

# Packed, with an index for installers.
musl_pack() {
	check "solder pack" "$SOLDER" pack -q "$1" -o "$SCRATCH/mirror" || return
	check "solder pack --index" "$SOLDER" pack -q --index "$SCRATCH/mirror" || return
	some "the archive's name" "$(ls "$SCRATCH/mirror" | grep -E 'x86_64-unknown-linux-musl-install_only')"
	same "downloads.json says musl" "$(python3 -c 'import json, sys
print({(v["libc"], v["arch"]["family"]) for v in json.load(open(sys.argv[1])).values()})' \
		"$SCRATCH/mirror/downloads.json" 2>&1)" "{('musl', 'x86_64')}"
	rm -rf "$SCRATCH/mirror"
}

part_musl() {
	build musl --target x86_64-unknown-linux-musl $PLAIN || return
	musl_tree musl
}

musl_tree() {
	musl_loader "$TREES/$1"
	musl_says "$TREES/$1"
	"$SOLDER" check "$TREES/$1" >"$SCRATCH/checked" 2>&1
	same "solder check ends with" "$?" 0
	none "solder check finds nothing" "$(grep -E '^(fail|warn|error) ' "$SCRATCH/checked")"
	musl_wheel "$TREES/$1"
	musl_probes "$TREES/$1"
	musl_pack "$TREES/$1"
	# Not startup, whose bound of calls is for glibc.
	musl_topics "$TREES/$1" modules elf abi bytecode relocation venv certificates embed
}

# T1 to T8: what was seen with musl is what solder expects.
musl_probes() {
	"$SOLDER" check "$1" --probe T1 --probe T2 --probe T3 --probe T4 --probe T5 --probe T6 --probe T7 \
		--probe T8 --json >"$SCRATCH/probes.json" 2>"$SCRATCH/probes"
	same "probes T1 to T8 end with" "$?" 0
	# One that was not made is no success.
	python3 - "$SCRATCH/probes.json" "$LABEL" <<'END' 2>&1 || echo "FAIL ${LABEL}the probes tell what they saw"
import json, sys

with open(sys.argv[1]) as f:
    probes = json.load(f)["probes"]
for p in probes:
    word = {"pass": "ok", "fail": "FAIL"}.get(p["verdict"], "skip")
    print(f"{word} {sys.argv[2]}{p['test']} {p['id']}" + ("" if word == "ok" else f": {p['why']}"))
sys.exit(not probes)
END
}
