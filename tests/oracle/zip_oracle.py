"""Python's zipfile, which pip installs with, against `solder unpack`.

    zip_oracle.py SOLDER [--mutations N] [WHEEL]...

Archives of many forms and real wheels must unpack to what zipfile reads; of archives in which bytes
were changed, each that solder takes must be one that zipfile reads to the same files. Prints the
counts; exit code 1 if any differs."""

import argparse, glob, io, os, random, shutil, stat, subprocess, sys, tempfile, zipfile


def from_zipfile(data):
    """{name: content}, what an installer writes; links are files with their target."""
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        return {
            os.path.normpath(i.filename): z.read(i)
            for i in z.infolist()
            if not i.is_dir()
        }


def from_folder(root):
    found = {}
    for dir, _, files in os.walk(root):
        for name in files:
            path = os.path.join(dir, name)
            rel = os.path.relpath(path, root)
            if os.path.islink(path):
                found[rel] = os.readlink(path).encode()
            else:
                with open(path, "rb") as f:
                    found[rel] = f.read()
    return found


class Pipe(io.RawIOBase):
    """What cannot be sought in: zipfile writes descriptors."""

    def __init__(self, to):
        self.to = to

    def writable(self):
        return True

    def write(self, data):
        return self.to.write(data)


def make(form):
    out = io.BytesIO()
    method = zipfile.ZIP_STORED if "stored" in form else zipfile.ZIP_DEFLATED
    to = Pipe(out) if "piped" in form else out
    with zipfile.ZipFile(to, "w", method) as z:
        if "comment" in form:
            z.comment = b"words at the end"
        names = ["a", "dir/b.txt", "dir/empty"] + (["é/ü.py"] if "utf8" in form else [])
        for i, name in enumerate(names):
            with z.open(name, "w", force_zip64="zip64" in form) as f:
                f.write(b"" if name.endswith("empty") else b"content %d " % i * 20)
        if "folder" in form:
            z.writestr("only/", b"")
        if "link" in form:
            info = zipfile.ZipInfo("link")
            info.create_system = 3
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            z.writestr(info, "a")
    return out.getvalue()


FORMS = ["deflated", "stored", "piped", "piped stored", "zip64", "zip64 piped", "comment", "utf8",
         "folder link", "zip64 stored comment utf8 folder"]


class Oracle:
    def __init__(self, solder, work):
        self.solder, self.work = solder, work
        self.passed = self.failed = self.taken = 0

    def unpack(self, data):
        """None: refused."""
        path, out = os.path.join(self.work, "a.zip"), os.path.join(self.work, "out")
        with open(path, "wb") as f:
            f.write(data)
        done = subprocess.run([self.solder, "unpack", "-q", path, out], capture_output=True,
                              text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
        if done.returncode != 0:
            self.why = done.stderr.strip()
            return None
        found = from_folder(out)
        shutil.rmtree(out)
        return found

    def judge(self, good, what):
        self.passed += good
        self.failed += not good
        if not good:
            print("differs:", what)

    def is_read(self, data, what):
        got = self.unpack(data)
        self.judge(got == from_zipfile(data), f"{what}: {self.why if got is None else 'content'}")

    def mutate(self, data, random):
        changed = bytearray(data)
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            # most of the structure is at the end
            at = random.randrange(len(data) // 2, len(data)) if random.random() < 0.7 else \
                random.randrange(len(data))
            changed[at] = random.choice((0, 1, 8, 255, changed[at] ^ 1 << random.randrange(8)))
        got = self.unpack(bytes(changed))
        if got is None:
            self.passed += 1
            return
        self.taken += 1
        try:
            wanted = from_zipfile(bytes(changed))
        except Exception as e:
            wanted = f"zipfile: {e}"
        same = got == wanted
        if not same:
            with open(os.path.join(self.work, "..", "zip-oracle-differs.zip"), "wb") as f:
                f.write(changed)
        self.judge(same, f"a changed archive, kept: {wanted if isinstance(wanted, str) else ''}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("solder")
    parser.add_argument("--mutations", type=int, default=400)
    parser.add_argument("wheels", nargs="*")
    args = parser.parse_intermixed_args()
    wheels = args.wheels or sorted(glob.glob("/usr/share/python-wheels/*.whl"))
    with tempfile.TemporaryDirectory() as work:
        o = Oracle(args.solder, work)
        for form in FORMS:
            o.is_read(make(form), form)
        for path in wheels:
            with open(path, "rb") as f:
                o.is_read(f.read(), os.path.basename(path))
        source = random.Random(14)
        for i in range(args.mutations):
            o.mutate(make(FORMS[i % len(FORMS)]), source)
    if not wheels:
        print("skipped: wheels of the system, since it has none")
    print(f"{args.mutations} changed archives, {o.taken} of them taken; {len(wheels)} wheels")
    print(f"{o.passed} passed, {o.failed} failed")
    return o.failed > 0


if __name__ == "__main__":
    sys.exit(main())
