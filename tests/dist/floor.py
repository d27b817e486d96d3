"""The names in modules that show what the C library has: "python3 floor.py", one line for each. With
"use", calls what is newer than an old C library, and says what fails."""

import errno
import importlib
import os
import sys

MODULES = "os posix signal _signal socket _socket time select resource fcntl mmap errno _posixsubprocess"
MODULES += " termios pwd grp spwd syslog math cmath _posixshmem _multiprocessing _thread _locale"


def names():
    for name in MODULES.split():
        try:
            module = importlib.import_module(name)
        except ImportError:
            print(name, "is missing")
            continue
        print(name, *sorted(n for n in dir(module) if not n.startswith("__")))


def used(what, function, *arguments):
    try:
        return function(*arguments)
    except OSError as error:
        # The kernel is older than the call; the sandbox refuses it.
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            print(what, error)
    except Exception as error:
        print(what, repr(error))


def use():
    data = b"floor"
    one = used("memfd_create", os.memfd_create, "one")
    two = used("memfd_create", os.memfd_create, "two")
    if used("pwritev2", os.pwritev, one, [data], 0, 0) != len(data):
        print("pwritev2 wrote something else")
    buffer = bytearray(len(data))
    if used("preadv2", os.preadv, one, [buffer], 0, 0) != len(data) or buffer != data:
        print("preadv2 read", buffer)
    if used("copy_file_range", os.copy_file_range, one, two, len(data), 0, 0) != len(data):
        print("copy_file_range copied something else")
    if os.fstat(two).st_size != len(data) or os.stat(f"/proc/self/fd/{two}").st_size != len(data):
        print("stat sees another size")
    if os.stat("/dev/null").st_rdev != os.makedev(1, 3) or os.lstat("/proc/self/fd/0").st_mode == 0:
        print("stat does not know devices")
    if len(used("getrandom", os.getrandom, 32)) != 32 or len(os.urandom(300)) != 300:
        print("getrandom gave something else")
    if hasattr(os, "eventfd"):
        os.close(used("eventfd", os.eventfd, 1))
    os.close(used("pidfd_open", os.pidfd_open, os.getpid()) or os.dup(0))
    os.mkfifo("fifo")
    os.closerange(one, two + 1)
    import fcntl
    import subprocess
    import threading
    import time

    if fcntl.fcntl(1, fcntl.F_GETFD) not in (0, fcntl.FD_CLOEXEC):
        print("fcntl gave something else")
    # A semaphore that waits by the clock that nobody sets.
    start = time.monotonic()
    if threading.Lock().acquire(timeout=0) is not True:
        print("a lock cannot be taken")
    lock = threading.Lock()
    lock.acquire()
    if lock.acquire(timeout=0.2) or not 0.15 < time.monotonic() - start < 60:
        print("a lock waited", time.monotonic() - start)
    # By posix_spawn where it closes what shall not be inherited.
    read, write = os.pipe()
    os.set_inheritable(write, True)
    listed = subprocess.run(["/bin/ls", "/proc/self/fd"], capture_output=True, text=True).stdout.split()
    if str(write) in listed:
        print("a child inherited", write, "among", *listed)
    if hasattr(os, "POSIX_SPAWN_CLOSEFROM"):
        pid = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", f"! [ -e /proc/self/fd/{write} ]"],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_CLOSEFROM, 3)],
        )
        if os.waitpid(pid, 0)[1]:
            print("posix_spawn left a descriptor open")
    import pty

    if pty.spawn(["/bin/true"]):
        print("a child in a terminal failed")


use() if sys.argv[1:] == ["use"] else names()
