# Prints what a source tree of CPython says of itself, as far as recipes/cpython relies on it:
#
#   sh tests/versions/facts.sh TREE >tests/versions/3.14.txt
set -eu
cd "$1"
sed -n 's/^#define PY_VERSION[^"]*"\([^"]*\)".*/release \1/p' Include/patchlevel.h
./configure --help | sed -n 's/^  --\(with(out)\)\{0,1\}\([a-z0-9-]*\).*/\1\2/; s/^with(out)/with/p; /^\(enable\|disable\|with\|without\)-[a-z]/p' |
    sed 's/^/option /' | sort -u
grep -oE '^[A-Z][A-Z0-9_]*[[:blank:]]*[:?]?=|\$\([A-Z][A-Z0-9_]*\)' Makefile.pre.in | tr -d '$():?= \t' |
    sed 's/^/variable /' | sort -u
sed -n 's/^\([a-z][A-Za-z0-9_]*\)[[:blank:]]*:\([^=].*\|\)$/target \1/p' Makefile.pre.in | sort -u
sed -n 's/^\(\$([A-Z]*)\|libpython[^: ]*.so\|Programs\/_testembed\):.*/target \1/p' Makefile.pre.in | sort -u
if [ -e Modules/Setup.stdlib.in ]; then
    sed -n 's/^@MODULE_[A-Z0-9_]*@\([A-Za-z0-9_]*\) .*/module \1/p' Modules/Setup.stdlib.in
fi
for file in Modules/Setup.stdlib.in Modules/getpath.py Modules/getpath.c Programs/python.c \
    Programs/_testembed.c Misc/python-config.sh.in Misc/python-embed.pc.in Tools/gdb/libpython.py; do
    [ ! -e $file ] || echo "file $file"
done
