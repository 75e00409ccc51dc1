# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make lab``: a site to try the playbooks on. A real Squid and a simulated FortiGate stay up until Ctrl-C, with the starter inventory filled in for them.

``.build/lab`` gets what ``new_site`` writes for these products (``inventory/``, ``change.yml``) with the values of the lab in place of the placeholders, and
``inventory/lab.yml`` with what only a lab needs. Everything but the processes stays there afterwards.
"""
from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import signal
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import tests.conftest  # pylint: disable=unused-import  # puts the collection on the path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.placeholders import MARK
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.site import starter
from tests.lab.device import devices
from tests.lab.gateway import Gateway
from tests.lab.lab import OVERLAY, ROOT, SERVICE, SOURCES, Internet
from tests.lab.pki import Authority
from tests.lab.squid import Squid, available
from tests.lab.twinlab import PEOPLE, variables_of

PRODUCTS = ("squid", "fortios")
FOLDER = ROOT / ".build" / "lab"
#: The hosts that the starter inventory has behind each device, and the addresses that they connect from.
MEMBER, OTHER = SOURCES["branch1"], SOURCES["stranger"]


def filled(text: str, values: dict) -> str:
    """A text of the starter inventory with a value for each placeholder, known by its example. :raises LookupError: for one without a value."""
    for example, value in values.items():
        text = text.replace("%s, such as %s" % (MARK, example), value)
    left = [line.strip() for line in text.splitlines() if "%s, such as" % MARK in line]
    if left:
        raise LookupError("the lab has no value for: %s" % "; ".join(left))
    return text


class Site:
    """Everything up on entry, and every process gone on exit. ``folder``: where the inventory goes; it is emptied first."""

    def __init__(self, folder: Path = FOLDER):
        self.folder, self.inventory = Path(folder), Path(folder) / "inventory"
        self._up = contextlib.ExitStack()

    def __enter__(self) -> Site:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.inventory.mkdir(parents=True)
        with contextlib.ExitStack() as up:
            # Squid gives up root and has to get in, which a checkout below a home may not allow.
            private = Path(tempfile.mkdtemp(prefix="netaccess-lab-"))
            up.callback(shutil.rmtree, private, ignore_errors=True)
            private.chmod(0o755)
            self.internet = up.enter_context(Internet(private / "internet"))
            self.squid = up.enter_context(Squid(private / "squid", self.internet.provider, self.internet.public))
            known = devices()["fortios"]
            self.twin = up.enter_context(known.make())
            self.gateway = up.enter_context(Gateway(
                private / "gateway", lambda source, name, port: self.twin.decide(PEOPLE[source], name, port), self.internet.provider,
                self.internet.public, Authority("Example Inspection CA", "Example Company"), known.page))
            self._write(private)
            self._up = up.pop_all()
        return self

    def __exit__(self, *exc) -> None:
        self._up.__exit__(*exc)

    def _write(self, private: Path) -> None:
        """The files of the starter, with an ``ansible.cfg`` that also finds the collection of this checkout, and ``inventory/lab.yml``."""
        now = datetime.now(timezone.utc)
        values = {
            "http://proxy1.example.com:3128": "http://127.0.0.1:%d" % self.squid.port, "192.0.2.0/24": MEMBER, "Staff to Internet": "members",
            "CHG0012345": "CHG0012345", "Europe/Berlin": "UTC",
            "2026-11-24T22:00": "%s" % now.strftime("%Y-%m-%dT%H:%M"), "2026-11-25T04:00": (now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
            **{name: "127.0.0.1" for name in ("proxy1.example.com", "fgt-a.example.com", "probe.example.net")},
            **{"%s1-%s.example.com" % (product, kind): "127.0.0.1" for product in PRODUCTS for kind in ("member", "other")},
        }
        for path, text in {**{"inventory/" + name: text for name, text in starter.texts(PRODUCTS).items()}, starter.CHANGE: starter.change()}.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(filled(text, values), encoding="utf-8")
        (private / "service.json").write_text(json.dumps(SERVICE))
        (self.inventory / "lab.yml").write_text("# What only the lab needs: every host is this machine.\n---\n" + yaml.safe_dump(
            {"all": {"vars": {"netaccess_status_path": str(private / "service.json")}, "hosts": self._hosts(private)}}, sort_keys=False), encoding="utf-8")
        (self.folder / "ansible.cfg").write_text("%scollections_path = %s\n" % (starter.config(), ROOT / ".build" / "collections"), encoding="utf-8")

    def _hosts(self, private: Path) -> dict:
        """The variables of each host that differ from the starter's."""
        overlay = private / "overlay.yml"
        overlay.write_text(yaml.safe_dump(OVERLAY))
        here = {"ansible_connection": "ansible.builtin.local", "ansible_python_interpreter": self._interpreter(private)}
        probing = dict(here, verify_ca_path=str(self.internet.public), verify_wait=0,
                       verify_probes="{{ lookup('netaccess.chatgpt.endpoints', overlays=['%s'], udp=false) }}" % overlay)
        squid = dict(here, access_journal=str(self.folder / "journals"), access_squid_config_file=str(self.squid.config),
                     access_squid_drop_in=str(self.squid.drop_in), access_squid_list_dir=str(self.squid.list_dir),
                     access_squid_program=self.squid.program, access_squid_service_name=self.squid.name)
        twin = variables_of("fortios", self.twin, private)
        twin["vault_fortios_access_token"] = twin.pop("access_fortios_access_token")
        fortios = dict({name: value for name, value in twin.items() if name not in ("access_product", "access_audience")},
                       access_journal=str(self.folder / "journals"))
        through = {"verify_proxy": "http://127.0.0.1:%d" % self.gateway.port}
        return {
            "squid1": squid, "fortios1": fortios,
            "squid1-member": dict(probing, verify_source_address=MEMBER), "squid1-other": dict(probing, verify_source_address=OTHER),
            "fortios1-member": dict(probing, **through, verify_source_address=MEMBER),
            "fortios1-other": dict(probing, **through, verify_source_address=OTHER),
            "outside": dict(probing, verify_proxy="http://127.0.0.1:%d" % self.internet.provider),
        }

    def _interpreter(self, private: Path) -> str:
        """A Python whose trusted CAs are the inspection CAs, as on the hosts of a company."""
        self.trust, path = private / "trust.pem", private / "python"
        self.trust.write_bytes((self.squid.folder / "inspection-root.pem").read_bytes() + Path(self.gateway.root).read_bytes())
        path.write_text("#!/bin/sh\nSSL_CERT_FILE='%s' exec '%s' \"$@\"\n" % (self.trust, sys.executable))
        path.chmod(0o755)
        return str(path)


