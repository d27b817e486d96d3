# The workloads: the index, their behaviour with the Python given, the table in the documentation.
#
#   PYTHON=python3 sh tests/workloads/run.sh [NAME]...
exec "${PYTHON:-python3}" tests/workloads/check.py "$@"
