"""A build backend (PEP 517) of the standard library alone: compiles probe.c the way sysconfig says."""

import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import zipfile

NAME, RELEASE = "solder_probe", "1.0"


def tag():
    digits = "{}{}".format(*sys.version_info)
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return f"cp{digits}-cp{digits}-{platform}"


def compile_module(folder):
    words = lambda name: shlex.split(sysconfig.get_config_var(name) or "")
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    object_, module = os.path.join(folder, "probe.o"), os.path.join(folder, "probe" + suffix)
    subprocess.run([*words("CC"), *words("CFLAGS"), *words("CCSHARED"),
                    "-I" + sysconfig.get_path("include"), "-c", "probe.c", "-o", object_], check=True)
    subprocess.run([*words("LDSHARED"), object_, "-o", module], check=True)
    return module


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    info = f"{NAME}-{RELEASE}.dist-info"
    name = f"{NAME}-{RELEASE}-{tag()}.whl"
    with tempfile.TemporaryDirectory() as folder, \
            zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        module = compile_module(folder)
        wheel.write(module, os.path.basename(module))
        wheel.writestr(f"{info}/METADATA",
                       f"Metadata-Version: 2.1\nName: solder-probe\nVersion: {RELEASE}\n")
        wheel.writestr(f"{info}/WHEEL",
                       f"Wheel-Version: 1.0\nGenerator: probe\nRoot-Is-Purelib: false\nTag: {tag()}\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
