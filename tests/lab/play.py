# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the collection's playbooks and its role ``access`` on a lab, as a controller does, and reads what they leave."""
from __future__ import annotations

import configparser
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.site import starter

LAB = Path(__file__).resolve().parent
ROOT = LAB.parents[1]


def program(core: str | None) -> Path:
    """ansible-playbook of the core that the tests run on, or of another ``core`` that scripts/install-core installed."""
    return (ROOT / ".build" / ("core-" + core) / "bin" if core else Path(sys.executable).parent) / "ansible-playbook"


PROGRAM = str(program(os.environ.get("NETACCESS_CORE")))
#: A device or host that nobody reaches; the port refuses at once.
GONE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


@dataclass(frozen=True)
class View:
    """A lab under another inventory; in a test it stands for the lab."""

    inventory: Path
    trust: Path
    squid: object
    folder: Path


def altered(lab, name: str, edit) -> View:
    """The lab with an inventory ``name`` of its own, in which ``edit(devices, vantages)`` changed the host variables."""
    inventory = yaml.safe_load(lab.inventory.read_text())
    groups = inventory["all"]["children"]
    edit(groups["netaccess_devices"]["hosts"], groups["netaccess_vantages"]["hosts"])
    path = lab.inventory.parent / name
    # The order of the devices is that of their batches.
    path.write_text(yaml.safe_dump(inventory, sort_keys=False))
    return View(path, lab.trust, lab.squid, lab.folder)


def settings(folder: Path) -> str:
    """The path of an ansible.cfg in ``folder``: the text that new_site writes, and below it the lab's own settings."""
    own, path = configparser.ConfigParser(), Path(folder) / starter.CONFIG
    own.read(LAB / "ansible.cfg", encoding="utf-8")
    # Ansible takes a folder from where the file is that names it.
    lines = ["%s = %s" % (name, LAB / value if name == "callback_plugins" else value) for name, value in own["defaults"].items()]
    path.write_text(starter.config() + "\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def play(lab, name: str, folder: Path, *flags, **variables) -> tuple:
    """Run a playbook of the collection; audit.yml writes into ``folder``. (exit code, everything that was printed)"""
    return _run(lab, "netaccess.chatgpt." + name, flags, dict({"audit_dest": str(folder)}, **variables))


def access(lab, folder: Path, *flags, **variables) -> dict:
    """Run the role on the lab's device, without what site.yml does around it; its result."""
    book = Path(folder) / "access.yml"
    book.write_text(yaml.safe_dump([{"hosts": "netaccess_devices", "gather_facts": False, "roles": ["netaccess.chatgpt.access"]}]))
    code, out = _run(lab, str(book), flags, dict({"access_report_dir": str(folder)}, **variables))
    assert code == 0, out
    return json.loads((Path(folder) / "proxy1-access.json").read_text())


def _run(lab, book: str, flags, variables: dict) -> tuple:
    # The hosts of a company trust its inspection CA.
    done = subprocess.run([PROGRAM, "-i", str(lab.inventory), book, *flags, "-e", json.dumps(variables)], capture_output=True, text=True, check=False,
                          env=dict(os.environ, ANSIBLE_NOCOLOR="1", SSL_CERT_FILE=str(lab.trust)))
    return done.returncode, done.stdout + done.stderr


def verdict(folder: Path) -> dict:
    return json.loads((folder / "verdict.json").read_text())


def report(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text())


def policy_of(lab) -> str:
    """Digest of every file of the site's and ours that Squid reads."""
    lists = sorted(lab.squid.list_dir.iterdir()) if lab.squid.list_dir.exists() else []
    # What is in force tells of a process, which is another one after each reload.
    paths = [lab.squid.config, lab.squid.drop_in, *(path for path in lists if path.name != "in-force.json")]
    return hashlib.sha256(b"".join(str(path).encode() + path.read_bytes() for path in paths if path.exists())).hexdigest()
