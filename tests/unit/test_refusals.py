# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who wrote a refusal: by its status, the mark of the origin and the certificate."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import refusals

CHATGPT, NO_MARK_KNOWN = {"id": "chatgpt_trace", "entry": "chatgpt"}, {"id": "stripe", "entry": "stripe"}
CANARY = {"id": "canary_upload", "options": {"canary": True}}
MARK, CANARY_MARK = {"cf-ray": "9"}, {"x-netaccess-canary": "1"}
#: By a CA that the public roots do not vouch for, by one that they do, and without TLS.
OTHERS, PUBLIC, PLAIN = {"tls": {"failure": "ssl_untrusted"}}, {"tls": {"failure": None}}, {"tls": None}


def judged(probe, status, headers=None, seen=None):
    found = refusals.judge(probe, {"status": status, "headers": headers}, seen or OTHERS)
    return found and (found.layer, found.failure, found.proven, tuple(found.flags), found.detail)


@pytest.mark.parametrize("status,refuses", [
    (None, False), (200, False), (400, False), (401, True), (402, True), (403, True), (404, False), (405, False), (407, True), (413, False), (429, True),
    (451, True), (499, False), (500, True), (511, True)])
def test_a_refusal_has_nothing_to_do_with_what_was_sent(status, refuses):
    assert refusals.refuses(status) is refuses


@pytest.mark.parametrize("status,layer,failure,flags,detail", [
    (401, "proxy", "gateway_sign_in", (), "status 401"), (407, "proxy", "gateway_sign_in", (), "status 407"),
    (403, "http", "http_block_page", ("blocked",), None), (429, "http", "http_block_page", ("blocked",), None),
    (500, "proxy", "proxy_cannot_connect", (), "status 500"), (503, "proxy", "proxy_cannot_connect", (), "status 503"),
    (511, "http", "network_authentication_required", (), None)])
@pytest.mark.parametrize("seen", [OTHERS, PLAIN], ids=["under inspection", "without TLS"])
def test_a_refusal_without_the_known_mark_is_written_on_the_path(seen, status, layer, failure, flags, detail):
    assert judged(CHATGPT, status, {"server": "x"}, seen) == (layer, failure, True, flags, detail)
    assert judged({"id": "chatgpt"}, status, None, seen) == (layer, failure, True, flags, detail), "an entry by its id"
    assert judged(CHATGPT, status, MARK, seen) is judged(CHATGPT, status, {}, PUBLIC) is None, "the origin is reached"


def test_the_answer_of_a_block_is_kept():
    answer = {"status": 403, "headers": {}}
    assert refusals.judge(CHATGPT, answer, OTHERS).answer is answer


@pytest.mark.parametrize("status,failure", [(401, "sign_in_wanted"), (407, "sign_in_wanted"), (403, "refused_by_somebody"), (503, "refused_by_somebody")])
def test_where_no_mark_is_known_a_refusal_proves_nothing(status, failure):
    assert judged(NO_MARK_KNOWN, status) == ("http", failure, False, ("origin_unproven",), "status %d" % status)
    assert judged(NO_MARK_KNOWN, status, seen=PUBLIC) is None


def test_other_answers_are_judged_elsewhere():
    assert [judged(probe, status) for probe in (CHATGPT, NO_MARK_KNOWN, CANARY) for status in (None, 200, 204, 302)] == [None] * 12
    assert judged(CHATGPT, 404) is judged(CHATGPT, 400) is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_a_canary_refuses_only_when_it_is_full_or_of_another_release(status):
    assert judged(CANARY, status, CANARY_MARK) == ("origin", "canary_refused", True, (), "status %d" % status)
    assert judged(CANARY, status, {}, PUBLIC) == ("origin", "canary_refused", True, (), "status %d, not by the canary itself" % status)
    assert judged(CANARY, 200, CANARY_MARK) is judged(CANARY, 200, {}, PUBLIC) is None
    assert (judged(CANARY, status) or ("", ""))[1] != "canary_refused"


@pytest.mark.parametrize("probe,asked", [({}, False), ({"options": None}, False), ({"options": {}}, False), ({"options": {"canary": True}}, True)])
def test_whether_a_canary_is_asked(probe, asked):
    assert refusals.of_canary(probe) is asked
