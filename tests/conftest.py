# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the collection where Python and Ansible look for it: the checkout may lie in any folder."""
from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TREE = ROOT / ".build" / "collections"


def _link_collection() -> None:
    link = TREE / "ansible_collections" / "netaccess" / "chatgpt"
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.resolve() == ROOT:
        return
    # Several processes may begin at once.
    new = link.with_name("chatgpt-%d" % os.getpid())
    new.symlink_to(ROOT, target_is_directory=True)
    new.replace(link)


_link_collection()
os.environ.update(ANSIBLE_COLLECTIONS_PATH=str(TREE), ANSIBLE_CONFIG=str(ROOT / "tests" / "lab" / "ansible.cfg"),
                  PYTHONPATH=str(ROOT / "tests" / "lab" / "compiled"))
# These tests are no job of the collection's, whatever runs them: it would refuse their journals.
for mark in ("GITHUB_ACTIONS", "GITLAB_CI", "AWX_HOST"):
    os.environ.pop(mark, None)
sys.path.insert(0, str(TREE))
sys.path.insert(0, str(ROOT))


@pytest.fixture(autouse=True, scope="session")
def unflushed():
    """No test loses its machine, and each wait for a disk takes milliseconds: a minute in all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        yield


def pytest_collection_modifyitems(items):
    """Texts of sets come in another order in each process, and the processes that share the tests have to call them by the same names."""
    for item in items:
        for value in item.callspec.params.values() if hasattr(item, "callspec") else ():
            if isinstance(value, (set, frozenset)) and len(value) > 1 and str(value) in item.name:
                raise pytest.UsageError("%s has a set in its name: give it a tuple, or an id" % item.nodeid)
