"""Kills solder at any moment and lets system calls fail; looks at what is left, and runs it again.

    run.py --solder FILE --stepper FILE [--sweep] [--kills N] [--faults N] [--seed N] [--every N]
           [--only NAME,…] [--one NAME:kill|ERRNO:CALLS:N] [--within DIR]

--sweep     a kill at each call that changes something, of commands that publish; --every N: at
            every Nth
--kills N   at random moments of random commands: by time, or at any call
--faults N  a random call of a random kind fails
--one       what a failure named as its reproducer
--within    where the work is done (/var/tmp); a file system in memory is faster, since all is synced

After each: every output is as it was, as it should become, or not there if it was not, and so is
each entry of the cache; the archives have the digests that SHA256SUMS says. A fault is survived,
or refused with one message that names its cause. Then the same command, undisturbed, succeeds with
the same bytes as ever, leaves nothing that it does not leave otherwise, and no process.
"""

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenarios

CHANGING = ("rename,renameat,renameat2,mkdir,mkdirat,rmdir,unlink,unlinkat,link,linkat,symlink,"
            "symlinkat,chmod,fchmod,fchmodat,write,pwrite64,writev,fsync,fdatasync,syncfs,"
            "ftruncate,copy_file_range,utimensat,ioctl,flock")
FAULTS = [  # calls, what they may fail with
    ("write,pwrite64,writev", ["EIO", "ENOSPC", "EINTR"]),
    ("read,pread64", ["EIO", "EINTR"]),
    ("open,openat,openat2", ["EMFILE", "EIO", "ENOSPC", "EINTR"]),
    ("fsync,fdatasync,syncfs", ["EIO", "ENOSPC", "EINTR"]),
    ("rename,renameat,renameat2", ["EIO", "ENOSPC", "EINTR"]),
    ("mkdir,mkdirat", ["EIO", "ENOSPC", "EINTR"]),
    ("flock", ["EINTR", "EIO"]),
    ("copy_file_range,ftruncate,fchmod", ["EIO", "ENOSPC"]),
    ("getdents64", ["EIO"]),
    ("pipe2", ["EMFILE"]),
]
# Calls that are made once more when they say EINTR. Others do not say it of local files, or only
# where a signal that ends the run has come: solder handles no other.
RETRIED = ("write", "pwrite64", "writev", "read", "pread64", "flock")
LEFT = re.compile(r"\.(tmp|new|old|commit)-|\.solder-|solder-\w+\.\w{6}|^tmp/.|^cache/work/.")


class Failure(Exception):
    pass


def entry(path):
    st = os.lstat(path)
    if stat.S_ISLNK(st.st_mode):
        return "link " + os.readlink(path)
    if stat.S_ISDIR(st.st_mode):
        return f"folder {st.st_mode & 0o7777:o}"
    with open(path, "rb") as f:
        return f"file {st.st_mode & 0o7777:o} {hashlib.sha256(f.read()).hexdigest()}"


def snapshot(folder):
    """What is in it: the path from it, and what stands there."""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(at, name)
            found[os.path.relpath(path, folder)] = entry(path)
    return found


def whole(scenario, shot):
    """The parts of a snapshot that are seen as one: {path: content}."""
    parts = {}
    for path in shot:
        m = scenario.whole.match(path)
        if m and (m.end() == len(path) or path[m.end()] == "/"):
            own = scenario.own.fullmatch(path) or path in scenario.vary
            parts.setdefault(m.group(), {})[path] = "own" if own else shot[path]
    return parts


def check_parts(parts, before, after):
    for path, content in parts.items():
        if path in scenarios.LISTS:
            continue
        if content not in (before.get(path), after.get(path)):
            wanted = after.get(path) or before.get(path) or {}
            differ = [p for p in sorted({*wanted, *content}) if wanted.get(p) != content.get(p)]
            raise Failure(f"'{path}' is neither old nor new: {', '.join(differ[:4])}")
    for path in before:
        if path in after and path not in parts:
            raise Failure(f"'{path}' is gone")


def check_sums(case, shot):
    """No archive is other than SHA256SUMS says."""
    if "mirror/SHA256SUMS" not in shot:
        return
    with open(os.path.join(case, "mirror/SHA256SUMS")) as f:
        for line in f:
            digest, name = line.split()
            there = shot.get("mirror/" + name)
            if there and there.split()[-1] != digest:
                raise Failure(f"SHA256SUMS is wrong about '{name}'")


def check_json(case, shot):
    for path in shot:
        if path.endswith(".json") and path.count("/") < 4:
            try:
                with open(os.path.join(case, path)) as f:
                    json.load(f)
            except ValueError as e:
                raise Failure(f"'{path}' is no JSON: {e}")


