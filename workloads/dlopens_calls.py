"""The calls of calls.py, after many shared objects have been opened."""

from calls import work

from common import main
from dlopens import OBJECTS, open_many

if __name__ == "__main__":
    if open_many() != OBJECTS:
        raise SystemExit("dlopens: too few objects are open")
    main(work, 15145288)
