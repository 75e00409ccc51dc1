# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes and classifier behind a real Squid: who blocks, who decrypts, what is taken out on the way, and when nothing can be said."""
from __future__ import annotations

import datetime
import socket

import pytest
import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import runner, tunnel
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import (
    Selection, endpoint_probes, load,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import classify, signatures
from tests.lab.lab import OVERLAY, Lab
from tests.lab.squid import available

pytestmark = pytest.mark.skipif(available() is not None, reason=str(available()))
TODAY = datetime.date(2026, 11, 23)
# The site itself lets one domain through, decrypted: the half of the job that is often done by hand.
ALLOWED_ONLY = "acl half dstdomain .chatgpt.com\nhttp_access allow lan half"


@pytest.fixture(scope="module")
def lab():
    with Lab(before=ALLOWED_ONLY) as running:
        yield running


@pytest.fixture(scope="module")
def authenticating():
    with Lab(auth=True) as running:
        yield running


def catalogue(tmp_path):
    overlay = tmp_path / "overlay.yml"
    overlay.write_text(yaml.safe_dump(OVERLAY))
    return load([str(overlay)])


def look(lab, tmp_path, user=None, port=None, cost="full") -> dict:
    """Checks by (host, kind), as a host behind this Squid sees them."""
    probes = endpoint_probes(catalogue(tmp_path), Selection(), cost)
    proxy = tunnel.parse_proxy("http://127.0.0.1:%d" % (port or lab.squid.port))
    if user:
        proxy = tunnel.with_credentials(proxy, user, "right")
    settings = runner.Settings(public_roots=lab.internet.public.read_text(), proxy=proxy, source="127.0.0.2")
    seen = runner.run(probes, settings)
    checks = classify.classify(probes, seen["observations"], "2026-11-01", signatures.load(), TODAY)
    return {(check["host"], check["kind"]): check for check in checks}


@pytest.fixture(scope="module")
def distrusting(lab, tmp_path_factory):
    return look(lab, tmp_path_factory.mktemp("look"))


@pytest.fixture(scope="module")
def trusting(lab, tmp_path_factory):
    """The same from a host that has the company's CA in its store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(lab.squid.folder / "inspection-root.pem"))
        return look(lab, tmp_path_factory.mktemp("look"))


def test_a_block_page_inside_tls_is_squid_s(distrusting):
    check = distrusting[("auth.openai.com", "https")]
    assert (check["verdict"], check["state"], check["interception"]) == ("fail", "shut", "intercepted_untrusted")
    assert check["blocked_by"]["product"] == "Squid" and check["blocked_by"]["where"] == "inside TLS" and check["blocked_by"]["status"] == 403
    assert any("x-squid-error" in line.lower() for line in check["blocked_by"]["evidence"])


def test_trust_decides_between_trusted_and_untrusted_interception(distrusting, trusting):
    host = ("example.com", "https")
    assert (distrusting[host]["interception"], trusting[host]["interception"]) == ("intercepted_untrusted", "intercepted_trusted")


def test_a_web_socket_dies_where_the_host_is_allowed_but_decrypted(trusting):
    check = trusting[("ws.chatgpt.com", "websocket")]
    assert check["verdict"] == "fail" and "decrypted" in check["flags"]
    assert check["observations"]["http"]["accepted"] is False
    allowed = trusting[("chatgpt.com", "https")]
    assert allowed["failure"] == "ssl_intercepted" and allowed["blocked_by"] is None


def test_cookies_that_are_taken_out_are_seen(trusting):
    assert trusting[("challenges.cloudflare.com", "https")]["failure"] == "cookie_stripped"


def test_without_credentials_nothing_is_judged_and_with_them_everything(authenticating, tmp_path):
    host = ("example.com", "https")
    check = look(authenticating, tmp_path, cost="quick")[host]
    assert (check["verdict"], check["failure"]) == ("skipped", "proxy_auth_required")
    assert look(authenticating, tmp_path, user="alice", cost="quick")[host]["interception"] == "intercepted_untrusted"


def test_a_proxy_that_is_not_there_is_the_proxy_s_fault(lab, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        check = look(lab, tmp_path, port=taken.getsockname()[1], cost="quick")[("chatgpt.com", "https")]
    assert (check["layer"], check["failure"]) == ("proxy", "proxy_connection_refused")
