# Sourced by common.sh in a build for another machine, where nothing that is made can
# be run: the interpreter of the same source in $NATIVE does what it would do.
site=$RECIPE/cross.site
# By a name in the step's folder, which no file of the tree may have.
ln -s "$NATIVE" "$S/native"
# For cross.site.
export native="$S/native/bin/python$MAJORMINOR"

# After configure: keeps for run_make how it has chosen to run Python, and leaves in the
# Makefile, and so in sysconfig, what a build on the machine itself has there.
settle() {
    python=$(sed -n 's/^PYTHON_FOR_BUILD=//p' Makefile.pre)
    overrides=$(sed -n '/^\(PYTHON_FOR_BUILD_DEPS\|PYTHON_FOR_FREEZE\|FREEZE_MODULE[A-Z_]*\|_PYTHON_HOST_PLATFORM\|RUNSHARED\)=/s/^/override /p' Makefile.pre)
    while IFS='=' read -r name value; do
        sed -i "s|^$name\(?\{0,1\}=\).*|$name\1$value|" Makefile.pre
    done <<END
PYTHON_FOR_BUILD=./\$(BUILDPYTHON) -E
PYTHON_FOR_BUILD_DEPS=\$(BUILDPYTHON)
PYTHON_FOR_REGEN=python$MAJORMINOR
PYTHON_FOR_FREEZE=./_bootstrap_python
FREEZE_MODULE_BOOTSTRAP=./Programs/_freeze_module
FREEZE_MODULE_BOOTSTRAP_DEPS=Programs/_freeze_module
FREEZE_MODULE=\$(PYTHON_FOR_FREEZE) \$(srcdir)/Programs/_freeze_module.py
FREEZE_MODULE_DEPS=_bootstrap_python \$(srcdir)/Programs/_freeze_module.py
_PYTHON_HOST_PLATFORM=
RUNSHARED=       LD_LIBRARY_PATH=$here
BUILD_GNU_TYPE=\$(HOST_GNU_TYPE)
END
    sed -i "/^CONFIG_ARGS=/s/ *'\(host\|build\)_alias=[^']*'//g" Makefile.pre
}

# ensurepip, for a prefix that is not the running interpreter's.
install_pip() {
    bundled=Lib/ensurepip/_bundled
    names=$(ls "$bundled" | sed -n 's/-.*\.whl$//p' | tr '\n' ' ')
    pip=$(echo $bundled/pip-*.whl)/pip
    run_make -s --eval="pip: ; @\$(PYTHON_FOR_BUILD) $pip install --no-cache-dir --no-index --find-links=$bundled --root=\"\$\$OUT/\" --prefix=/install $names" pip
}
