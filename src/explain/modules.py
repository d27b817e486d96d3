# The modules that were imported at start, and what each was read from.
import sys
for name, module in sorted(sys.modules.items()):
    spec = getattr(module, '__spec__', None)
    origin = str(getattr(spec, 'origin', None))
    kind = (origin if origin in ('built-in', 'frozen') else
            'extension' if origin.endswith('.so') else
            'source' if origin.endswith('.py') else 'other')
    print(name + '\t' + kind)
