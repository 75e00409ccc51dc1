# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's clients and the twin of Netskope.

The SDK 1.0.3 reads and deletes lists. It creates them in a form, and deploys them by a path, that the vendor's own changelog calls wrong; the twin refuses
both. The command line client 1.5.1 creates and changes lists as the guide has it, and deploys by the same wrong path. It needs other releases of what the
tests use, so that scripts/install-peers puts it into a folder of its own; NETACCESS_NETSKOPE_CLI names another one.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.rig import MEMBER
from tests.products.netskope.rig import LISTS, NetskopeRig
from tests.products.netskope.twin import Netskope

netskope = pytest.importorskip("netskope")
exceptions = pytest.importorskip("netskope.exceptions")
OURS = tuple(name + " by netaccess.chatgpt" for name in LISTS)
CLI = os.environ.get("NETACCESS_NETSKOPE_CLI", str(Path(__file__).resolve().parents[3] / ".build" / "peers" / "netskope"))


@pytest.fixture
def rig(tmp_path):
    made = NetskopeRig(tmp_path)
    with made.twin:
        yield made


@pytest.fixture
def sdk(rig):
    with client_of(rig.twin) as client:
        yield client


def client_of(twin, token: str | None = None):
    """It takes host names of the vendor alone."""
    client = netskope.NetskopeClient(tenant="example.goskope.com", api_token=token or twin.token, max_retries=0)
    client._transport._client.base_url = twin.url
    return client


def rows(client) -> dict:
    """The first page: the client asks for more until one is empty, and the vendor's endpoint knows no pages."""
    return {row.name: row for row in next(iter(client.url_lists.list().pages())).items}


def test_the_sdk_reads_what_the_module_wrote_and_whether_it_is_deployed(rig, sdk):
    rig.run(activate=False)
    held = rows(sdk)
    assert [(held[name].pending, held[name].type, held[name].modify_by) for name in OURS] == [(True, "exact", "Netskope API")] * 2
    rig.run()
    held = rows(sdk)
    assert not any(held[name].pending for name in OURS)
    assert set(held[OURS[0]].urls) == {"chatgpt.com", "*.chatgpt.com", "*.openai.com", "js.stripe.com"}
    assert set(held[OURS[1]].urls) == {"chatgpt.com", "*.chatgpt.com", "*.openai.com"}


@pytest.mark.parametrize("wrapping", ["bare", "data", "urllists"])
def test_the_sdk_reads_each_wrapping_of_the_twin(wrapping):
    with Netskope(wrapping=wrapping) as twin, client_of(twin) as client:
        assert set(rows(client)) == {"Partners", "Malware sites"}


def test_the_module_sees_what_the_sdk_deleted(rig, sdk):
    rig.run()
    sdk.url_lists.delete(rows(sdk)[OURS[0]].id)
    assert rig.run("gathered")["pending"] == "ours" and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    rig.force()
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block" and rig.run(check=True)["changed"]


def test_what_the_changelog_of_the_sdk_calls_wrong_is_refused(rig, sdk):
    with pytest.raises(exceptions.APIError, match="urls must be an array of URLs") as refused:
        sdk.url_lists.create("one", ["a.example"])
    assert refused.value.status_code == 400
    with pytest.raises(exceptions.NotFoundError):
        sdk.url_lists.deploy()


def test_a_wrong_token_and_one_that_only_reads_are_refused_as_the_sdk_expects(rig, sdk):
    with client_of(rig.twin, "wrong") as client, pytest.raises(exceptions.AuthenticationError):
        rows(client)
    rig.twin.privileges = {"/api/v2/policy/urllist": "r"}
    assert rows(sdk)
    with pytest.raises(exceptions.ForbiddenError):
        sdk.url_lists.delete(1)


@pytest.mark.skipif(not (Path(CLI) / "bin" / "netskope").exists(), reason="the command line client is not here: scripts/install-peers")
def test_the_command_line_client_and_the_module_change_each_other_s_lists(tmp_path):
    rig = NetskopeRig(tmp_path)
    rig.twin = Netskope(tls=True, watchful=True)
    ca_path = rig.twin.ca_file(tmp_path)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": CLI, "NETSKOPE_TENANT": "127.0.0.1:%d" % rig.twin.port,
                   "NETSKOPE_API_TOKEN": rig.twin.token, "NETSKOPE_CA_BUNDLE": ca_path, "NETSKOPE_NO_UPDATE_CHECK": "1"}

    def client(*words: str, status: int = 0) -> str:
        done = subprocess.run([sys.executable, str(Path(CLI) / "bin" / "netskope"), "-o", "json", "policy", *words], env=environment, capture_output=True,
                              text=True, timeout=60, check=False)
        assert bool(done.returncode) == bool(status), done.stdout + done.stderr
        return done.stdout if not status else done.stdout + done.stderr

    with rig.twin:
        client("url-list", "create", LISTS[0], "--urls", "foreign.example,*.chatgpt.com")
        number = str(rig.twin.named(LISTS[0])["id"])
        assert "HTTP 404" in client("deploy", "--yes", status=1)
        # It is the token of the module, and a list of its task.
        assert rig.run(adapter=rig.adapter(ca_path=ca_path))["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
        held = json.loads(client("url-list", "get", number))
        assert set(held["data"]["urls"]) == {"foreign.example", "chatgpt.com", "*.chatgpt.com", "*.openai.com", "js.stripe.com"} and held["pending"] == 0
        client("url-list", "update", number, "--urls", "only.example")
        result = rig.run("gathered", adapter=rig.adapter(ca_path=ca_path))
        assert result["pending"] == "ours" and {row["allowed"] for row in result["coverage"]} == {"no"}
