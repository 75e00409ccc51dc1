# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks against a real Squid, as an explicit proxy and for intercepted connections over IPv4 and IPv6, and behind the twins."""
from __future__ import annotations

import json

import pytest

from tests.lab import network, squid
from tests.lab.client import direct_in
from tests.lab.demo import NAMES, ByHand, Demo
from tests.lab.device import devices
from tests.lab.lab import Lab
from tests.lab.twinlab import TwinLab

pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
needs_namespaces = pytest.mark.skipif(network.available() is not None, reason=str(network.available()))


@pytest.mark.parametrize("transparent", [False, pytest.param(True, marks=needs_namespaces)], ids=["explicit", "transparent"])
def test_shut_opened_verified_again_and_reverted(transparent, tmp_path):
    # A checkout may lie in any folder.
    results = tmp_path / "a folder"
    results.mkdir()
    with Lab(transparent=transparent) as lab:
        demo = Demo(lab, results)
        demo.open_up()
        demo.again()
        demo.revert()
    assert demo.failed() == []
    assert len(demo.claims) == 16
    seen = {name: json.loads((results / "first" / (name + "-after.json")).read_text())["checks"] for name in NAMES}
    versions = {check["ip_version"] for check in seen["branch1"]}
    assert versions == ({4, 6} if transparent else {None})


@pytest.mark.parametrize("product", list(devices()))
def test_the_same_behind_each_product(product, tmp_path):
    with TwinLab(product, few=True) as lab:
        # The fleet's tests have the preflight of each product.
        demo = (ByHand if lab.person else Demo)(lab, tmp_path, few=True, netaccess_preflight=False)
        demo.run()
    assert demo.failed() == [] and len(demo.claims) == (16 if lab.person else 15)


@needs_namespaces
def test_the_name_of_an_exempt_host_does_not_carry_to_another_address(tmp_path):
    """Intercepted, Squid knows the name from the handshake only: it must not tunnel to an address that the name does not have."""
    with Lab(transparent=True) as lab:
        _apply(lab, tmp_path)
        member, stranger = lab.network.spaces["branch1"], lab.network.spaces["stranger"]
        assert direct_in(member, "chatgpt.com").issuer == "Lab Public Root"
        assert direct_in(stranger, "chatgpt.com").issuer == "Example Inspection CA"
        spoofed = direct_in(member, "www.example.com", sni="chatgpt.com")
        assert not spoofed.open
        assert "forgery" in lab.squid.log()
        assert direct_in(member, "chatgpt.com", path="/", upgrade=True).status == 101
        assert direct_in(member, "www.example.com").issuer == "Example Inspection CA"
        # The other way round: the name decides, and that one is decrypted.
        assert direct_in(member, "chatgpt.com", sni="www.example.com").issuer != "Lab Public Root"


@needs_namespaces
def test_a_squid_with_both_kinds_of_ports_asks_for_both_names_on_the_explicit_one(tmp_path):
    with Lab(transparent=True) as lab:
        _apply(lab, tmp_path)
        member, proxy = lab.network.spaces["branch1"], ["10.10.0.1", lab.squid.port]
        assert direct_in(member, "chatgpt.com", proxy=proxy).issuer == "Lab Public Root"
        assert direct_in(member, "www.example.com", sni="chatgpt.com", proxy=proxy).issuer == "Example Inspection CA"
        assert direct_in(member, "chatgpt.com").issuer == "Lab Public Root"


@needs_namespaces
def test_a_site_that_denies_intercepted_connections_by_address_is_told_so(tmp_path):
    with Lab(transparent=True) as lab:
        result = _apply(lab, tmp_path)
        assert not any("by their address" in line for line in result["manual"])
        site = lab.squid.config.read_text()
        lab.squid.config.write_text(site.replace("http_access allow lan ", "http_access allow lan !CONNECT"))
        lab.squid.reconfigure()
        result = _apply(lab, tmp_path, "--check")
        assert [line for line in result["manual"] if "by their address" in line and "http_access deny all" in line]


@needs_namespaces
def test_a_site_that_authenticates_is_told_that_intercepted_clients_cannot(tmp_path):
    with Lab(transparent=True, auth=True) as lab:
        # No host gets through as it is, so the preflight would stop here.
        result = _apply(lab, tmp_path, "--check", "-e", "netaccess_preflight=false")
        assert [line for line in result["manual"] if "cannot authenticate" in line and "3130" in line]


def _apply(lab, folder, *arguments) -> dict:
    """The role on the proxy alone; its result."""
    demo = Demo(lab, folder)
    code, _seconds, out = demo.play("site", "apply", "--limit", "netaccess_devices", *arguments)
    assert code == 0, out
    return json.loads((folder / "apply" / "proxy1-access.json").read_text())
