# Prints: modules that the two imports read, of these without valid bytecode; files of bytecode in
# the standard library, of these stale; milliseconds that compiling what was imported takes. Bit 0 of
# the flags says that contents count, not times, bit 1 that they are looked at.
import importlib.util, os, sys, time
import json, asyncio
def valid(path):
    try:
        with open(importlib.util.cache_from_source(path), 'rb') as f:
            head = f.read(16)
    except (OSError, NotImplementedError):
        return None
    if head[:4] != importlib.util.MAGIC_NUMBER:
        return False
    flags = int.from_bytes(head[4:8], 'little')
    if sys.version_info >= (3, 7) and flags & 2:
        with open(path, 'rb') as f:
            return head[8:] == importlib.util.source_hash(f.read())
    if sys.version_info >= (3, 7) and flags & 1:
        return True
    start = 8 if sys.version_info >= (3, 7) else 4
    found = os.stat(path)
    wanted = (int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF)
    return wanted == tuple(int.from_bytes(head[i:i + 4], 'little')
                           for i in (start, start + 4))
library = os.path.dirname(os.__file__)
origins = {getattr(getattr(m, '__spec__', None), 'origin', None)
           for m in list(sys.modules.values())}
read = [o for o in origins if o and o.endswith('.py') and o.startswith(library)]
invalid = [o for o in read if not valid(o)]
sources = []
for path in invalid:
    with open(path, 'rb') as f:
        sources.append((f.read(), path))
start = time.process_time()
for source, path in sources:
    compile(source, path, 'exec', dont_inherit=True)
spent = time.process_time() - start
files = stale = 0
for at, folders, names in os.walk(library):
    folders[:] = [d for d in folders if d not in ('site-packages', 'dist-packages')]
    for name in names:
        state = valid(os.path.join(at, name)) if name.endswith('.py') else None
        files += state is not None
        stale += state is False
print(len(read), len(invalid), files, stale, round(spent * 1000))
