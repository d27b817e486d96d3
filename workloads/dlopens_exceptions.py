"""The exceptions of exceptions.py, after many shared objects have been opened."""

from exceptions import work

from common import main
from dlopens import OBJECTS, open_many

if __name__ == "__main__":
    if open_many() != OBJECTS:
        raise SystemExit("dlopens: too few objects are open")
    main(work, 3125004)
