# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of installation, on each release: several workers, behind another Squid, with an ICAP service, in a file root of its own, and as a
transparent proxy.

As an ordinary user, and with all that hosts see of a transparent proxy, it is what the playbooks' tests run: tests/playbooks/test_module.py and
test_main_job.py.
"""
from __future__ import annotations

import http.client
import os
import socket
import ssl
import tempfile
import time
import types

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import adapter
from tests.contract.fixtures import open_folder
from tests.contract.rig import MEMBER, OTHERS, STRANGER, WANTED
from tests.lab import network
from tests.lab.client import direct_in
from tests.lab.lab import Lab, hosts
from tests.lab.pki import Authority
from tests.lab.play import access
from tests.lab.squid import free_port
from tests.products.squid.container import Container
from tests.products.squid.icap import Icap
from tests.products.squid.rig import SquidRig

pytestmark = pytest.mark.exhaustive
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="mounts need root")
needs_namespaces = pytest.mark.skipif(network.available() is not None, reason=str(network.available()))
OPENED = [("allow", "tunnel"), ("allow", "tunnel"), ("allow", "decrypt")]


def opens_and_takes_back(rig, times: int = 1) -> None:
    """``times``: how often each decision is asked for."""
    before, held = rig.decisions(), rig.snapshot()
    for state, seen in (("merged", OPENED), ("deleted", [("block", "decrypt")] * 3)):
        result = rig.run(state)
        # The first connections after the run: there is no time to arrive.
        assert [[rig.decide(MEMBER, host) for host in WANTED] for _time in range(times)] == [seen] * times, (
            rig.squid.access_log()[-3000:], rig.squid.log()[-6000:])
        assert result["activation"][0]["status"] == "in force"
        assert {host: rig.decide(STRANGER, host) for host in WANTED} == {host: before[STRANGER, host] for host in WANTED}
        assert {host: rig.decide(MEMBER, host) for host in OTHERS} == {host: before[MEMBER, host] for host in OTHERS}
    assert (rig.snapshot(), rig.decisions()) == (held, before)


@needs_root
def test_each_of_several_workers_has_the_new_policy_when_the_task_returns(make):
    """They share their sockets, which stay through a reload."""
    rig = make(workers=3)
    opens_and_takes_back(rig, times=8)
    # Who else reloads them is seen as with one.
    rig.run()
    # The log has whole seconds.
    time.sleep(1.1)
    rig.add_foreign_member("foreign.example")
    assert not rig.run()["changed"] and rig.run("gathered")["pending"] is None


@needs_root
def test_workers_of_which_nothing_tells_that_they_reloaded_are_not_called_in_force(make):
    rig = make(workers=2)
    (rig.squid.folder / "cache.log").rename(rig.squid.folder / "moved.log")
    before = rig.decisions()
    may = rig.run(check=True)["permissions"]
    assert may["write"] is False and "cache.log" in may["why"]
    with pytest.raises(Failed, match="the only source that shows whether each worker") as caught:
        rig.run()
    assert caught.value.result["failure"]["class"] == "refused" and rig.decisions() == before and not rig.squid.list_dir.exists()


@needs_root
@pytest.mark.parametrize("shown", [True, False], ids=["the kernel shows it", "only the log tells"])
def test_a_squid_that_does_not_see_the_lists_is_not_called_open(make, monkeypatch, shown):
    """As with PrivateTmp of its service, or with a profile of AppArmor: each list is an empty ACL then."""
    rig = make()
    rig.squid.stop()
    (rig.squid.folder / "cache.log").unlink()
    mount = 'mkdir -p {0} && mount -t tmpfs tmpfs {0} && exec "$@"'.format(rig.squid.list_dir)
    rig.squid._enter += ["unshare", "--mount", "sh", "-c", mount, "sh"]
    rig.squid.start()
    before = rig.decisions()
    if not shown:
        monkeypatch.setattr(adapter, "sees", lambda pid, path: True)
    with pytest.raises(Failed, match="does not see .*allow.domains" if shown else "could not open .*allow.domains.*, as its cache_log says") as caught:
        rig.run()
    assert caught.value.result["failure"]["class"] == "activation" and "The old state was restored" in str(caught.value)
    assert rig.decisions() == before and not rig.squid.drop_in.exists()


def test_a_port_that_another_service_has_does_not_keep_the_reload_from_being_seen(make):
    with socket.create_server(("127.0.0.1", free_port())) as other:
        opens_and_takes_back(make(early="http_port 127.0.0.1:%d\nhttp_port 192.0.2.1:3128" % other.getsockname()[1]))


def test_a_squid_whose_pid_file_is_gone_is_not_called_stopped(make):
    rig = make()
    before, pid = rig.decisions(), rig.squid.folder / "squid.pid"
    held = pid.read_text()
    pid.unlink()
    with pytest.raises(Failed, match="no pid file names a running Squid, but a process listens on"):
        rig.run()
    assert rig.decisions() == before and not rig.squid.drop_in.exists()
    pid.write_text(held)
    assert rig.run()["activation"][0]["status"] == "in force"


def test_a_port_that_decrypts_by_its_older_name_does_so(make):
    rig = make()
    rig._edit(rig.squid.config, lambda text: text.replace(" ssl-bump ", " sslBump "))
    opens_and_takes_back(rig)


def test_behind_another_squid_both_have_to_be_opened(make, release, internet):
    """A chain by cache_peer, as a branch has it: the far one sees the CONNECT of the near one."""
    far = make()
    here = types.SimpleNamespace(provider=far.squid.port, public=internet.public)
    with open_folder() as folder:
        near = SquidRig(folder, here, release=release, early="tcp_outgoing_address 127.0.0.2")
        try:
            near.run()
            assert [near.decide(MEMBER, host)[0] for host in WANTED] == ["block"] * 3
            opens_and_takes_back(far)
            far.run()
            assert [near.decide(MEMBER, host) for host in WANTED[:2]] == OPENED[:2]
        finally:
            near.close()


def with_icap(service: Icap, point: str, spared: str = "") -> str:
    return "icap_enable on\nicap_service scan %s bypass=off icap://127.0.0.1:%d/scan\n%sadaptation_access scan allow all" % (point, service.port, spared)


def test_an_icap_service_that_is_asked_for_each_request_decides_beside_our_rule_and_coverage_says_so(make):
    with Icap(refused=WANTED[1:2]) as service:
        rig = make(before=with_icap(service, "reqmod_precache"))
        result = rig.run()
        assert [rig.decide(MEMBER, host)[0] for host in WANTED] == ["allow", "block", "allow"]
        assert {host for kind, method, host in service.seen if (kind, method) == ("REQMOD", "CONNECT")} == set(WANTED)
        assert {row["allowed"] for row in result["coverage"]} == {"unchecked"}
        assert all("adaptation_access scan allow all may block it" in row["note"] for row in result["coverage"])
        assert "adaptation_access scan allow all" in {conflict["text"] for conflict in result["conflicts"]}


def test_hosts_that_the_site_keeps_from_its_icap_service_are_open_and_not_shown_to_it(make):
    spared = "acl spared dstdomain .chatgpt.com .openai.com js.stripe.com\nadaptation_access scan deny spared\n"
    with Icap(refused=WANTED) as service:
        rig = make(before=with_icap(service, "reqmod_precache", spared))
        opens_and_takes_back(rig)
        assert {row["allowed"] for row in rig.run()["coverage"]} == {"yes"}
        shown = {host for _kind, _method, host in service.seen}
        assert shown.isdisjoint(WANTED) and "www.example.com" in shown


def test_an_icap_service_no_longer_sees_the_replies_of_exempt_hosts_and_this_loss_is_reported(make):
    with Icap() as service:
        rig = make(before=with_icap(service, "respmod_precache"))
        result = rig.run()
        assert [rig.decide(MEMBER, host) for host in WANTED] == OPENED
        assert {host for kind, _method, host in service.seen if kind == "RESPMOD"} == {WANTED[2]}
        assert {loss["control"] for loss in result["losses"]} == {"av", "dlp"}
        assert [row["allowed"] for row in result["coverage"]] == ["yes", "yes", "unchecked"]


def connect_by_certificate(port: int, identity, host: str, source: str = "127.0.0.2") -> int | None:
    """The status of a CONNECT inside TLS to the proxy, None where there is none. ``identity``: a file with a key and its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(identity)
    try:
        with socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0)) as raw, context.wrap_socket(raw) as tls:
            tls.sendall(("CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n" % (host, host)).encode())
            reply = http.client.HTTPResponse(tls, method="CONNECT")
            reply.begin()
            return reply.status
    except (OSError, http.client.HTTPException):
        return None


