"""A window with a button, an entry and a canvas: is it drawn, and does it answer?

    window.py [--no-font] [--packed] [FILE]    FILE: the window as X11 has it, for a look
"""

import os
import subprocess
import sys
import tkinter
from tkinter import font, ttk

args = sys.argv[1:]
has_font = "--no-font" not in args
packed = "--packed" in args
args = [a for a in args if not a.startswith("--")]

root = tkinter.Tk()
root.title("A window")
root.geometry("420x320+40+40")
version = root.tk.call("info", "patchlevel")
assert packed or version.startswith("9.0"), version
said = []
text = tkinter.StringVar(value="Grüße, Tcl")
tkinter.Label(root, text="The quick brown fox, äöü, Ελληνικά, Русский").pack()
button = ttk.Button(root, text="Press", command=lambda: said.append("pressed"))
button.pack(pady=4)
entry = tkinter.Entry(root, textvariable=text)
entry.pack(pady=4)
canvas = tkinter.Canvas(root, width=300, height=160, background="white")
canvas.pack()
canvas.create_rectangle(20, 20, 120, 140, fill="#ff0000", outline="")
canvas.create_oval(150, 20, 280, 140, fill="#0000ff", outline="")
canvas.create_text(70, 80, text="canvas", fill="white")
picture = tkinter.PhotoImage(width=16, height=16)
picture.put("#00ff00", to=(0, 0, 16, 16))
canvas.create_image(140, 80, image=picture)
root.update()

# Encodings and messages are read from the folder of scripts; who packs programs may leave some out.
if not packed:
    root.tk.eval("package require msgcat; package require http; encoding convertto cp1252 x")
button.invoke()
entry.focus_force()
entry.insert("end", "!")
root.event_generate("<<Paste>>")
root.update()
assert said == ["pressed"] and text.get() == "Grüße, Tcl!", (said, text.get())
library = os.path.realpath(root.tk.call("info", "library"))
assert os.path.isdir(library), library
if has_font:
    families = font.families(root)
    assert families, "no font"
    # Outlines have any size; the server's own fonts are of bitmaps.
    widths = {size: font.Font(root, family="DejaVu Sans", size=-size).measure("x" * 40)
              for size in (11, 13, 37)}
    assert len(set(widths.values())) == 3 and widths[37] > 2 * widths[13], widths
if args:
    with open(args[0], "wb") as out:
        subprocess.run(["xwd", "-silent", "-id", str(root.winfo_id())], stdout=out, check=True)
root.destroy()
