"""rewritten.py PREFIX, run by a Python that uv installed there: what sysconfig gets wrong."""
import os
import sys
import sysconfig

prefix = sys.argv[1]
for name in ("prefix", "exec_prefix", "LIBDIR", "LIBPL", "INCLUDEPY", "BINDIR", "LIBDEST"):
    value = sysconfig.get_config_var(name)
    if os.path.realpath(value) != value.replace(prefix, os.path.realpath(prefix)):
        value = os.path.realpath(value)
    if not value.startswith(prefix) or not os.path.isdir(value):
        print(f"{name} is {value}")
for name, value in sysconfig.get_config_vars().items():
    if isinstance(value, str) and any(
            w == "/install" or w.startswith(("/install/", "-I/install", "-L/install"))
            for w in value.split()):
        print(f"{name} still names the configured prefix: {value}")
for name, wanted in (("CC", "cc"), ("CXX", "c++"), ("AR", "ar")):
    if sysconfig.get_config_var(name).split()[0] != wanted:
        print(f"{name} is {sysconfig.get_config_var(name)}")
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    print("there is no Python.h")
if not os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")):
    print("uv did not mark it as managed")
