"""pbs.py INDEX DIR: pbs-installer's library downloads and unpacks what the index names."""
import json
import os
import sys

import pbs_installer

with open(sys.argv[1], encoding="utf-8") as f:
    entry = next(iter(json.load(f).values()))
file = sys.argv[2] + ".download"
name = pbs_installer.download((entry["url"], entry["sha256"]), file)
pbs_installer.install_file(file, sys.argv[2], name)
os.unlink(file)