def test_where_people_are_known_by_their_certificates_ours_asks_for_them_as_well(make):
    with open_folder() as folder:
        staff, port = Authority("Example Staff CA", "Example Company"), free_port()
        # Any certificate that may sign does for a client.
        for name in ("alice", "mallory"):
            (folder / name).write_bytes(Authority(name, "Example Company", parent=staff).key_pem)
        (folder / "server.pem").write_bytes(Authority("proxy.example.com", "Example Company").key_pem)
        staff.write(folder / "staff.pem")
        rig = make(early="https_port 127.0.0.1:%d tls-cert=%s/server.pem clientca=%s/staff.pem\nacl staff user_cert CN alice" % (port, folder, folder))
        rig._edit(rig.squid.config, lambda text: text.replace("http_access allow lan ", "http_access allow lan staff"))

        def answers(host: str) -> list:
            people = (("alice", "127.0.0.2"), ("mallory", "127.0.0.2"), ("alice", "127.0.0.4"))
            return [connect_by_certificate(port, folder / name, host, source) for name, source in people]
        before = {host: answers(host) for host in (*WANTED, *OTHERS)}
        assert before[WANTED[0]] == [403, 403, 403] and before[OTHERS[0]] == [200, 403, 200]
        result = rig.run()
        assert [answers(host) for host in WANTED] == [[200, 403, 403]] * 3
        assert {host: answers(host) for host in OTHERS} == {host: before[host] for host in OTHERS}
        assert all("requires staff" in row["note"] for row in result["coverage"])
        # Somebody without a certificate is let in by no port.
        assert [rig.decide(MEMBER, host)[0] for host in WANTED] == ["block"] * 3
        rig.run("deleted")
        assert {host: answers(host) for host in before} == before


