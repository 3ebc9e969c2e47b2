"""Words of a command line as the shell of this system takes them."""

from __future__ import annotations

import os
import shlex
import subprocess


def quote(word: str) -> str:
    """A word in quotation marks where it needs them: double ones on Windows, whose paths have backslashes."""
    return subprocess.list2cmdline([word]) if os.name == "nt" else shlex.quote(word)
