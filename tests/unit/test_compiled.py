# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What test processes compile and pack once: never another text than the one that was asked for."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ansible import constants

from tests.lab.payloads import payloads

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


def test_payloads_are_kept_for_these_plugins_and_collections_alone(tmp_path, monkeypatch):
    ours, other = tmp_path / "real" / "plugins" / "modules", tmp_path / "ansible_collections" / "vendor" / "product"
    for folder in (ours, other, tmp_path / "ansible_collections" / "netaccess"):
        folder.mkdir(parents=True)
    # A checkout is a link, as in the tests.
    (tmp_path / "ansible_collections" / "netaccess" / "chatgpt").symlink_to(tmp_path / "real", target_is_directory=True)
    monkeypatch.setattr(constants, "COLLECTIONS_PATHS", [str(tmp_path)])
    digests = [payloads.digest()]
    for path, text in ((ours / "a.py", "1"), (ours / "a.py", "2"), (ours / "b.py", "2"), (other / "MANIFEST.json", "1"), (other / "MANIFEST.json", "2")):
        path.write_text(text)
        digests.append(payloads.digest())
    assert len(set(digests)) == 6 and payloads.digest() == digests[-1]
