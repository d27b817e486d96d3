"""The standard library's extension modules, run by the interpreter they belong to."""

import glob
import hashlib
import importlib
import json
import os
import sys
import threading
import warnings

from checks import ABIFLAGS, SCRATCH, STDLIB, TREE, VERSION, check, equal, note

DYNLOAD = f"{TREE}/lib/{STDLIB}/lib-dynload"


def release(text):
    return tuple(int(part) for part in text.split("."))


def expected_modules():
    names = set()
    with open(os.path.join(os.environ["HERE"], "modules.txt")) as file:
        for line in file:
            words = line.split("#")[0].split()
            if not words:
                continue
            first, last = words[0].split("-")
            if release(first) <= release(VERSION) and (not last or release(VERSION) <= release(last)):
                names.update(words[1:])
    return names


SHARED = {os.path.basename(path).split(".")[0] for path in glob.glob(f"{DYNLOAD}/*.so")}
EXPECTED = expected_modules()
with open(f"{TREE}/share/solder/build.json") as record:
    TK = json.load(record)["options"].get("tk") == "yes"
if TK:
    EXPECTED.add("_tkinter")


@check("the extension modules are exactly those expected")
def _():
    found = SHARED | set(sys.builtin_module_names)
    assert found == EXPECTED, f"missing {sorted(EXPECTED - found)}, unknown {sorted(found - EXPECTED)}"


@check("every one can be imported")
def _():
    # xxsubtype and the like are examples; importing them is all they are for.
    for name in sorted(EXPECTED):
        try:
            importlib.import_module(name)
        except Exception as e:
            raise AssertionError(f"import {name}") from e


@check("every public module of the standard library can be imported")
def _():
    left_out = {"nis", "antigravity", "this"}
    if not TK:
        left_out |= {"idlelib", "tkinter", "turtle", "turtledemo"}
    other_systems = {"msvcrt", "winreg", "winsound", "msilib", "_winapi", "nt", "winsound"}
    warnings.simplefilter("ignore")
    missing = []
    for name in sorted(sys.stdlib_module_names - left_out - other_systems):
        if name.startswith("_"):
            continue
        try:
            importlib.import_module(name)
        except Exception as e:
            missing.append(f"{name}: {e!r}")
    assert not missing, missing


@check("third-party libraries are in shared modules, the rest is built in")
def _():
    for name in ("_ssl", "_hashlib", "_sqlite3", "_ctypes", "_curses", "_bz2", "_lzma", "zlib"):
        assert name in SHARED, name
    for name in ("_socket", "math", "_struct", "_json", "_datetime", "_pickle", "select"):
        assert name in sys.builtin_module_names, name


