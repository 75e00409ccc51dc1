# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""STUN over real sockets, and what is made of silence."""
from __future__ import annotations

import contextlib
import datetime
import socket
import struct
import threading

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import runner, stun
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import (
    Selection, endpoint_probes, load,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import classify, isolation, signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import summarise
from tests.lab import stun as server
from tests.unit.test_probes import PUBLIC


@contextlib.contextmanager
def serving(reply=server.answer, address="127.0.0.1"):
    with server.listen(address, 0) as sock:
        def answer():
            with contextlib.suppress(OSError):
                while True:
                    request, peer = sock.recvfrom(2048)
                    said = reply(request, peer)
                    if said:
                        sock.sendto(said, peer)
        threading.Thread(target=answer, daemon=True).start()
        yield sock.getsockname()[1]


@pytest.mark.parametrize("address,form", [("127.0.0.1", "127.0.0.1:"), ("::1", "[::1]:")])
def test_an_answer_says_from_where_the_request_came(address, form):
    with serving(address=address) as port:
        seen = stun.binding(address, port, 2)
    assert seen["mapped"].startswith(form) and (seen["failure"], seen["sent"]) == (None, 1)


def test_a_request_that_was_lost_is_sent_again():
    seen_before = []

    def second(request, peer):
        seen_before.append(request)
        return server.answer(request, peer) if len(seen_before) > 1 else None
    with serving(second) as port:
        seen = stun.binding("127.0.0.1", port, 3)
    assert seen["failure"] is None and seen["sent"] == 2 and len(set(seen_before)) == 1


@pytest.mark.parametrize("spoil", [lambda reply: reply[:8] + bytes(12) + reply[20:], lambda reply: b"\x01\x11" + reply[2:], lambda reply: reply[:15],
                                   lambda reply: reply[:4] + bytes(4) + reply[8:], lambda reply: reply[:2] + struct.pack("!H", 400) + reply[4:]])
def test_an_answer_to_something_else_is_none(spoil):
    with serving(lambda request, peer: spoil(server.answer(request, peer))) as port:
        assert stun.binding("127.0.0.1", port, 0.3)["failure"] == "generic_timeout_error"


def test_a_refusal_is_told_from_silence():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    assert stun.binding("127.0.0.1", port, 1)["failure"] == "connection_refused"


def look(port, role="wanted"):
    probe = {"id": role, "host": "127.0.0.1", "port": port, "kind": "stun", "path": "/", "role": role, "features": ["voice"], "level": "optional",
             "exempt": False}
    settings = runner.Settings(public_roots=PUBLIC.pem.decode(), timeout=0.4, deadline=5, proxy="environment")
    return probe, runner.run([probe], settings)["observations"][0]


def judged(*looks):
    probes, seen = zip(*looks)
    return classify.classify(list(probes), list(seen), "2026-10-18", signatures.load(), datetime.date(2026, 11, 24))


def test_silence_alone_is_unverified_and_does_not_count_for_the_host():
    with serving(lambda request, peer: None) as port:
        check, = judged(look(port))
    assert (check["verdict"], check["failure"], check["via"]) == ("unverified", "udp_no_reply", "direct")
    chat = dict(check, id="chat", kind="https", verdict="pass", failure=None, features=["chat"])
    summary = summarise([check, chat])
    assert (summary["verdict"], summary["features"]) == ("pass", {"chat": "pass", "voice": "unverified"})


def test_silence_is_a_fault_when_udp_gets_out_to_another_server():
    with serving(lambda request, peer: None) as silent, serving() as answering:
        wanted, control = judged(look(silent), look(answering, "control"))
    assert (wanted["verdict"], control["verdict"]) == ("fail", "pass") and isolation.sub_verdict(wanted) == "udp_filter"


def test_silence_is_a_fault_when_a_host_outside_has_an_answer_from_the_same_address():
    with serving(lambda request, peer: None) as silent, serving() as answering:
        inside, outside = judged(look(silent)), judged(look(answering))
    outside = [dict(check, port=silent) for check in outside]
    hosts = {name: {"checks": inside, "summary": summarise(inside)} for name in "abc"}
    found = isolation.diagnose(hosts, {"out": {"checks": outside, "summary": summarise(outside)}})
    voice = found["features"]["voice"]
    assert (voice["scope"], voice["faults"][0]["verdict"]) == ("network", "udp_filter") and "UDP 3478" in voice["faults"][0]["remedy"]
    assert isolation.diagnose(hosts)["features"]["voice"]["scope"] == "inconclusive"


def test_the_catalogue_asks_two_addresses_in_the_quick_set_and_all_in_the_full_one():
    def asked(cost, **more):
        return [probe for probe in endpoint_probes(load(), Selection(), cost, udp=True, **more) if probe["kind"] == "stun"]
    assert len(asked("quick")) == 2 and len(asked("full")) == 23
    assert {(probe["port"], tuple(probe["features"])) for probe in asked("full")} == {(3478, ("voice",))}
    assert not [probe for probe in endpoint_probes(load(), Selection()) if probe["kind"] == "stun"]


def test_the_fallback_over_tcp_proves_as_little_by_itself():
    probes = [probe for probe in endpoint_probes(load(), Selection(), "quick", udp=True) if probe["kind"] == "tcp" and probe["features"] == ["voice"]]
    assert [(probe["port"], probe["options"]) for probe in probes] == [(443, {"unproven": True})] * 2
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    here = dict(probes[0], host="127.0.0.1", port=port)
    settings = runner.Settings(public_roots=PUBLIC.pem.decode(), timeout=1, deadline=5, pins={"127.0.0.1": "127.0.0.1"})
    shut, = classify.classify([here], runner.run([here], settings)["observations"], "2026-10-18", signatures.load(), datetime.date(2026, 11, 24))
    assert (shut["verdict"], shut["failure"], shut["flags"]) == ("unverified", "connection_refused", ["unproven"])
    with socket.create_server(("127.0.0.1", port)):
        open_, = classify.classify([here], runner.run([here], settings)["observations"], "2026-10-18", signatures.load(), datetime.date(2026, 11, 24))
    assert open_["verdict"] == "pass"
    hosts = {name: {"checks": [shut], "summary": summarise([shut])} for name in "abc"}
    outside = {"out": {"checks": [open_], "summary": summarise([open_])}}
    assert isolation.diagnose(hosts)["features"]["voice"]["scope"] == "inconclusive"
    assert isolation.diagnose(hosts, outside)["features"]["voice"]["scope"] == "network"
    elsewhere = dict(open_, port=port + 1)
    other = {"out": {"checks": [elsewhere], "summary": summarise([elsewhere])}}
    assert isolation.diagnose(hosts, other)["features"]["voice"]["scope"] == "inconclusive"
