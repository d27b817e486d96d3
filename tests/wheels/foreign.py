#!/usr/bin/env python3
"""Damages small wheels for macOS, Windows and Linux in many ways, and asks `solder check` each time:
exactly the rules named must be broken.

    foreign.py SOLDER [NAME ...]

Files are made by clang and lld, some with bytes changed afterwards. Ends with "N passed, N failed".
"""

import sys

import foreign_frame
import foreign_claims  # noqa: F401
import foreign_macho  # noqa: F401
import foreign_others  # noqa: F401

sys.exit(foreign_frame.main())
