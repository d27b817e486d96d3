# Where a copied interpreter finds itself, a line each: its prefix, the folder of the standard
# library, and the libpython that is mapped.
import os, sys
print(sys.base_prefix)
print(os.path.realpath(os.path.dirname(os.__file__)))
for line in open('/proc/self/maps'):
    path = line.rstrip().split(None, 5)[-1]
    if '/libpython' in path:
        print(path)
        break
