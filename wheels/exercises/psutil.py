import os

import psutil

me = psutil.Process()
assert me.pid == os.getpid() and me.memory_info().rss > 1 << 20
assert psutil.virtual_memory().total > 1 << 26
assert any("python" in part for part in me.cmdline())
assert psutil.cpu_count() >= 1 and len(me.threads()) >= 1
