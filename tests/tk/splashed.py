"""What PyInstaller freezes with a splash screen, which stays a while."""

import time

import pyi_splash

pyi_splash.update_text("loading")
time.sleep(4)
pyi_splash.close()
import tkinter

root = tkinter.Tk()
root.title("Frozen")
tkinter.Label(root, text="frozen").pack()
root.update()
root.destroy()
