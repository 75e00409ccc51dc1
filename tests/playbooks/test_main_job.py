# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks against a real Squid, as an explicit proxy and for intercepted connections over IPv4 and IPv6, and behind the twins."""
from __future__ import annotations

import json

import pytest

from tests.lab import network, releases, squid
from tests.lab.client import direct_in
from tests.lab.demo import ByHand, Demo, chosen, main
from tests.lab.device import devices
from tests.lab.lab import Lab
from tests.lab.play import access
from tests.lab.twinlab import TwinLab

pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
needs_namespaces = pytest.mark.skipif(network.available() is not None, reason=str(network.available()))


@pytest.fixture(scope="module")
def intercepting():
    """Hosts that know of no proxy. Each test leaves Squid as it found it."""
    with Lab(transparent=True, few=True) as up:
        yield up


@pytest.fixture(scope="module")
def opened(intercepting, tmp_path_factory):
    """What the role said when it opened these hosts, for the last tests in this file that share them."""
    folder = tmp_path_factory.mktemp("opened")
    result = access(intercepting, folder)
    yield result
    access(intercepting, folder, access_state="reverted", access_journal=result["journal"])


def opened_and_reverted(lab, folder, few: bool, again: bool = False) -> set:
    """The IP versions that branch1 used."""
    # A checkout may lie in any folder.
    results = folder / "a folder"
    results.mkdir()
    demo = Demo(lab, results, few=few)
    demo.open_up()
    if again:
        demo.again()
    demo.revert()
    assert demo.failed() == []
    # Three for each branch, nine for all together, and one for the second run.
    assert len(demo.claims) == 9 + again + 3 * sum(name.startswith("branch") for name in demo.names)
    return {check["ip_version"] for check in json.loads((results / "first" / "branch1-after.json").read_text())["checks"]}


@pytest.fixture(params=releases.parameters())
def release(request):
    return releases.usable(request.param)


@pytest.mark.exhaustive
def test_blocked_opened_verified_again_and_reverted(release, tmp_path):
    with Lab(vantages=("branch1", "stranger", "outside"), release=release) as lab:
        assert opened_and_reverted(lab, tmp_path, few=False, again=True) == {None}


@needs_namespaces
def test_the_same_for_intercepted_connections(intercepting, tmp_path):
    assert opened_and_reverted(intercepting, tmp_path, few=True) == {4, 6}


@needs_namespaces
@pytest.mark.exhaustive
def test_the_same_for_intercepted_connections_with_every_probe(tmp_path):
    with Lab(transparent=True) as lab:
        assert opened_and_reverted(lab, tmp_path, few=False) == {4, 6}


@needs_namespaces
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", sorted(releases.others()))
def test_the_same_for_intercepted_connections_on_the_other_releases(name, tmp_path):
    with Lab(transparent=True, few=True, release=releases.usable(releases.named(name))) as lab:
        assert opened_and_reverted(lab, tmp_path, few=True) == {4, 6}


@pytest.mark.exhaustive
def test_the_demo_shows_two_products_unless_it_is_told_and_refuses_names_that_it_does_not_know(capsys):
    assert chosen([]) == ["squid", "fortios"] and chosen(["panos", "squid", "panos"]) == ["panos", "squid"]
    assert chosen(["all"]) == ["squid", *devices()]
    assert main(["squid", "panoss"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("The demo knows no product panoss. It knows: squid, ") and all(name in said for name in devices())


@pytest.mark.exhaustive
def test_a_plan_that_a_person_carries_out_opens(tmp_path):
    with TwinLab("barracuda_wsg", few=True, vantages=("branch1",)) as lab:
        demo = ByHand(lab, tmp_path, few=True, netaccess_preflight=False)
        demo.open_up()
    assert demo.failed() == [] and len(demo.claims) == 8


@pytest.mark.exhaustive
@pytest.mark.parametrize("product", devices())
def test_the_same_behind_each_product(product, tmp_path):
    with TwinLab(product, few=True, vantages=("branch1", "stranger")) as lab:
        # The fleet's tests have the preflight of each product.
        demo = (ByHand if lab.person else Demo)(lab, tmp_path, few=True, netaccess_preflight=False)
        demo.run()
    assert demo.failed() == [] and len(demo.claims) == (12 if lab.person else 11)


@needs_namespaces
@pytest.mark.usefixtures("opened")
def test_the_name_of_an_exempt_host_does_not_carry_to_another_address(intercepting):
    """Intercepted, Squid knows the name from the handshake only: it must not tunnel to an address that the name does not have."""
    lab = intercepting
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
    # On its port for explicit clients the same Squid asks for both names.
    proxy = ["10.10.0.1", lab.squid.port]
    assert direct_in(member, "chatgpt.com", proxy=proxy).issuer == "Lab Public Root"
    assert direct_in(member, "www.example.com", sni="chatgpt.com", proxy=proxy).issuer == "Example Inspection CA"
    assert direct_in(member, "chatgpt.com").issuer == "Lab Public Root"


@needs_namespaces
def test_a_site_that_denies_intercepted_connections_by_address_is_told_so(intercepting, opened, tmp_path):
    """And what it is told is so: our rules are in force, and are not asked."""
    lab, member = intercepting, intercepting.network.spaces["branch1"]
    assert not any("evaluated by address before the name is known" in line for line in opened["manual"])
    site = lab.squid.config.read_text()
    lab.squid.config.write_text(site.replace("http_access allow lan ", "http_access allow lan !CONNECT"))
    lab.squid.reconfigure()
    try:
        result, shut = access(lab, tmp_path, "--check"), direct_in(member, "chatgpt.com")
    finally:
        lab.squid.config.write_text(site)
        lab.squid.reconfigure()
    assert [line for line in result["manual"] if "evaluated by address before the name is known" in line and "http_access deny all" in line]
    assert not result["changed"] and not shut.open and direct_in(member, "chatgpt.com").open
