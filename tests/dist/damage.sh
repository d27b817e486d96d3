# What `solder check` says of the tree: nothing as it is, and after each of many damages, one at a
# time, exactly what is wrong.
. "$HERE/common.sh"

PYTHONPATH=$HERE "$PYTHON" "$HERE/damage.py"