def main() -> int:
    if available():
        print("The lab needs a real Squid: %s (Debian: apt-get install squid-openssl)." % available())
        return 1
    # Ctrl-C and a service manager stop it alike, also where a shell started it in the background, which ignores Ctrl-C; and nothing stays behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), Site() as site:
        print(guide(site.folder, site.squid.release.version()), flush=True)
        signal.pause()
    print("The lab is stopped. What it wrote is in %s" % FOLDER)
    return 0


def guide(folder: Path, squid: str) -> str:
    """What to type in another terminal, as a shell takes it, wherever the checkout is."""
    return GUIDE.format(folder=shlex.quote(str(folder)), bin=shlex.quote(str(Path(sys.executable).parent)), squid=squid)


GUIDE = """\
The lab is up: Squid {squid} (squid1) and a FortiGate simulator (fortios1). Both block AI hosts and decrypt everything.
Behind each is a host in the audience (NAME-member) and one outside it (NAME-other); "outside" is behind none.

In another terminal:

  cd {folder}
  export PATH={bin}:$PATH
  ansible-playbook -i inventory netaccess.chatgpt.site -e @change.yml --check --diff   # the plan
  ansible-playbook -i inventory netaccess.chatgpt.site -e @change.yml                  # the change; its report is report/report.html
  ansible-playbook -i inventory netaccess.chatgpt.audit -e audit_dest=audit            # drift and proof

Add -l squid1 or -l fortios1 to any of them for one device. The inventory is what new_site writes, filled in; inventory/lab.yml has what only the lab needs.
Ctrl-C stops the lab."""


if __name__ == "__main__":
    sys.exit(main())