@needs_root
def test_in_a_file_root_of_its_own_it_is_managed_from_outside_by_a_program_that_enters_it(release, internet, tmp_path, monkeypatch):
    """As a container with the network of its host: ``squid`` is a script that enters it, and what both read has the same path in both."""
    if release.major is None:
        pytest.skip("the installed Squid has no file root of its own")
    with open_folder() as folder, Container(release, folder) as inside:
        rig = SquidRig(folder, internet, release=inside)
        rig.folder = tmp_path
        try:
            # Where Squid parses the configuration as it will be.
            monkeypatch.setattr(tempfile, "tempdir", str(folder))
            opens_and_takes_back(rig)
        finally:
            rig.close()


@needs_namespaces
@pytest.mark.parametrize("takes", ["intercept", "tproxy"])
def test_a_transparent_proxy_opens_over_ipv4_and_ipv6_and_for_the_audience_alone(release, takes, tmp_path):
    """By ``tproxy`` Squid goes on with the client's own address."""
    number = hosts().index("chatgpt.com") + 10
    addresses = [network.INTERNET % number, network.INTERNET6 % number]
    with Lab(transparent=True, few=True, takes=takes, release=release) as lab:
        member, stranger = (lab.network.spaces[name] for name in ("branch1", "stranger"))

        def issuers(space, **options):
            return [direct_in(space, address, **options).issuer for address in addresses]
        assert issuers(member, sni="chatgpt.com") == ["Example Inspection CA"] * 2 and not direct_in(member, "chatgpt.com").open
        result = access(lab, tmp_path)
        assert issuers(member, sni="chatgpt.com") == ["Lab Public Root"] * 2 and direct_in(member, "chatgpt.com").open
        assert issuers(stranger, sni="chatgpt.com") == ["Example Inspection CA"] * 2 and not direct_in(stranger, "chatgpt.com").open
        # The name of an exempt host at another address; Squid ends it.
        spoofed = direct_in(member, "www.example.com", sni="chatgpt.com")
        assert not spoofed.open and spoofed.issuer != "Lab Public Root"
        assert direct_in(member, "www.example.com").issuer == "Example Inspection CA"
        access(lab, tmp_path, access_state="reverted", access_journal=result["journal"])
        assert issuers(member, sni="chatgpt.com") == ["Example Inspection CA"] * 2 and not direct_in(member, "chatgpt.com").open
