# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What test processes compile once: never another text than the one that was asked for."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "lab" / "compiled"
PROGRAM = """
import builtins
for text in (b"found = 1", b"found = 2", b"found = 1"):
    space = {}
    exec(compile(text, "/tmp/one.zip/ansible/test_of_the_cache.py", "exec", dont_inherit=True), space)
    print(space["found"], end=" ")
print(builtins.compile.__name__)
"""


def test_a_text_that_changed_is_compiled_anew():
    kept = dict(os.environ, PYTHONPATH=str(FOLDER))
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    for _again in range(2):
        assert subprocess.run([sys.executable, "-c", PROGRAM], env=kept, capture_output=True, text=True, check=True).stdout.strip() == "1 2 1 compile_once"