def strays(world):
    """Processes that have to do with the case."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        words = []
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as f:
                    words.append(f.read())
            except OSError:
                pass
        try:
            words.append(os.readlink(f"/proc/{pid}/cwd").encode())
        except OSError:
            pass
        text = b"\0".join(words)
        if world.case.encode() in text or world.mark.encode() in text:
            if int(pid) != os.getpid() and not text.startswith(b"python"):
                found.append((int(pid), words[0].replace(b"\0", b" ")[:120].decode("replace")))
    return found


def check_no_strays(world):
    left = strays(world)
    for _ in range(50):
        if not left:
            return
        time.sleep(0.1)
        left = strays(world)
    for pid, _ in left:
        os.kill(pid, signal.SIGKILL)
    raise Failure(f"processes are left: {left[:3]}")


class Runner:
    def __init__(self, options, world):
        self.options, self.world = options, world
        self.report = world.path("report")
        self.passed = self.failed = self.survived = self.refused = self.too_late = 0
        self.known = {}

    def step(self, scenario, deed, calls, at):
        prefix = [self.options.stepper, "--from", self.world.case, "--at", str(at), "--do", deed,
                  "--report", self.report]
        if calls != "all":
            prefix += ["--calls", calls]
        r = self.world.run(scenario.args, [*prefix, "--"])
        with open(self.report) as f:
            first, *kinds = f.read().splitlines()
        count, acted, name, path = first.split(" ", 3)
        counts = {"all": int(count), **{k: int(n) for k, n in map(str.split, kinds)}}
        return r, counts, acted == "1", name, path

    def reference(self, scenario):
        """Before, after, and after a second run: {path: content}; and the exit code."""
        if scenario.name not in self.known:
            world = self.world
            world.begin(scenario)
            before = snapshot(world.case)
            r = world.run(scenario.args)
            after = snapshot(world.case)
            if r.returncode not in scenario.codes:
                sys.exit(f"{scenario.name}: undisturbed it ends with {r.returncode}:\n"
                         f"{r.stdout}{r.stderr}\n0 passed, 1 failed")
            code = r.returncode
            names = set(after)
            world.begin(scenario)
            world.run(scenario.args)
            again = snapshot(world.case)
            # Some steps note where they ran; what is made of them must not.
            scenario.vary = {p for p in after
                             if p.startswith("cache/") and after[p] != again.get(p)}
            r = world.run((scenario.again and scenario.again()) or scenario.args)
            names |= set(snapshot(world.case))
            codes = {code, r.returncode, *(scenario.codes if len(scenario.codes) > 1 else ())}
            self.known[scenario.name] = before, after, names, codes
        return self.known[scenario.name]

    def judge(self, scenario, r, deed, name, codes):
        """What became of the fault; True: it was survived."""
        if "Sanitizer" in r.stderr or "runtime error:" in r.stderr:
            raise Failure("a sanitizer found something: " + r.stderr[:2000])
        said = [m for m in r.stderr.splitlines() if m.startswith("solder: ")]
        if r.returncode in codes and not (r.returncode == 2 and "no verdict" not in r.stderr):
            return True
        if r.returncode != 2:
            raise Failure(f"ended with {r.returncode}: {r.stderr}")
        if len(said) != 1:
            raise Failure(f"not one message: {r.stderr}")
        if deed == "EINTR" and name in RETRIED:
            raise Failure(f"EINTR was not survived: {said[0]}")
        if os.strerror(getattr(__import__("errno"), deed)) not in r.stderr:
            raise Failure(f"the cause is not named: {r.stderr}")
        return False

    def look(self, scenario, before, after):
        shot = snapshot(self.world.case)
        parts = whole(scenario, shot)
        check_parts(parts, whole(scenario, before), whole(scenario, after))
        check_sums(self.world.case, shot)
        check_json(self.world.case, shot)
        return shot, parts

    def go_on(self, scenario, before, after, names, codes):
        """Once more, undisturbed."""
        r = self.world.run((scenario.again and scenario.again()) or scenario.args)
        if r.returncode not in codes:
            raise Failure(f"the next run ended with {r.returncode}: {r.stderr}")
        if "Sanitizer" in r.stderr:
            raise Failure("the next run: " + r.stderr[:2000])
        shot, parts = self.look(scenario, before, after)
        wanted = whole(scenario, after)
        for path in wanted:
            if parts.get(path) != wanted[path]:
                raise Failure(f"after the next run '{path}' is not what it should be")
        left = sorted(set(shot) - names)
        if left:
            raise Failure(f"left behind after the next run: {', '.join(left[:5])}")
        check_no_strays(self.world)

    def after_deed(self, scenario, r, deed, name):
        before, after, names, codes = self.reference(scenario)
        shot, parts = self.look(scenario, before, after)
        if deed != "kill":
            survived = self.judge(scenario, r, deed, name, codes)
            self.survived += survived
            self.refused += not survived
            if survived and scenario.name not in ("wheels", "bench"):
                wanted = whole(scenario, after)
                if any(parts.get(p) != wanted[p] for p in wanted):
                    raise Failure("it succeeded without its result")
            # Archives that are half published are said, and the next run completes them.
            survived |= "is not finished" in r.stderr
            # What was survived may be a removal that failed; the next run sees to it.
            left = sorted(p for p in set(shot) - names - set(before) if LEFT.search(p))
            if left and not survived and not name.startswith(("unlink", "rmdir")):
                raise Failure(f"left behind: {', '.join(left[:5])}: {r.stderr}")
        self.go_on(scenario, before, after, names, codes)

    def trial(self, scenario, deed, calls, at):
        """False: it had ended before that call."""
        label = f"{scenario.name}:{deed}:{calls if calls != CHANGING else 'changing'}:{at}"
        name = path = ""
        try:
            self.reference(scenario)
            self.world.begin(scenario)
            if calls == "time":
                acted = True
                r = self.kill_after(scenario, at)
            else:
                r, _, acted, name, path = self.step(scenario, deed, calls, at)
            if not acted:
                self.too_late += 1
                return False
            self.after_deed(scenario, r, deed, name)
            self.passed += 1
        except (Failure, subprocess.TimeoutExpired) as e:
            self.failed += 1
            print(f"FAILED {label} ({name} {path}): {e}", flush=True)
            for pid, _ in strays(self.world):
                os.kill(pid, signal.SIGKILL)
        return True

    def kill_after(self, scenario, milliseconds):
        p = subprocess.Popen(
            self.world.command(scenario.args), env=self.world.environment, cwd=self.world.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            p.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
        return p

    def count(self, scenario, calls):
        """How many of them an undisturbed run makes, and how many milliseconds it takes."""
        key = scenario.name, "counts"
        if key not in self.known:
            self.reference(scenario)
            self.world.begin(scenario)
            began = time.monotonic()
            counts = self.step(scenario, "kill", "all", 0)[1]
            self.known[key] = counts, int((time.monotonic() - began) * 1000)
        counts, lasts = self.known[key]
        return sum(counts.get(name, 0) for name in calls.split(",")), lasts

    def sweep(self, all_scenarios, every):
        for scenario in all_scenarios:
            if not scenario.publishes:
                continue
            began, at = self.passed + self.failed, 1
            while self.trial(scenario, "kill", CHANGING, at):
                at += every
            print(f"sweep: {scenario.name}: {self.passed + self.failed - began} kills", flush=True)

    def kills(self, all_scenarios, n, rand):
        done = 0
        while done < n:
            scenario = all_scenarios[done % len(all_scenarios)]
            count, lasts = self.count(scenario, "all")
            if rand.random() < 0.5:
                done += self.trial(scenario, "kill", "all", rand.randint(1, count))
            else:
                done += self.trial(scenario, "kill", "time", rand.randint(1, lasts))

    def faults(self, all_scenarios, n, rand):
        done = 0
        while done < n:
            scenario = all_scenarios[done % len(all_scenarios)]
            calls, errors = rand.choice(FAULTS)
            count = self.count(scenario, calls)[0]
            if count:
                done += self.trial(scenario, rand.choice(errors), calls, rand.randint(1, count))


def choose(world, only):
    chosen, skipped = [], 0
    for scenario in scenarios.scenarios(world):
        if only and scenario.name not in only.split(","):
            continue
        if scenario.why_not:
            skipped += 1
            print(f"skipped: {scenario.name}: {scenario.why_not}")
        else:
            chosen.append(scenario)
    return chosen, skipped


def run(options, world):
    runner = Runner(options, world)
    chosen, skipped = choose(world, options.only)
    rand = random.Random(options.seed)
    if options.one:
        name, deed, calls, at = options.one.split(":")
        scenario = next(s for s in chosen if s.name == name)
        runner.trial(scenario, deed, CHANGING if calls == "changing" else calls, int(at))
    if options.sweep:
        runner.sweep(chosen, options.every)
    if options.kills:
        began = runner.passed
        runner.kills(chosen, options.kills, rand)
        print(f"kills: {runner.passed - began} of {options.kills} passed, seed {options.seed}")
    if options.faults:
        began = runner.passed
        runner.faults(chosen, options.faults, rand)
        print(f"faults: {runner.passed - began} of {options.faults} passed, seed {options.seed}: "
              f"{runner.survived} survived, {runner.refused} refused")
    rest = f", {skipped} skipped" if skipped else ""
    print(f"{runner.passed} passed, {runner.failed} failed{rest}")
    return runner.failed > 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--solder", required=True)
    parser.add_argument("--stepper", required=True)
    parser.add_argument("--sweep", action="store_true")
    for name, value in (("kills", 0), ("faults", 0), ("every", 1)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--within", default="/var/tmp")
    parser.add_argument("--only")
    parser.add_argument("--one")
    options = parser.parse_args()
    options.solder, options.stepper = map(os.path.abspath, (options.solder, options.stepper))
    if subprocess.run([options.stepper, "--report", "/dev/null", "--", "true"]).returncode == 77:
        print("skipped: ptrace is not allowed here\n0 passed, 0 failed, 1 skipped")
        return 0
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    # Not in /tmp: what a step sees there in the sandbox is its own.
    with tempfile.TemporaryDirectory(prefix="solder-faults.", dir=options.within) as folder:
        # They may be built anew in the meantime.
        options.solder = shutil.copy2(options.solder, folder)
        options.stepper = shutil.copy2(options.stepper, folder)
        world = scenarios.World(options.solder, folder)
        try:
            return run(options, world)
        finally:
            world.end()
            subprocess.run(["chmod", "-R", "u+w", folder])


sys.exit(main())
