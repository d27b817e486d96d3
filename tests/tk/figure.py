"""matplotlib draws into a window of Tk, with an image of Pillow's beside: figure.py FILE"""

import subprocess
import sys
import tkinter

import matplotlib
matplotlib.use("TkAgg")
from matplotlib import pyplot
from PIL import Image, ImageTk

figure, axes = pyplot.subplots(figsize=(5, 4))
axes.plot([1, 4, 9, 16, 25], "o-")
axes.set_title("TkAgg")
root = figure.canvas.manager.window
assert isinstance(root, tkinter.Tk), root
label = tkinter.Label(root)
label.picture = ImageTk.PhotoImage(Image.linear_gradient("L").resize((60, 60)), master=root)
label.configure(image=label.picture)
label.pack()
root.deiconify()
figure.canvas.draw()
root.update()
root.after(500, root.quit)
root.mainloop()
with open(sys.argv[1], "wb") as out:
    subprocess.run(["xwd", "-silent", "-id", str(root.winfo_id())], stdout=out, check=True)
assert sum(figure.canvas.buffer_rgba().tobytes()) > 0
