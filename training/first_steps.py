"""Interpreters start, import what programs import first, and end."""
import subprocess
import sys

STARTS = (
    ["-c", "pass"],
    ["-I", "-S", "-c", "pass"],
    ["-c", "import argparse, collections, dataclasses, functools, json, logging, os, pathlib, re, subprocess, typing"],
    ["-c", "import asyncio, concurrent.futures, email.message, http.client, ssl, urllib.request, unittest"],
    ["-X", "utf8", "-W", "error", "-c", "import sys; print(sys.argv[1:], end='')", "a", "ü"],
)

if __name__ == "__main__":
    said = 0
    for words in STARTS:
        said += len(subprocess.run([sys.executable, *words], capture_output=True, check=True).stdout)
    print(said)
