"""bz2, lzma and zstd: packing and unpacking in one piece."""

import importlib

from operations import main, text


def both(module, size, *arguments):
    """The operations of a module: what packs, and what unpacks."""

    def pack():
        library, data = importlib.import_module(module), text(size)
        assert library.decompress(library.compress(data, *arguments)) == data
        return lambda: len(library.compress(data, *arguments)) < size // 2

    def unpack():
        library, data = importlib.import_module(module), text(4 * size)
        packed = library.compress(data, *arguments)
        return lambda: len(library.decompress(packed)) == 4 * size

    return pack, unpack


if __name__ == "__main__":
    operations = {}
    for name, module, size in (("bz2", "bz2", 1 << 16), ("lzma", "lzma", 1 << 15), ("zstd", "compression.zstd", 1 << 18)):
        operations[name + "_compress"], operations[name + "_decompress"] = both(module, size)
    main(operations)
