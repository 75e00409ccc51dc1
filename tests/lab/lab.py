# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole lab: internet, Squid, hosts behind it, a control host outside, and the Ansible inventory for them. On loopback without root, or in namespaces."""
from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

import yaml

from tests.lab.network import BRANCHES, LAN, LAN6, Namespace, Network
from tests.lab.process import Process, wait_until
from tests.lab.squid import Squid

ROOT = Path(__file__).resolve().parent.parent.parent
CATALOGUE = ROOT / "plugins" / "plugin_utils" / "catalog" / "chatgpt.yml"
SOURCES = {"branch1": "127.0.0.2", "branch2": "127.0.0.3", "stranger": "127.0.0.4"}
VANTAGES = (*SOURCES, "outside")
EXTRA_HOSTS = ["www.example.com", "x.other-ai.example", "canary.example.net"]
# For tests of playbooks, which are not about what a host can see: one of each that decides something.
FEW = ["chatgpt.com", "ab.chatgpt.com", "files.oaiusercontent.com", "js.stripe.com", "challenges.cloudflare.com", "claude.ai", "evilopenai.com",
       "example.com", "www.iana.org"]
SERVICE = {"status": {"indicator": "none"}, "components": [{"id": "1", "name": "ChatGPT", "status": "operational"}], "incidents": []}
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
    """The internet's process. ``origin`` and ``provider`` are its ports, ``public`` the public root (PEM). ``space``: the namespace it lives in."""

    def __init__(self, folder: Path, names: list | None = None, space: Namespace | None = None):
        self.folder, self._names, self._space = Path(folder), names or hosts(), space
        self._process = None

    def __enter__(self) -> Internet:
        self.folder.mkdir(parents=True, exist_ok=True)
        enter, listen = (self._space.enter, ["*", "443"]) if self._space else ([], ["127.0.0.1", "0"])
        self._process = Process([sys.executable, "-m", "tests.lab.internet", str(self.folder), *listen, *self._names], enter, cwd=ROOT, stderr=None)
        ready = self.folder / "ports.json"
        try:
            wait_until(ready.exists, "the lab's internet", lambda: None if self._process.alive() else "see above")
        except BaseException:
            self.__exit__()
            raise
        ports = json.loads(ready.read_text())
        self.origin, self.provider, self.public = ports["origin"], ports["provider"], self.folder / "public.pem"
        return self

    def __exit__(self, *_exc) -> None:
        self._process.stop()


def explicit(proxy: int, provider: int, names: tuple = VANTAGES) -> dict:
    """These vantages on loopback: three are behind the proxy at that port, told apart by their address, and one is outside."""
    url = "http://127.0.0.1:%d" % proxy
    found = {name: {"verify_proxy": url, "verify_source_address": source, "netaccess_path": {"device": "proxy1", "proven_by": {"proxy": url}}}
             for name, source in SOURCES.items()}
    found["outside"] = {"verify_proxy": "http://127.0.0.1:%d" % provider}
    return {name: found[name] for name in names}


def inventory(folder: Path, public: Path, device: dict, vantages: dict, few: bool = False) -> dict:
    """The Ansible inventory of a lab with one device and these vantages. ``few``: only probes of the hosts in FEW."""
    overlay = folder / "overlay.yml"
    overlay.write_text(yaml.safe_dump(OVERLAY))
    (folder / "service.json").write_text(json.dumps(SERVICE))
    if "stranger" in vantages:
        vantages["stranger"]["verify_expect"] = "unchanged"
    chosen = " | selectattr('host', 'in', %s)" % FEW if few else ""
    return {"all": {
        "vars": {
            "ansible_connection": "ansible.builtin.local",
            "ansible_python_interpreter": sys.executable,
            "verify_ca_path": str(public),
            "verify_wait": 0,
            "verify_probes": "{{ lookup('netaccess.chatgpt.endpoints', overlays=['%s'], udp=false)%s }}" % (overlay, chosen),
            "netaccess_status_path": str(folder / "service.json"),
        },
        "children": {
            "netaccess_devices": {"hosts": {"proxy1": dict({"access_comment": "lab", "access_journal": str(folder / "journals")}, **device)}},
            "netaccess_vantages": {"hosts": vantages},
        },
    }}


class Lab:
    """Everything up on entry, everything gone on exit. ``folder`` is made when it is not given, and then removed.

    ``transparent``: hosts in namespaces that know of no proxy, behind a gateway that sends their traffic to Squid; needs root. ``few``: hosts look at little.
    ``vantages``: the hosts, some of VANTAGES where they are not in namespaces; each costs a look in every playbook.
    """

    def __init__(self, folder: Path | None = None, transparent: bool = False, few: bool = False, vantages: tuple = VANTAGES, **squid_options):
        self._own = folder is None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="netaccess-lab-"))
        self._transparent, self._few, self._vantages, self._squid_options = transparent, few, vantages, squid_options
        self._up = contextlib.ExitStack()

    def __enter__(self) -> Lab:
        with contextlib.ExitStack() as up:
            if self._own:
                up.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            # Squid gives up root and has to get in.
            self.folder.chmod(0o755)
            self.network = up.enter_context(Network(self.folder / "network", hosts(), ROOT)) if self._transparent else None
            spaces = self.network.spaces if self.network else {}
            if self._squid_options.get("takes") == "tproxy":
                self.network.divert()
            self.internet = up.enter_context(Internet(self.folder / "internet", space=spaces.get("internet")))
            self.squid = up.enter_context(Squid(
                self.folder / "squid", self.internet.provider, self.internet.public, gateway=spaces.get("gateway"), **self._squid_options))
            self.product, self.trust = "Squid", self.squid.folder / "inspection-root.pem"
            self.inventory = self.folder / "inventory.yml"
            self.inventory.write_text(yaml.safe_dump(self._inventory(), sort_keys=False))
            self._up = up.pop_all()
        return self

    def __exit__(self, *exc) -> None:
        self._up.__exit__(*exc)

    def _inventory(self) -> dict:
        squid = self.squid
        if self.network:
            place = {name: self._interpreter(space) for name, space in self.network.spaces.items()}
            networks = [form % BRANCHES[name] for name in ("branch1", "branch2") for form in (LAN, LAN6)]
            device = place["gateway"]
            # Control hosts stay under inspection, so the name of the CA tells who is on the way.
            behind = {"device": "proxy1", "proven_by": {"issuer": "^Example Inspection CA$"}}
            vantages = {name: dict(place[name], verify_proxy="direct", netaccess_path=behind) for name in BRANCHES}
            vantages["outside"] = dict(place["internet"], verify_proxy="direct")
        else:
            networks, device, vantages = [SOURCES["branch1"], SOURCES["branch2"]], {}, explicit(squid.port, self.internet.provider, self._vantages)
        return inventory(self.folder, self.internet.public, dict(device, **{
            "access_product": "squid",
            "access_audience": {"networks": networks},
            "access_squid_config_file": str(squid.config),
            "access_squid_drop_in": str(squid.drop_in),
            "access_squid_list_dir": str(squid.list_dir),
            "access_squid_program": squid.program,
            "access_squid_service_name": squid.name,
        }), vantages, self._few)

    def _interpreter(self, space: Namespace) -> dict:
        """Host variables that run every module in ``space``."""
        path = self.folder / ("python-%d" % space.pid)
        path.write_text("#!/bin/sh\nexec %s '%s' \"$@\"\n" % (" ".join(space.enter), sys.executable))
        path.chmod(0o755)
        return {"ansible_python_interpreter": str(path)}
