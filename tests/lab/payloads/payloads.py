# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback plugin that keeps the payloads of modules from one run of the tests' playbooks to the next.

Each run reads what a module imports, file by file, before it packs the module: a sixth of the processor time of a run. The payloads are kept under a
digest of our plugins and of the manifests of other collections, so none is ever out of date.
"""
from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__

DOCUMENTATION = """
name: payloads
type: aggregate
short_description: Keeps payloads of modules
description: Keeps payloads of modules, for tests.
"""
FOLDER = Path(__file__).resolve().parents[3] / ".build" / "compiled"
#: More than runs with different plugins, Python or Ansible at one time.
KEPT = 20


def digest() -> str:
    """Of all that the payloads are made from."""
    found = hashlib.sha256(("%s %s" % (__version__, sys.version)).encode())
    for root in constants.COLLECTIONS_PATHS:
        collections = Path(root) / "ansible_collections"
        for path in sorted([*(collections / "netaccess" / "chatgpt" / "plugins").rglob("*.py"), *collections.glob("*/*/MANIFEST.json")]):
            found.update(b"%s\0%s\0" % (str(path).encode(), path.read_bytes()))
    return found.hexdigest()[:16]


class CallbackModule(CallbackBase):
    """Puts the kept folder where Ansible looks for payloads that it has packed in this run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "payloads"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook):
        kept = FOLDER / ("payloads-" + digest())
        try:
            kept.mkdir(parents=True, exist_ok=True)
            for old in sorted(FOLDER.glob("payloads-*"), key=os.path.getmtime)[:-KEPT]:
                shutil.rmtree(old)
            os.symlink(kept, os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))
        except OSError:
            # Who may not write there, as the user nobody in some tests, packs each time.
            pass
