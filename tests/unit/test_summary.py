# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks of one host say together: which of them count, and what is said of those that do not."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import summary

TRUSTED, NOT = "intercepted_trusted", "not_intercepted"


def check(name="a", verdict="pass", *flags, **more) -> dict:
    return dict({"id": name, "host": name + ".example", "role": "wanted", "level": "required", "features": ["chat"], "verdict": verdict, "failure": None,
                 "interception": NOT, "issuer": None, "blocked_by": None, "flags": list(flags), "ip_version": 4}, **more)


GOOD, ASKED = check(), check("q", "skipped", failure="proxy_auth_required")
IDLE, ELSEWHERE = check("i", "skipped"), check("e", "skipped", failure="dns_no_answer")
SILENT = check("s", "unverified", "unproven")
OWN, SHARED = ({"cn": "Our CA", "o": None}, {"cn": "Zscaler Root CA", "o": "Zscaler Inc."})


def decrypted(name="d", issuer=None, *flags, **more) -> dict:
    return check(name, "fail", *flags, **dict({"failure": "ssl_intercepted", "interception": TRUSTED, "issuer": issuer or OWN}, **more))


def other(role, *flags, verdict="pass", **more) -> dict:
    return check("o", verdict, *flags, role=role, features=[], **more)


@pytest.mark.parametrize("checks,asked,verdict,counted", [
    ([], {}, "unverified", []), ([GOOD], {}, "pass", ["a"]), ([GOOD, check("b", "fail")], {}, "fail", ["a", "b"]),
    ([GOOD, check("b", "error")], {}, "error", ["a", "b"]), ([GOOD, check("b", "origin")], {}, "origin", ["a", "b"]),
    ([GOOD, check("b", "unverified")], {}, "unverified", ["a", "b"]), ([GOOD, IDLE, ELSEWHERE], {}, "pass", ["a"]), ([GOOD, ASKED], {}, "skipped", ["a", "q"]),
    ([IDLE], {}, "skipped", []), ([ASKED], {}, "skipped", ["q"]),
    # What one host alone cannot prove does not count, unless it failed.
    ([GOOD, SILENT], {}, "pass", ["a"]), ([SILENT], {}, "unverified", []), ([GOOD, check("b", "fail", "unproven")], {}, "fail", ["a", "b"]),
    ([GOOD, check("b", "pass", "unproven")], {}, "pass", ["a", "b"]), ([GOOD, decrypted("d", OWN, "by_choice")], {}, "pass", ["a"]),
    ([GOOD, check("t", "fail", level="telemetry")], {}, "pass", ["a"]),
    ([GOOD, check("t", "fail", level="telemetry")], {"levels": ("telemetry",)}, "fail", ["t"]),
    ([GOOD, check("v", "fail", features=["voice"])], {"features": ["chat"]}, "pass", ["a"]),
    ([GOOD, check("v", "fail", features=["voice"])], {"features": ["voice"]}, "fail", ["v"]),
    ([GOOD, check("v", "fail", features=["voice"])], {}, "fail", ["a", "v"]),
    # Other sites count once they changed, or cannot be compared.
    ([GOOD, other("negative", verdict="fail")], {}, "pass", ["a"]), ([GOOD, other("negative", "regressed", verdict="fail")], {}, "fail", ["a"]),
    ([GOOD, other("control", "not_compared", verdict="unverified")], {}, "unverified", ["a"]),
    ([GOOD, check("b", "unverified", "unproven", "not_compared")], {}, "pass", ["a"])])
def test_which_checks_count(checks, asked, verdict, counted):
    found = summary.summarise(checks, **asked)
    assert (found["verdict"], found["counted"]) == (verdict, [[name, 4] for name in counted])


def test_each_verdict_is_counted_and_each_feature_has_its_own():
    checks = [GOOD, check("b", "fail", features=["voice", "chat"]), IDLE, other("control", verdict="error"), check("c", features=["files"])]
    found = summary.summarise(checks)
    assert found["counts"] == {"fail": 1, "error": 0, "origin": 0, "unverified": 0, "skipped": 1, "pass": 2}
    assert found["features"] == {"chat": "fail", "files": "pass", "voice": "fail"}
    assert summary.summarise([GOOD, IDLE])["features"] == {"chat": "pass"} and summary.summarise([IDLE])["features"] == {"chat": "skipped"}


SIX = "abcdef"


