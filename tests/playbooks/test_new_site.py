# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of the playbook new_site, filled in for the lab as an operator fills it in, drives site.yml."""
from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from tests.lab import squid
from tests.lab.lab import Lab
from tests.lab.play import PROGRAM, play
from tests.lab.site import Site, filled, guide
from tests.lab.twinlab import TwinLab

#: How the lab's hosts are called, and how new_site calls them.
HOSTS = {"branch1": "%s1-member", "stranger": "%s1-other"}


def fill_in(folder: Path, product: str, lab) -> None:
    """Give each placeholder the value of the lab, put the secrets where the vault belongs, and beside that what a lab alone needs (lab.yml)."""
    groups = yaml.safe_load(lab.inventory.read_text())["all"]
    device, vantages = groups["children"]["netaccess_devices"]["hosts"]["proxy1"], groups["children"]["netaccess_vantages"]["hosts"]
    # Which of the audience's parts are asked for is up to new_site.
    values = dict(device, **device["access_audience"], ansible_host="127.0.0.1", verify_proxy=vantages["branch1"]["verify_proxy"])
    for path in folder.glob("**/*.yml"):
        text = re.sub(r"^( *)(\w+): (?:\[.*)?'?REPLACE ME.*$", lambda found: "%s%s: %s" % (found[1], found[2], json.dumps(values[found[2]])),
                      path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        path.write_text(text, encoding="utf-8")
    text = (folder / "group_vars" / ("netaccess_" + product) / "main.yml").read_text(encoding="utf-8")
    secrets = {vault: device[name] for name, vault in re.findall(r"^(\w+): \"\{\{ (vault_\w+) \}\}\"$", text, re.MULTILINE)}
    (folder / "group_vars" / ("netaccess_" + product) / "vault.yml").write_text(yaml.safe_dump(secrets))
    hosts = {name % product: {key: value for key, value in vantages[of].items() if key != "netaccess_path"} for of, name in HOSTS.items()}
    # The lab is no fleet: its host outside is behind no name of ours.
    hosts["outside"] = {"verify_source_address": "127.0.0.9"}
    probes = {"verify_probes": groups["vars"]["verify_probes"]}
    (folder / "lab.yml").write_text(yaml.safe_dump({"all": {"vars": groups["vars"], "hosts": dict(
        {name: dict(given, **probes) for name, given in hosts.items()}, **{product + "1": {
            key: value for key, value in device.items() if key not in ("access_audience", "access_comment")}})}}))


def up(product: str):
    return Lab(few=True, vantages=("branch1", "stranger")) if product == "squid" else TwinLab(product, few=True, vantages=("branch1", "stranger"))


def new_site(folder: Path, product: str, lab) -> SimpleNamespace:
    """The lab under a new inventory in ``folder``, which nobody has filled in."""
    done = subprocess.run([PROGRAM, "netaccess.chatgpt.new_site", "-e", "products=%s" % product, "-e", "dest=inventory"], cwd=folder, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and "Wrote inventory/hosts.yml" in done.stdout and "Wrote change.yml" in done.stdout, done.stdout + done.stderr
    return SimpleNamespace(inventory=folder / "inventory", trust=lab.trust)


@pytest.mark.exhaustive
@pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
@pytest.mark.parametrize("product", ["squid", "fortios"])
def test_a_new_inventory_is_refused_until_it_is_filled_in_and_then_drives_a_check_run(product, tmp_path):
    with up(product) as lab:
        site = new_site(tmp_path, product, lab)
        code, said = play(site, "site", tmp_path, "--check")
        assert code != 0 and "still REPLACE ME: " in said and "Nothing was changed" in said
        # Without a gate, each host says it by itself.
        code, said = play(site, "verify", tmp_path)
        assert code != 0 and "%s1-member: not probed: ansible_host is still REPLACE ME: fill it in" % product in said, said
        fill_in(site.inventory, product, lab)
        code, said = play(site, "site", tmp_path, "--check", "--diff")
        assert code == 0 and "%s1: would create " % product in said and "chatgpt.com" in said, said
        assert "WARNING" not in said, said


@pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
@pytest.mark.exhaustive
def test_the_site_of_make_lab_takes_a_change_and_its_rollback(tmp_path, monkeypatch):
    with Site(tmp_path / "lab") as lab:
        # The quick start runs the commands in this folder.
        monkeypatch.setenv("ANSIBLE_CONFIG", str(lab.folder / "ansible.cfg"))
        change = "@%s" % (lab.folder / "change.yml")
        code, out = play(lab, "site", tmp_path, "-e", change, netaccess_report_dir=str(tmp_path / "report"), netaccess_baselines=str(tmp_path / "b.json"))
        assert code == 0 and "Verdict 0: Changed fortios1, squid1, proven by 5 hosts" in out and "WARNING" not in out, out
        # Nobody reads on where each host has lines of its own.
        assert len(out.splitlines()) < 130, out
        code, out = play(lab, "rollback", tmp_path, netaccess_journal=str(lab.folder / "journals"))
        assert code == 0 and out.count("The previous behaviour is restored") == 2, out


def test_the_lab_has_a_value_for_each_placeholder_or_says_which_has_none():
    assert filled("host: REPLACE ME, such as a.example\n# Fill in every placeholder, and go on.", {"a.example": "127.0.0.1"}) == \
        "host: 127.0.0.1\n# Fill in every placeholder, and go on."
    with pytest.raises(LookupError, match="no value for: host: REPLACE ME, such as b.example"):
        filled("host: REPLACE ME, such as b.example", {"a.example": "127.0.0.1"})


def test_the_lab_says_what_to_type_as_a_shell_takes_it():
    words = [shlex.split(line, comments=True) for line in guide(Path("/srv/my lab"), "5.7").splitlines() if line.startswith("  ")]
    assert words[0] == ["cd", "/srv/my lab"] and words[1][0] == "export" and len(words[1]) == 2 and all(one[0] == "ansible-playbook" for one in words[2:])
    assert not any("$PWD" in part for one in words for part in one)
