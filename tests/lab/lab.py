# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole lab: internet, Squid, hosts behind it, a control host outside, and the Ansible inventory for them. Loopback, no root needed."""
from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from tests.lab.squid import Squid, squid_program

ROOT = Path(__file__).resolve().parent.parent.parent
CATALOGUE = ROOT / "plugins" / "plugin_utils" / "catalog" / "chatgpt.yml"
EXTRA_HOSTS = ["www.example.com", "x.other-ai.example"]
# What these hosts set in the lab; a site has no such knowledge of the real ones.
OVERLAY = {"entries": [
    {"id": name, "probes": [{"id": probe, "host": host, "path": path, "kind": "https", "cost": "quick", "expect": {"set_cookie": ["__cf_bm"]}}]}
    for name, probe, host, path in (("turnstile", "turnstile", "challenges.cloudflare.com", "/turnstile/v0/api.js"),
                                    ("stripe_js", "stripe_js", "js.stripe.com", "/v3/"))
]}


def hosts() -> list:
    """Every host that the shipped catalogue probes, as data: the lab does not run the collection's code."""
    data = yaml.safe_load(CATALOGUE.read_text())
    probed = [p["host"] for section in ("entries", "extras") for entry in data[section] for p in entry["probes"]]
    others = [point["host"] for section in ("negative", "control") for point in data[section]]
    return sorted(set(probed + others + EXTRA_HOSTS))


class Internet:
    """The internet's process. ``origin`` and ``provider`` are its ports, ``public`` the public root (PEM)."""

    def __init__(self, folder: Path, names: list | None = None):
        self.folder, self._names = Path(folder), names or hosts()
        self._process = None

    def __enter__(self) -> Internet:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen([sys.executable, "-m", "tests.lab.internet", str(self.folder), *self._names], stdin=subprocess.PIPE, cwd=ROOT)
        deadline = time.monotonic() + 20
        ready = self.folder / "ports.json"
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError("the lab's internet did not start")
            time.sleep(0.02)
        ports = json.loads(ready.read_text())
        self.origin, self.provider, self.public = ports["origin"], ports["provider"], self.folder / "public.pem"
        return self

    def __exit__(self, *_exc) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Lab:
    """Everything up on entry, everything gone on exit. ``folder`` is made when it is not given, and then removed."""

    def __init__(self, folder: Path | None = None, **squid_options):
        self._own = folder is None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="netaccess-lab-"))
        self._squid_options = squid_options

    def __enter__(self) -> Lab:
        self.folder.mkdir(parents=True, exist_ok=True)
        # Squid gives up root and has to get in.
        self.folder.chmod(0o755)
        self.internet = Internet(self.folder / "internet")
        self.internet.__enter__()
        try:
            self.squid = Squid(self.folder / "squid", self.internet.provider, self.internet.public, **self._squid_options).start()
            self.inventory = self.folder / "inventory.yml"
            self.inventory.write_text(yaml.safe_dump(self._inventory(), sort_keys=False))
        except BaseException:
            self.internet.__exit__()
            raise
        return self

    def __exit__(self, *_exc) -> None:
        self.squid.stop()
        self.internet.__exit__()
        if self._own:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _inventory(self) -> dict:
        overlay = self.folder / "overlay.yml"
        overlay.write_text(yaml.safe_dump(OVERLAY))
        squid, proxy = self.squid, "http://127.0.0.1:%d" % self.squid.port
        behind = {"verify_proxy": proxy}
        return {"all": {
            "vars": {
                "ansible_connection": "ansible.builtin.local",
                "ansible_python_interpreter": sys.executable,
                "verify_ca_path": str(self.internet.public),
                "verify_probes": "{{ lookup('netaccess.chatgpt.endpoints', overlays=['%s']) }}" % overlay,
            },
            "children": {
                "netaccess_devices": {"hosts": {"proxy1": {
                    "access_product": "squid",
                    "access_audience": {"networks": ["127.0.0.2", "127.0.0.3"]},
                    "access_comment": "lab",
                    "access_journal": str(self.folder / "journals"),
                    "access_squid_config_file": str(squid.config),
                    "access_squid_drop_in": str(squid.drop_in),
                    "access_squid_list_dir": str(squid.list_dir),
                    "access_squid_program": squid_program(),
                    "access_squid_service_name": squid.name,
                }}},
                "netaccess_vantages": {"hosts": {
                    "branch1": dict(behind, verify_source_address="127.0.0.2"),
                    "branch2": dict(behind, verify_source_address="127.0.0.3"),
                    "stranger": dict(behind, verify_source_address="127.0.0.4", verify_expect="unchanged"),
                    "outside": {"verify_proxy": "http://127.0.0.1:%d" % self.internet.provider},
                }},
            },
        }}