@check("sqlite3: FTS3, FTS4, FTS5, R-Tree, geopoly, dbstat, math, load_extension, backup, serialize")
def _():
    import sqlite3

    db = sqlite3.connect(":memory:")
    for module in ("fts3", "fts4", "fts5"):
        db.execute(f"CREATE VIRTUAL TABLE {module} USING {module}(text)")
        db.execute(f"INSERT INTO {module} VALUES ('one fine day'), ('another night')")
        equal(db.execute(f"SELECT count(*) FROM {module} WHERE {module} MATCH 'fine'").fetchone(), (1,))
    db.execute("CREATE VIRTUAL TABLE r USING rtree(id, x0, x1, y0, y1)")
    db.execute("INSERT INTO r VALUES (1, 0, 1, 0, 1)")
    db.execute("CREATE VIRTUAL TABLE g USING geopoly(name)")
    equal(db.execute("SELECT geopoly_area('[[0,0],[2,0],[2,2],[0,2],[0,0]]')").fetchone(), (4.0,))
    assert db.execute("SELECT count(*) FROM dbstat").fetchone()[0] > 0
    equal(db.execute("SELECT log2(8), pow(2, 3), pi() > 3").fetchone(), (3.0, 8.0, 1))
    db.enable_load_extension(True)
    db.enable_load_extension(False)
    copy = sqlite3.connect(":memory:")
    db.commit()
    db.backup(copy)
    equal(copy.execute("SELECT count(*) FROM fts5").fetchone(), (2,))
    image = db.serialize()
    other = sqlite3.connect(":memory:")
    other.deserialize(image)
    equal(other.execute("SELECT count(*) FROM fts5").fetchone(), (2,))
    equal(db.execute("SELECT json_extract('{\"a\": 7}', '$.a')").fetchone(), (7,))
    equal(db.execute("SELECT soundex('Robert'), x'61' LIKE 'a'").fetchone(), ("R163", 0))
    count = 200_000
    equal(db.execute(f"SELECT {'?+' * 3}?", (1, 2, 3, 4)).fetchone(), (10,))
    found = db.execute(f"SELECT 1 IN ({','.join('?' * count)})", range(count)).fetchone()
    equal(found, (1,), f"a statement with {count} variables")
    with sqlite3.connect("file:solder?mode=memory&cache=shared") as shared:
        shared.execute("CREATE TABLE t (n)")
    assert not os.path.exists("file:solder?mode=memory&cache=shared"), "URIs are not read"
    assert db.execute("SELECT count(*) FROM sqlite_stmt").fetchone()[0] >= 0
    note(f"SQLite {sqlite3.sqlite_version}")


@check("sqlite3: the options of Debian's, but for those with a reason")
def _():
    import sqlite3

    db = sqlite3.connect(":memory:")
    options = {row[0] for row in db.execute("PRAGMA compile_options")}
    debian = """ENABLE_COLUMN_METADATA ENABLE_DBSTAT_VTAB ENABLE_FTS3 ENABLE_FTS3_PARENTHESIS
        ENABLE_FTS3_TOKENIZER ENABLE_FTS4 ENABLE_FTS5 ENABLE_LOAD_EXTENSION ENABLE_MATH_FUNCTIONS
        ENABLE_PREUPDATE_HOOK ENABLE_RTREE ENABLE_SESSION ENABLE_STMTVTAB ENABLE_UNLOCK_NOTIFY
        ENABLE_UPDATE_DELETE_LIMIT HAVE_ISNAN LIKE_DOESNT_MATCH_BLOBS MAX_DEFAULT_PAGE_SIZE=32768
        MAX_VARIABLE_NUMBER=250000 OMIT_LOOKASIDE SECURE_DELETE SOUNDEX THREADSAFE=1 USE_URI"""
    # The reasons are in recipes/sqlite.
    left_out = {"ENABLE_FTS3_TOKENIZER", "ENABLE_PREUPDATE_HOOK", "ENABLE_SESSION",
                "MAX_DEFAULT_PAGE_SIZE=32768", "OMIT_LOOKASIDE", "SECURE_DELETE"}
    wanted = set(debian.split()) - left_out | {"ENABLE_GEOPOLY"}
    if "ENABLE_UPDATE_DELETE_LIMIT" in options:
        db.execute("CREATE TABLE t (n)")
        db.executemany("INSERT INTO t VALUES (?)", ((n,) for n in range(9)))
        db.execute("DELETE FROM t ORDER BY n DESC LIMIT 4")
        db.execute("UPDATE t SET n = -n ORDER BY n DESC LIMIT 2")
        equal([n for n, in db.execute("SELECT n FROM t ORDER BY rowid")], [0, 1, 2, -3, -4])
    else:
        # Only a parser that was made for it can have it.
        assert sqlite3.sqlite_version_info >= (3, 50), "left out, though the source has it"
        note("SQLite's amalgamation of upstream has no LIMIT in UPDATE and DELETE")
        wanted.remove("ENABLE_UPDATE_DELETE_LIMIT")
    assert wanted <= options, f"missing {sorted(wanted - options)}"
    assert not left_out & options, f"no longer left out: {sorted(left_out & options)}"


