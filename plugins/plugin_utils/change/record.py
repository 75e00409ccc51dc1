# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of a change leave behind without ending it: a recorded failure, a file for the report. Runs on the controller."""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Callable, Mapping

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import write_atomically
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import file_name
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import plain

FAILED, UNREACHABLE = "failed", "unreachable"


def guarded(work: Callable[[], dict]) -> dict:
    """The result of ``work``; an exception becomes a result as well. Nothing may end a run between a write and the verdict, or the verdict would be skipped."""
    try:
        return work()
    except AnsibleConnectionFailure as error:
        return {UNREACHABLE: True, "msg": str(error)}
    except (AnsibleError, OSError) as error:
        return {FAILED: True, "msg": str(error) or type(error).__name__}
    except Exception as error:  # pylint: disable=broad-except
        # The text alone, such as 'int' object is not iterable, does not show that this may be a fault of the collection.
        return {FAILED: True, "msg": "unexpected error (%s: %s); please report it" % (type(error).__name__, error)}


def recorded(result: dict, foreseen: bool = False) -> dict:
    """A result that does not fail its task: ``recorded`` says failed or unreachable. ``outcome`` undoes that.

    ``foreseen``: it is about what a later task will do, so Ansible must not count it as changed; ``would_change`` says it.
    """
    # Ansible takes a traceback, and a return code, for a failure.
    found = {key: value for key, value in result.items() if key not in (FAILED, UNREACHABLE, "exception", "rc")}
    word = next((word for word in (UNREACHABLE, FAILED) if result.get(word)), None)
    found.update({"recorded": word} if word else {})
    return dict(found, changed=False, would_change=bool(result.get("changed"))) if foreseen else found


def outcome(result: dict | None) -> dict:
    """A result as its module returned it; empty where there is none."""
    found = dict(result or {})
    if found.get("recorded"):
        found[found.pop("recorded")] = True
    if "would_change" in found:
        found["changed"] = found.pop("would_change")
    return found


def asked(arguments: Mapping) -> list:
    """The ``arguments`` of ansible-playbook that say how it gets passwords, as words of a command line. They hold no password."""
    switches = (("--ask-vault-pass", "ask_vault_pass"), ("--ask-pass", "ask_pass"), ("--ask-become-pass", "become_ask_pass"))
    words = [option for option, key in switches if arguments.get(key)]
    for option, key in (("--vault-id", "vault_ids"), ("--vault-password-file", "vault_password_files")):
        words += [word for value in arguments.get(key) or () for word in (option, str(value))]
    return words


def write(folder, host: str, end: str, content) -> None:
    """A file of a report about one host, readable by its owner only: JSON, or a text as it is."""
    path = Path(str(folder)).expanduser()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(plain(content), indent=4, sort_keys=True)
    write_atomically(str(path / (file_name(host) + re.sub(r"[^A-Za-z0-9.]+", "-", end))), text)
