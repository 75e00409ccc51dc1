# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import collapse
from tests.bench.products import ROW, Meter, ours, policies
from tests.lab.lab import ROOT
from tests.products.fortios.rig import FortiosRig


def main() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder:
            rig = FortiosRig(Path(folder))
            with rig.twin:
                def is_write(request):
                    return request.method != "GET" and "/cmdb/" in request.path
                ours("FortiOS, " + label, rig, policy, Meter(rig.twin, is_write))
        fortios_playbooks("FortiOS as playbooks, " + label, policy)


def fortios_playbooks(name: str, policy) -> None:
    """Ours and the vendor's modules, both by ansible-playbook over HTTPS: the list alone, and the same objects as ours, in one task for each wildcard
    FQDN and one each for the list, the group and the two profiles that refer to these."""
    if not (ROOT / ".build" / "peers" / "stamp").exists():
        print(ROW % (name, "fortinet.fortios is not there", ""))
        return
    rows = sorted({entry for pattern in policy.allow for entry in FortiosRig.natives(None, str(pattern))})
    exempt = sorted({entry for pattern in collapse(policy.exempt) for entry in FortiosRig.natives(None, str(pattern))})
    entries = [{"id": number, "url": url, "type": "wildcard", "action": "exempt", "exempt": "fortiguard", "status": "enable"}
               for number, url in enumerate(rows, 1)]

    def task(module, body, **more):
        return dict({"fortinet.fortios.fortios_" + module: dict({"access_token": "{{ token }}", "vdom": "root", "state": "present"}, **{module: body})}, **more)
    bulk = [task("webfilter_urlfilter", {"id": 9, "name": "chatgpt", "entries": entries})]
    rest = [
        task("firewall_wildcard_fqdn_custom", {"name": "{{ item | replace('*', 'any') }}", "wildcard_fqdn": "{{ item }}"}, loop=exempt),
        task("firewall_wildcard_fqdn_group", {"name": "chatgpt", "member": [{"name": url.replace("*", "any")} for url in exempt]}),
        task("firewall_ssl_ssh_profile", {"name": "deep-members", "ssl_exempt": [{"id": 1, "type": "wildcard-fqdn", "wildcard_fqdn": "chatgpt"}]}),
        task("webfilter_profile", {"name": "members", "web": {"urlfilter_table": 9}}),
    ]
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        play = {"ours": [{"netaccess.chatgpt.fortios_access": {
            "host": "127.0.0.1", "port": "{{ port }}", "access_token": "{{ token }}", "validate_certs": False, "config": policy.to_config(),
            "audience": {"policies": ["members"]}, "journal": str(folder / "journals")}, "vars": {"ansible_connection": "local"}}],
            "fortinet.fortios, the list alone": bulk,
            "fortinet.fortios, the same objects": bulk + rest}
        ours_took: dict = {}
        for which, tasks in play.items():
            rig = FortiosRig(folder, tls=True)
            with rig.twin:
                meter = Meter(rig.twin, lambda request: request.method != "GET" and "/cmdb/" in request.path)
                path = folder / "play.yml"
                path.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
                count = 4 + len(exempt) if "same" in which else 1
                for word, flags in (("check mode", ["--check"]), ("converge", []), ("re-run", [])):
                    shown, seconds = meter.run(lambda flags=flags: ansible(path, rig.twin, flags), count)
                    took = ours_took.setdefault(word, seconds)
                    print(ROW % ("%s: %s, %s" % (name, which, word), shown, "" if which == "ours" else "ours takes %.1f of its time" % (took / seconds)))


def ansible(play: Path, twin, flags: list) -> None:
    variables = {"ansible_connection": "httpapi", "ansible_network_os": "fortinet.fortios.fortios", "ansible_host": "127.0.0.1",
                 "ansible_httpapi_port": twin.port, "ansible_httpapi_use_ssl": True, "ansible_httpapi_validate_certs": False,
                 "ansible_python_interpreter": sys.executable, "token": twin.token, "port": twin.port}
    paths = "%s:%s" % (ROOT / ".build" / "collections", ROOT / ".build" / "peers")
    subprocess.run([str(Path(sys.executable).parent / "ansible-playbook"), "-i", "fgt,", str(play), "-e", json.dumps(variables), *flags],
                   env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=paths), capture_output=True, check=True)
