"""Things are packed away and found again: archives, digests, pickles, copies, files and folders."""
import base64
import bz2
import copy
import glob
import hashlib
import hmac
import io
import lzma
import os
import pathlib
import pickle
import random
import shutil
import tarfile
import tempfile
import uuid
import zipfile
import zlib


class Thing:
    def __init__(self, name, within=None):
        self.name, self.within, self.parts = name, within, []

    def __reduce__(self):
        return (Thing, (self.name,), {"parts": self.parts})

    def __deepcopy__(self, memo):
        twin = Thing(self.name)
        memo[id(self)] = twin
        twin.parts = copy.deepcopy(self.parts, memo)
        return twin


def things(draw, depth):
    thing = Thing(str(uuid.UUID(int=draw.getrandbits(128), version=4)))
    if depth:
        thing.parts = [things(draw, depth - 1) for _ in range(3)] + [{"n": draw.random(), "s": {1, 2, 3}}, (None, b"x")]
    return thing


def digest(data):
    found = [hashlib.new(name, data).hexdigest()[:8] for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b")]
    return "".join(found) + hmac.new(b"key", data, "sha256").hexdigest()[:4]


def boxes(data):
    for pack, unpack in ((zlib.compress, zlib.decompress), (bz2.compress, bz2.decompress), (lzma.compress, lzma.decompress),
                         (base64.b85encode, base64.b85decode)):
        packed = pack(data)
        assert unpack(packed) == data
        yield len(packed) > 0
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for i in range(12):
            z.writestr(f"a/{i}.txt", data[i * 99: i * 99 + 3000])
    with zipfile.ZipFile(out) as z:
        yield all(z.read(i) for i in z.infolist())
    with tarfile.open(fileobj=(out := io.BytesIO()), mode="w:gz") as t:
        info = tarfile.TarInfo("big")
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
    out.seek(0)
    with tarfile.open(fileobj=out) as t:
        yield t.extractfile("big").read() == data


def folders(draw, root):
    top = pathlib.Path(root)
    for i in range(40):
        place = top / draw.choice("abc") / draw.choice("xyz") / f"{i:02d}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("line %d\n" % i * 20, encoding="utf-8")
        with open(place, encoding="utf-8") as f:
            assert sum(1 for _ in f) == 20
    found = sorted(p.relative_to(top).as_posix() for p in top.rglob("*.txt") if p.stat().st_size)
    with os.scandir(root) as entries:
        count = sum(e.is_dir() for e in entries)
    count += len(glob.glob(os.path.join(root, "*", "x", "*1.*"))) + sum(len(files) for _, _, files in os.walk(root))
    shutil.rmtree(top / "a", ignore_errors=True)
    return count + len(found) + len(os.path.commonprefix(found))


if __name__ == "__main__":
    draw = random.Random(2)
    tree = things(draw, 4)
    data = pickle.dumps(copy.deepcopy(tree))
    slow = io.BytesIO()
    pickle._Pickler(slow, 4).dump(pickle.loads(data))
    good = all(boxes(data))
    with tempfile.TemporaryDirectory() as root:
        count = folders(draw, root)
    print(good, count, len(digest(data)), len(copy.copy(tree).parts))
