"""splash.py IMAGE: draws a picture into a file. Without an argument, frozen by PyInstaller with that
picture as its splash screen: says whether it is shown, and that Tk works afterwards."""

import struct
import sys
import zlib


def draw(path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((y, 0, 128)) * 200 for y in range(100))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" +
                   chunk(b"IHDR", struct.pack(">IIBBBBB", 200, 100, 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def shown():
    import pyi_splash

    pyi_splash.update_text("loading")
    print("seen: splash=" + ("ok" if pyi_splash.is_alive() else "closed"))
    pyi_splash.close()
    import tkinter

    root = tkinter.Tk()
    root.update()
    root.destroy()
    print("seen: window=ok")


if len(sys.argv) > 1:
    draw(sys.argv[1])
else:
    shown()
