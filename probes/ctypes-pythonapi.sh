# The C API through ctypes.pythonapi and CDLL(None), as it should be used.
. "$PROBES/common.sh"
python run pythonapi.py
