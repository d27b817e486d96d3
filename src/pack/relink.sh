#!/bin/sh
# Links the interpreter again from the objects beside this script:
#
#	sh relink.sh OUTPUT [LINKER FLAG]...
#
# CC names the compiler. Objects of an LTO build need the one that made them.
set -eu
output=$(realpath -m "$1")
shift
cd "$(dirname "$0")"
make -s -o Makefile -o Programs/python.o CC="${CC:-cc}" LINKCC="${CC:-cc}" \
	LINK_PYTHON_DEPS= BUILDPYTHON=python-relinked MACHDEP_OBJS="$(cat hacl)" \
	LINK_PYTHON_OBJS='$(LIBRARY_OBJS)' LINKFORSHARED='-Wl,--export-dynamic -pie' \
	LDFLAGS_NODIST="-Wl,-z,relro,-z,now -Wl,--disable-new-dtags \
		-Wl,-rpath,'\$\$ORIGIN/../lib' $*" python-relinked
mv python-relinked "$output"
