# The interpreter that builds for another machine: of the same source, for this one.
# It runs the Makefile's own programs, pip and compileall, for minutes, so the time
# to compile it counts, and of packages it needs zlib alone, to unpack pip.
export CPATH="$DEPS/include" LIBRARY_PATH="$DEPS/lib"
# Most would be compiled otherwise where this machine happens to have their libraries;
# cmath takes hypot from where only a built-in module finds it.
cat >Modules/Setup.local <<'END'
*disabled*
_bz2 _ctypes _curses _curses_panel _dbm _decimal _gdbm _hashlib _lzma _sqlite3 _ssl _tkinter _uuid
_zstd cmath nis readline
END
env -u CC -u CXX -u AR CC="$CC" AR="$AR" \
    ZLIB_LIBS="-L$DEPS/lib -lz" \
    ./configure --prefix=/install --without-ensurepip --disable-test-modules --with-pkg-config=no
# Neither what libinstall would compile of Lib nor the check of modules is needed.
set -- OPT='-O1 -DNDEBUG -w' PYTHON_FOR_BUILD='$(if $(filter libinstall,$@),:,./$(BUILDPYTHON) -E)'
make "$@"
make "$@" altinstall DESTDIR="$OUT"
rm -rf "$OUT/install/lib/python$MAJORMINOR/config-"* "$OUT/install/include" "$OUT/install/share" \
    "$OUT/install/lib/"*.a
find "$OUT/install" -name __pycache__ -prune -exec rm -r {} +
