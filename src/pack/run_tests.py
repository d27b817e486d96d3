"""Runs CPython's own tests with the interpreter of this archive."""
import os
import sys

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
python = os.path.join(root, 'install', 'bin', 'python3')
os.execv(python, [python, '-m', 'test'] + sys.argv[1:])
