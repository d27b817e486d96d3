# Those of the modules in its arguments that cannot be imported.
import sys
for name in sys.argv[1:]:
    try:
        __import__(name)
    except ImportError:
        print(name)