@pytest.mark.parametrize("checks,text", [
    ([], "not proven: unverified"), ([GOOD], "1 wanted check passes"), ([GOOD, check("b")], "all 2 wanted checks pass"),
    ([GOOD, IDLE], "1 wanted check passes; 1 does not apply"), ([GOOD, IDLE, ELSEWHERE], "1 wanted check passes; 2 do not apply"),
    ([check("b", "fail")], "1 of 1 wanted check fails: b.example"), ([GOOD, check("b", "fail")], "1 of 2 wanted checks fail: b.example"),
    ([check(name, "fail") for name in SIX], "6 of 6 wanted checks fail: a.example, b.example, c.example, d.example, e.example and 1 more"),
    ([check(name, "fail") for name in SIX[1:]], "5 of 5 wanted checks fail: b.example, c.example, d.example, e.example, f.example"),
    # One reason for all is said, and none of several.
    ([GOOD, *(check(name, "fail", message="%s.example: proxy: the connection was refused" % name) for name in "bc")],
     "2 of 3 wanted checks fail (proxy: the connection was refused): b.example, c.example"),
    ([check(name, "fail", message="%s.example: %s" % (name, name)) for name in "bc"], "2 of 2 wanted checks fail: b.example, c.example"),
    ([GOOD, other("negative", "regressed", verdict="fail")], "1 site changed since the baseline: o.example"),
    ([GOOD, check("b", "origin")], "the network allows it, but the far end refuses: b.example"),
    ([GOOD, ASKED], "the proxy requires authentication before it answers for q.example"),
    ([dict(ASKED, id=name, host=name) for name in SIX], "the proxy requires authentication before it answers for a, b, c, d, e and 1 more"),
    ([GOOD, check("b", "unverified")], "not proven: unverified"),
    ([GOOD, check("s", "unverified", "unproven", "origin_unproven")], "1 wanted check passes. Not counted, because the source of the response is unknown: "
                                                                      "s.example"),
    ([GOOD, *(check(name, "unverified", "unproven", "origin_unproven") for name in SIX)],
     "1 wanted check passes. Not counted, because the source of the response is unknown: a.example, b.example, c.example, d.example, e.example and 1 more"),
    ([GOOD, SILENT], "1 wanted check passes"),
    ([GOOD, decrypted("d", OWN, "by_choice", features=["ios"]), decrypted("e", OWN, "by_choice", features=["ios", "apps"])],
     "1 wanted check passes. Broken because the policy leaves it under inspection: apps, ios (exempt_level core exempts it)")])
def test_the_headline(checks, text):
    assert summary.summarise(checks)["message"] == text


@pytest.mark.parametrize("checks,word", [
    ([], "untested"), ([GOOD], "untested"), ([GOOD, other("control", interception=TRUSTED)], "proven"),
    ([GOOD, other("control", interception="intercepted_untrusted")], "proven"), ([GOOD, other("control", interception=NOT)], "untested"),
    ([GOOD, other("control", interception=None)], "untested"), ([GOOD, other("negative", interception=TRUSTED)], "untested"),
    ([check(interception="unknown"), other("control", interception=TRUSTED)], "untested"),
    ([other("control", interception=TRUSTED)], "untested"),
    ([other("control", interception=NOT), other("control", interception=TRUSTED)], "untested"),
    ([GOOD, decrypted(), other("control", interception=TRUSTED)], "missing"), ([decrypted()], "missing"),
    ([GOOD, decrypted("d", OWN, "by_choice"), other("control", interception=TRUSTED)], "proven"),
    ([GOOD, dict(decrypted(), role="negative")], "untested")])
def test_what_is_known_of_the_exemption(checks, word):
    assert summary.summarise(checks)["exemption"] == word


@pytest.mark.parametrize("checks,verdict,said", [
    ([], "unknown", ""), ([GOOD], "likely", ""), ([check(level="optional")], "unknown", ""), ([check(interception="unknown")], "unknown", ""),
    ([GOOD, decrypted()], "unlikely", "d.example"), ([decrypted("z", SHARED)], "unknown", "z.example"),
    ([decrypted("z", SHARED), decrypted()], "unlikely", "d.ex"),
    ([decrypted("d", {"cn": "x", "o": None})], "unlikely", "d.ex"), ([dict(decrypted(), issuer=None)], "unlikely", "d.ex"),
    ([GOOD, decrypted("d", OWN, "by_choice")], "likely", ""), ([check("d", "fail", failure="connection_reset", interception=None)], "unknown", ""),
    ([check("d", "fail", interception=None, blocked_by={"product": "x"})], "unknown", "are blocked"),
    ([check("d", "fail", interception=None)], "unknown", "no certificate"),
    # Others do not make up for a host whose certificate may be anybody's.
    ([GOOD, check("b", "fail", failure="http_block_page", interception=TRUSTED)], "unknown", "b.example"),
    ([GOOD, check("b", "fail", interception="unknown", blocked_by={"product": "x"})], "unknown", "are blocked"),
    ([check("b", "fail", interception="unknown", blocked_by={"product": "x"}), check("u", "unverified", interception="unknown")], "unknown", "u.example"),
    ([GOOD, check("u", "unverified", interception="unknown")], "unknown", "u.example"), ([GOOD, check("u", interception="unknown")], "likely", ""),
    ([GOOD, check("u", "unverified", interception="unknown", level="optional")], "likely", ""), ([GOOD, check("t", interception=TRUSTED)], "likely", ""),
    ([GOOD, check("u", "fail", "by_choice", interception=TRUSTED)], "likely", ""), ([GOOD, check("u", "fail", interception=None)], "likely", ""),
    ([other("control")], "unknown", "")])
def test_whether_the_macos_app_works(checks, verdict, said):
    found = summary.summarise(checks)["macos_app"]
    assert found["verdict"] == verdict and said in found["reason"]


@pytest.mark.parametrize("result,why", [
    (None, None), ({}, None), ({"failed": True}, None), ({"msg": "x"}, None), ({"failed": True, "msg": "no\n python"}, "no python"),
    ({"recorded": "failed", "msg": "x"}, "x"), ({"recorded": "ok", "msg": "x"}, None), ({"failed": False, "msg": "x"}, None)])
def test_why_a_host_was_not_probed(result, why):
    assert summary.why_not_probed(result) == why


def test_what_is_said_of_hosts_without_checks():
    assert summary.silent({}) == []
    assert summary.silent({"a": None, "b": {"failed": True, "msg": "no python"}, "c": {}}) == [
        "not reached, so their state is unknown: a, c", "b: not probed: no python"]
    assert summary.silent({"b": {"failed": True, "msg": "x"}}) == ["b: not probed: x"]