@check("ssl: OpenSSL 3.5 or newer, contexts for TLS 1.0 to 1.3")
def _():
    import ssl

    assert ssl.OPENSSL_VERSION_INFO >= (3, 5), ssl.OPENSSL_VERSION
    assert ssl.HAS_TLSv1_3 and ssl.HAS_ALPN and ssl.HAS_SNI
    warnings.simplefilter("ignore", DeprecationWarning)
    for version in ("TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
        equal(context.maximum_version, ssl.TLSVersion[version])
    note(ssl.OPENSSL_VERSION)


@check("hashlib: 19 algorithms")
def _():
    wanted = set("""md5 sha1 sha224 sha256 sha384 sha512 sha3_224 sha3_256 sha3_384 sha3_512
                    shake_128 shake_256 blake2b blake2s ripemd160 sm3 sha512_224 sha512_256
                    md5-sha1""".split())
    equal(len(wanted), 19)
    for name in wanted:
        h = hashlib.new(name, b"solder")
        assert h.hexdigest(8) if "shake" in name else h.hexdigest(), name
    equal(hashlib.new("ripemd160", b"").hexdigest(), "9c1185a5c5e9fc54612808977ee8f548b2258d31")
    assert hashlib.scrypt(b"", salt=b"", n=2, r=1, p=1)
    equal(hashlib.sha256.__module__, "_hashlib")
    equal(sys.hash_info.algorithm, "siphash13")


@check("readline is libedit's, and remembers")
def _():
    import readline

    if hasattr(readline, "backend"):
        equal(readline.backend, "editline")
    else:
        assert "libedit" in readline.__doc__, readline.__doc__
    readline.add_history("one")
    equal(readline.get_history_item(readline.get_current_history_length()), "one")


@check("readline: history files, cut down, empty, and as GNU readline writes them")
def _():
    import readline

    path = os.path.join(SCRATCH, "history")

    def entries():
        return [readline.get_history_item(i + 1)
                for i in range(readline.get_current_history_length())]

    def read():
        readline.clear_history()
        readline.read_history_file(path)
        return entries()

    lines = [f"line {n}\t\\ ä" for n in range(1000)]
    readline.clear_history()
    for line in lines:
        readline.add_history(line)
    readline.write_history_file(path)
    equal(read(), lines)
    for length in (1001, 1000, 999, 500, 3, 1, 0):
        readline.set_history_length(length)
        readline.write_history_file(path)
        equal(read(), lines[-length:] if length else [], f"with {length} lines")
        readline.set_history_length(-1)
        if length:
            lines = lines[-length:]
    readline.clear_history()
    for line in lines:
        readline.add_history(line)
    readline.append_history_file(1, path)
    equal(read(), lines[-1:])
    plain = ["print('a b')", "x = '\\040'", "zwölf"]
    with open(path, "w") as file:
        file.write("\n".join(plain) + "\n")
    equal(read(), plain)
    readline.add_history("one more")
    readline.append_history_file(1, path)
    with open(path) as file:
        equal(file.read().splitlines(), [*plain, "one more"], "appended to")
    readline.set_history_length(2)
    readline.write_history_file(path)
    readline.set_history_length(-1)
    with open(path) as file:
        equal(file.read().splitlines(), [plain[-1], "one more"], "cut down")
    open(path, "w").close()
    equal(read(), [])
    try:
        readline.read_history_file(SCRATCH)
    except OSError:
        pass
    else:
        raise AssertionError("a folder is a history file")
    readline.clear_history()


@check("dbm.ndbm: what was written is read")
def _():
    import dbm.ndbm

    path = os.path.join(SCRATCH, "table")
    with dbm.ndbm.open(path, "c") as table:
        for i in range(1000):
            table[f"key {i}"] = f"value {i}" * 10
    with dbm.ndbm.open(path, "r") as table:
        equal(len(table.keys()), 1000)
        equal(table["key 77"], b"value 77" * 10)
    assert "Berkeley DB" in dbm.ndbm.library, dbm.ndbm.library


@check("ctypes: a callback, the C library, and Python's API")
def _():
    import ctypes

    order = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    numbers = (ctypes.c_int * 5)(5, 1, 4, 2, 3)
    ctypes.CDLL(None).qsort(
        numbers, 5, ctypes.sizeof(ctypes.c_int), order(lambda a, b: a[0] - b[0]))
    equal(list(numbers), [1, 2, 3, 4, 5])
    api = ctypes.pythonapi
    api.PyUnicode_FromFormat.restype = ctypes.py_object
    equal(api.PyUnicode_FromFormat(b"%d %s", 7, b"x"), "7 x")
    none = ctypes.py_object.in_dll(api, "_Py_NoneStruct")
    equal(ctypes.addressof(none), id(None))


@check("_uuid: safe time-based identifiers")
def _():
    import _uuid

    assert _uuid.has_uuid_generate_time_safe
    equal(len(_uuid.generate_time_safe()[0]), 16)


@check("bz2, lzma, zlib and, if there is one, zstd, in threads")
def _():
    import bz2
    import lzma
    import zlib

    libraries = [bz2, lzma, zlib]
    if sys.version_info >= (3, 14):
        from compression import zstd

        libraries.append(zstd)
    data = bytes(range(256)) * 2000
    wrong = []

    def work(library):
        for _ in range(3):
            if library.decompress(library.compress(data)) != data:
                wrong.append(library)

    threads = [threading.Thread(target=work, args=(library,)) for library in libraries * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong
    lzma.compress(data, format=lzma.FORMAT_ALONE)
    equal(lzma.decompress(lzma.compress(data, check=lzma.CHECK_SHA256)), data)


@check("decimal is in C")
def _():
    import decimal

    equal(decimal.Decimal.__module__, "decimal")
    assert decimal.__libmpdec_version__ and decimal.HAVE_THREADS
    assert "_pydecimal" not in sys.modules
    equal(str(decimal.Decimal(2).sqrt(decimal.Context(prec=30))), "1.41421356237309504880168872421")


@check("XML: expat with hash randomisation, ElementTree in C")
def _():
    import pyexpat
    import xml.etree.ElementTree as tree

    assert tree.Element.__module__ == "xml.etree.ElementTree" and "_elementtree" in sys.modules
    equal(tree.fromstring("<a><b>text</b></a>").findtext("b"), "text")
    note(pyexpat.EXPAT_VERSION)


@check("functions of newer kernels and C libraries are there")
def _():
    import select
    import socket

    for name in "pidfd_open getrandom memfd_create copy_file_range splice eventfd posix_spawn".split():
        assert hasattr(os, name), name
    assert hasattr(socket, "AF_VSOCK") and hasattr(select, "epoll")
    with open(os.memfd_create("solder"), "w") as file:
        file.write("x")


@check("the names of ABI and platform")
def _():
    import sysconfig

    digits = VERSION.replace(".", "")
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    equal(suffix, f".cpython-{digits}{ABIFLAGS}-{sys.implementation._multiarch}.so")
    equal(sysconfig.get_config_var("SOABI"), suffix[1:-3])
    assert sysconfig.get_platform().startswith("linux-")
    equal(sysconfig.get_config_var("Py_ENABLE_SHARED"), 1)


@check("bytecode is there, and matches its sources")
def _():
    import importlib.util

    for name in ("argparse", "json.decoder", "ctypes.util", "pip._internal.main"):
        spec = importlib.util.find_spec(name)
        cached = importlib.util.cache_from_source(spec.origin)
        with open(cached, "rb") as file:
            head = file.read(16)
        equal(head[:4], importlib.util.MAGIC_NUMBER)
        equal(head[4], 3, f"the kind of {cached}: checked by content")
        with open(spec.origin, "rb") as file:
            equal(head[8:], importlib.util.source_hash(file.read()), f"the digest in {cached}")
