# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what a host saw proves which device it stands behind."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import path, verdicts


def check(**more) -> dict:
    return dict({"egress": None, "blocked_by": None, "inspected_by": None, "interception": "not_intercepted", "issuer": {"cn": "WE1"}, "via": "direct",
                 "proxy": None}, **more)


def judged(proofs, *checks, before=()):
    return path.judge({"device": "fw1", "proven_by": proofs}, list(checks), list(before))


@pytest.mark.parametrize("proofs,yes,no", [
    ({"egress": ["203.0.113.0/24", "2001:db8::/32"]}, check(egress="203.0.113.9"), check(egress="198.51.100.9")),
    ({"egress": ["203.0.113.0/24", "2001:db8::/32"]}, check(egress="2001:db8::9"), check(egress="2001:db9::9")),
    ({"product": "Squid"}, check(blocked_by={"product": "Squid"}), check(blocked_by={"product": "PAN-OS"})),
    ({"product": "Zscaler Internet Access"}, check(inspected_by="Zscaler Internet Access"), check()),
    ({"issuer": "^Example Inspection"}, check(interception="intercepted_trusted", issuer={"cn": "Example Inspection CA"}),
     check(issuer={"cn": "Example Inspection CA"})),
    # A hint at a product, and an expression that fits an empty text, prove nothing.
    ({"product": "Cyberoam"}, check(inspected_by="Cyberoam"), check(blocked_by={"product": "Cyberoam", "confidence": "low"})),
    ({"issuer": "^(Example CA)?$"}, check(interception="intercepted_untrusted", issuer={"cn": "Example CA"}), check()),
    ({"proxy": "http://p.example.com:3128"}, check(via="proxy", proxy="http://p.example.com:3128"), check(via="direct", proxy="http://p.example.com:3128")),
    ({"proxy": "http://p.example.com:3128/"}, check(via="proxy", proxy="http://p.example.com:3128"), check(via="proxy", proxy="http://q.example.com:3128")),
])
def test_what_proves_a_path(proofs, yes, no):
    other = check(interception="intercepted_trusted", issuer={"cn": "Other CA"}, via="proxy", proxy="http://other.example.com:3128")
    for nothing in (no, check(), other, check(interception="intercepted_trusted", issuer=None)):
        assert judged(proofs, nothing)["proven"] is False
    found = judged(proofs, no, yes)
    assert found["proven"] is True and found["message"].startswith("behind fw1: ")
    # What was seen before the change counts: the block is gone, the device is not.
    assert judged(proofs, no, before=[yes])["proven"] is True


def test_a_claim_alone_proves_nothing():
    assert judged({}, check(egress="203.0.113.9")) == {"device": "fw1", "audience": None, "kind": "user", "proven": False,
                                                       "message": "mapped to fw1 without proof; set proven_by"}
    assert path.judge({"device": "fw1", "proven_by": None}, [])["message"] == path.judge({"device": "fw1"}, [])["message"]
    assert judged({"egress": ["10.0.0.0/8"]}, check())["message"] == "no proof that this host is behind fw1"
    found = judged({"egress": ["10.0.0.0/8"]}, check(egress="203.0.113.9"))
    assert found["message"] == "no proof that this host is behind fw1; its egress address is 203.0.113.9"


@pytest.mark.parametrize("broken,said", [
    ({}, "must have device"), ({"device": 5}, "must have device"), ({"device": "a", "colour": 1}, "colour is not one of these"),
    ({"device": "a", "kind": "king"}, "kind must be one of"),
    ({"device": "a", "proven_by": {"luck": 1}}, "proven_by must have"), ({"device": "a", "proven_by": {"egress": ["10.0.0.1/8"]}}, "host bits"),
    ({"device": "a", "proven_by": {"issuer": "("}}, "proven_by"), ({"device": "a", "proven_by": ["egress"]}, "proven_by must have"),
    ("a", "must be a dictionary"), ({"device": ""}, "must have device"), ({"device": "a", "kind": None}, "kind must be"),
    ({"device": "a", "proven_by": {"proxy": 5}}, "proxy must be text"), ({"device": "a", "proven_by": {"product": ["Squid"]}}, "product must be text"),
    ({"device": "a", "proven_by": {"issuer": 5}}, "issuer must be text")])
def test_a_path_that_is_none(broken, said):
    with pytest.raises(path.PathError, match=said):
        path.check(broken)


def test_what_passes_on_a_path_that_is_not_proven_is_unverified():
    summary = {"verdict": "pass", "features": {"chat": "pass", "voice": "fail"}, "message": "x"}
    assert path.unproven(summary) == {"verdict": "unverified", "features": {"chat": "unverified", "voice": "fail"}, "message": "x"}
    assert path.unproven(dict(summary, verdict="fail"))["verdict"] == "fail"


def test_a_device_without_a_host_behind_it_is_named():
    def result(device, proven):
        return {"summary": {"verdict": "pass", "features": {}}, "path": {"device": device, "proven": proven}}
    found = verdicts.aggregate({"a": result("fw1", True), "b": result("fw1", False), "c": None, "d": {"summary": {"verdict": "pass", "features": {}}}}, {},
                               ["fw1", "fw2"])
    assert found["devices"] == {"fw1": {"hosts": ["a", "b"], "proven": ["a"]}, "fw2": {"hosts": [], "proven": []}}
    assert "no probe host is mapped to fw2 (netaccess_path)" in found["message"]
    assert "fw1" not in found["message"]
