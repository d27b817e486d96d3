# The command lines of README, docs and the examples of --help, each as it is printed.
. "$HERE/common.sh"

"$PYTHON" -I "$HERE/documented.py"
