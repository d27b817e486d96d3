"""Tk and Qt in one process, each with its own libraries of X11: beside.py tk|qt FILE"""

import subprocess
import sys


def tk():
    import tkinter

    global root
    root = tkinter.Tk()
    root.title("Tk")
    root.geometry("300x200+20+20")
    tkinter.Label(root, text="This is Tk", font=("DejaVu Sans", 20)).pack(expand=True)
    root.update()


def qt():
    from PySide6 import QtWidgets

    global app, label
    app = QtWidgets.QApplication(["beside"])
    assert app.platformName() == "xcb", app.platformName()
    label = QtWidgets.QLabel("This is Qt")
    label.setGeometry(400, 40, 300, 200)
    label.show()
    app.processEvents()


order = [tk, qt] if sys.argv[1] == "tk" else [qt, tk]
for toolkit in order:
    toolkit()
for _ in range(50):
    root.update()
    app.processEvents()
with open("/proc/self/maps") as maps:
    names = {line.split("/")[-1].strip() for line in maps if "/" in line}
assert any(n.startswith("libtcl9tk9.0") for n in names)
assert any(n.startswith("libxcb.so") for n in names), "Qt is without X11"
with open(sys.argv[2], "wb") as out:
    subprocess.run(["xwd", "-root", "-silent"], stdout=out, check=True)
assert root.winfo_viewable() and label.isVisible()
root.destroy()
label.close()
