"""Damages ELF files in place: 64 bits, little-endian, as the trees of check-dist are."""

import struct

PT_NULL, PT_LOAD, PT_DYNAMIC = 0, 1, 2
PT_GNU_STACK, PT_GNU_RELRO = 0x6474E551, 0x6474E552
PF_X, PF_W = 1, 2
DT_FLAGS, DT_FLAGS_1, DT_BIND_NOW = 30, 0x6FFFFFFB, 24
DF_TEXTREL, DF_BIND_NOW, DF_1_NOW = 4, 8, 1


class Elf:
    """Reads the file; save() writes it back."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as f:
            self.data = bytearray(f.read())
        assert self.data[:6] == b"\x7fELF\x02\x01", path
        self.phoff = struct.unpack_from("<Q", self.data, 32)[0]
        self.phnum = struct.unpack_from("<H", self.data, 56)[0]

    def save(self):
        with open(self.path, "wb") as f:
            f.write(self.data)

    def segments(self, kind):
        """Where the program headers of this type are."""
        found = []
        for i in range(self.phnum):
            at = self.phoff + 56 * i
            if struct.unpack_from("<I", self.data, at)[0] == kind:
                found.append(at)
        assert found, f"{self.path} has no segment of type {kind:#x}"
        return found

    def set_segment_type(self, kind, new):
        for at in self.segments(kind):
            struct.pack_into("<I", self.data, at, new)

    def add_segment_flags(self, kind, flags, having=0):
        for at in self.segments(kind):
            old = struct.unpack_from("<I", self.data, at + 4)[0]
            if old & having == having:
                struct.pack_into("<I", self.data, at + 4, old | flags)

    def dynamic(self):
        """Yields (offset, tag, value)."""
        at = struct.unpack_from("<Q", self.data, self.segments(PT_DYNAMIC)[0] + 8)[0]
        while True:
            tag, value = struct.unpack_from("<QQ", self.data, at)
            if not tag:
                return
            yield at, tag, value
            at += 16

    def change_dynamic(self, change):
        """change(tag, value) gives a new pair, or None for no change."""
        changed = 0
        for at, tag, value in list(self.dynamic()):
            new = change(tag, value)
            if new is not None and new != (tag, value):
                struct.pack_into("<QQ", self.data, at, *new)
                changed += 1
        assert changed, f"nothing to change in {self.path}"

    def set_machine(self, machine):
        struct.pack_into("<H", self.data, 18, machine)

    def replace(self, old, new):
        assert len(old) == len(new) and old in self.data, f"{old!r} is not in {self.path}"
        self.data = self.data.replace(old, new)
