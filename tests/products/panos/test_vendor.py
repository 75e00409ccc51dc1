# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pan-os-python, the vendor's own client, against the twin: it makes, reads, changes and deletes what our module uses, and reads what that wrote."""
from __future__ import annotations

import pytest

firewall = pytest.importorskip("panos.firewall", reason="pan-os-python is not installed")
from panos.errors import PanCommitFailed, PanDeviceXapiError, PanInvalidCredentials, PanLockError  # noqa: E402
from panos.objects import CustomUrlCategory, ServiceObject  # noqa: E402
from panos.panorama import DeviceGroup, Panorama  # noqa: E402
from panos.policies import DecryptionRule, PreRulebase, Rulebase, SecurityRule  # noqa: E402

from tests.contract.rig import MEMBER, STRANGER  # noqa: E402
from tests.products.panos.rig import PanosRig  # noqa: E402
from tests.products.panos.twin import Panos  # noqa: E402


@pytest.fixture
def twin():
    with Panos(tls=True, release=(10, 2, 8)) as running:
        yield running


def login(twin, name="alice"):
    return firewall.Firewall("127.0.0.1", name, twin.admins[name], port=twin.port)


@pytest.fixture
def device(twin):
    return login(twin)


def decryption(name, **fields):
    return DecryptionRule(name, fromzone=["trust"], tozone=["untrust"], source=["any"], source_addresses=["any"], **fields)


def test_system_info(device):
    assert device.refresh_system_info().version == "10.2.8"


def test_wrong_password_is_told_as_such(twin):
    twin.knobs.forbidden_status = 200
    with pytest.raises(PanInvalidCredentials):
        firewall.Firewall("127.0.0.1", "alice", "wrong", port=twin.port).refresh_system_info()


def test_category_create_read_change_delete(twin, device):
    category = device.add(CustomUrlCategory("chatgpt", url_value=["chatgpt.com/", "*.chatgpt.com/"], type="URL List"))
    category.create()
    assert {c.name for c in CustomUrlCategory.refreshall(login(twin))} == {"AI sites", "chatgpt"}
    category.url_value = ["chatgpt.com/"]
    category.apply()
    category.url_value = ["openai.com/"]
    category.update("url_value")
    read = login(twin).add(CustomUrlCategory("chatgpt"))
    read.refresh()
    assert read.url_value == ["openai.com/"]
    category.delete()
    assert [c.name for c in CustomUrlCategory.refreshall(login(twin))] == ["AI sites"]
    assert twin.ops


def test_rules_made_moved_committed_and_in_force(twin, device):
    device.add(CustomUrlCategory("chatgpt", url_value=["chatgpt.com/"], type="URL List")).create()
    base = device.add(Rulebase())
    rule = base.add(SecurityRule("Allow ChatGPT", fromzone=["trust"], tozone=["untrust"], source=["any"], source_user=["example\\ai-users"],
                                 destination=["any"], application=["any"], service=["service-https"], category=["chatgpt"], action="allow", log_end=True))
    rule.create()
    rule.move("before", "Block AI")
    assert twin.decide("member", "chatgpt.com")[0] == "block", "nothing is in force before the commit"
    result = device.commit(sync=True)
    assert result["success"] and twin.decide("member", "chatgpt.com")[0] == "allow" and twin.decide("stranger", "chatgpt.com")[0] == "block"
    names = [found.name for found in SecurityRule.refreshall(login(twin).add(Rulebase()))]
    assert names.index("Allow ChatGPT") < names.index("Block AI")
    rule.disabled = True
    rule.apply()
    rule.delete()
    assert device.pending_changes()


def test_a_failing_commit_is_told_with_its_lines(twin, device):
    twin.fail_next_commit = ["no license"]
    device.add(CustomUrlCategory("chatgpt", url_value=["chatgpt.com/"], type="URL List")).create()
    assert "no license" in str(device.commit(sync=True)["messages"])
    twin.fail_next_commit = ["no license"]
    with pytest.raises(PanCommitFailed):
        device.commit(sync=True, exception=True)


def test_locks(twin, device):
    assert device.add_config_lock(comment="window 42", scope="vsys1")
    other = login(twin, "netaccess")
    with pytest.raises(PanLockError):
        other.add_config_lock(scope="vsys1")
    assert device.remove_config_lock(scope="vsys1") and twin.locks == {}


def test_groups_of_users(device):
    assert set(device.userid.get_groups()) == {"example\\ai-users", "example\\staff"}
    with pytest.raises(PanDeviceXapiError, match="a kind of groups"):
        device.userid.get_groups("dynamic")


def test_revert_to_running(twin, device):
    site = twin.snapshot()
    device.add(CustomUrlCategory("chatgpt", url_value=["chatgpt.com/"], type="URL List")).create()
    device.revert_to_running_configuration()
    assert twin.snapshot() == site


def test_it_reads_what_our_module_wrote(tmp_path):
    rig = PanosRig(tmp_path, tls=True)
    with rig.twin:
        rig.run()
        category = login(rig.twin).add(CustomUrlCategory("chatgpt-allow"))
        category.refresh()
        assert set(category.url_value) == {"chatgpt.com/", "*.chatgpt.com/", "*.openai.com/", "js.stripe.com/"}
        base = login(rig.twin).add(Rulebase())
        rule = next(found for found in SecurityRule.refreshall(base) if found.name == "chatgpt-allow")
        assert (rule.fromzone, rule.source_user, rule.service, rule.category, rule.action, rule.log_end) == (
            ["trust"], ["example\\ai-users"], ["service-https"], ["chatgpt-allow"], "allow", True)
        spare = next(found for found in DecryptionRule.refreshall(base) if found.name == "chatgpt-no-decrypt")
        assert (spare.url_categories, spare.action, spare.decryption_profile) == (["chatgpt-exempt"], "no-decrypt", "Standard")
        assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and rig.decide(STRANGER, "chatgpt.com")[0] == "block"


def test_panorama_device_group_commit_and_push():
    with Panos(tls=True, release=(11, 1, 4), groups={"Branches": ("shared", ["015300000001"])}) as twin:
        panorama = Panorama("127.0.0.1", "alice", twin.admins["alice"], port=twin.port)
        group = panorama.add(DeviceGroup("Branches"))
        group.add(ServiceObject("voice", protocol="udp", destination_port="3478")).create()
        base = group.add(PreRulebase())
        base.add(SecurityRule("Voice", fromzone=["trust"], tozone=["untrust"], source=["any"], destination=["203.0.113.0/28"], application=["any"],
                              service=["voice"], action="allow")).create()
        assert panorama.commit(sync=True)["success"]
        done = panorama.commit_all(sync=True, sync_all=False, devicegroup="Branches")
        assert done["success"]
        assert twin.pushed["015300000001"].find(".//service/entry[@name='voice']") is not None
