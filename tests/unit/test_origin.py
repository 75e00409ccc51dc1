# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks of the origin, and what it refuses with. Without a row of the table, or an entry of a mark, a case here is red."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import canary_probes, load
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import conclusion
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation, origin

RAY, AZURE = {"cf-ray": "9a0c2d3e-FRA"}, {"x-ms-request-id": "1"}
CLOUDFLARE = ("auth_openai", "chatgpt", "oaistatic", "oaiusercontent", "openai", "android", "chat_openai", "desktop", "ios", "setup_auth", "turnstile",
              "other_ai", "cdn_neighbour")


@pytest.mark.parametrize("entry,headers,marked", [
    *((entry, RAY, True) for entry in CLOUDFLARE), *((entry, {}, False) for entry in CLOUDFLARE), ("oaiusercontent", AZURE, True),
    ("chatgpt", AZURE, False), ("chatgpt", {"cf-ray": ""}, False), ("stripe_js", RAY, None), (None, RAY, None)])
def test_whose_answer_it_is(entry, headers, marked):
    assert origin.marked(entry, headers) is marked


@pytest.mark.parametrize("tls,so", [({"failure": None}, True), ({"failure": "ssl_unknown_authority"}, False), (None, False), ({}, False)])
def test_what_was_not_seen_vouches_for_nobody(tls, so):
    assert origin.vouched({"tls": tls}) is so


def test_every_entry_of_a_mark_is_one_of_the_catalogue_and_has_a_case():
    catalogue = load()
    known = {entry["id"] for entry in catalogue.entries + catalogue.extras} | {probe["id"] for probe in catalogue.negative}
    ours = {probe["id"] for probe in canary_probes("canary.example.net", "full", silences=[1])}
    named = {mark["network"]: set(mark["entries"]) for mark in origin.MARKS}
    assert named.pop("a canary") <= ours
    assert set().union(*named.values()) <= known and set().union(*named.values()) == set(CLOUDFLARE)


#: (status, headers, text, what it is)
REFUSALS = [
    (403, {"cf-mitigated": "challenge"}, "", "origin_challenge"), (503, {"cf-mitigated": "Challenge"}, "", "origin_challenge"),
    *((status, {}, "<title>Just a moment...</title>", "origin_challenge") for status in (403, 429, 503)),
    (403, {}, "/cdn-cgi/challenge-platform/h/g/orchestrate", "origin_challenge"), (403, {}, "window._cf_chl_opt; cf-chl-widget", "origin_challenge"),
    (403, {}, '{"error": {"code": "unsupported_country_region_territory"}}', "origin_region"),
    (401, {}, "the login did not make it here", "authorization_lost"),
    (401, {}, '{"error": {}}', "origin_sign_in"), (429, {}, "", "origin_limit"), (413, {}, "", "origin_too_large"), (414, {}, "", "origin_too_large"),
    (431, {}, "", "origin_too_large"), (451, {}, "", "origin_region"),
    (403, {}, "", "origin_refusal"), *((status, {}, "", "origin_error") for status in (500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530)),
    (404, {}, "the login did not make it here", None), (405, {}, "just a moment", None),
    (200, {"cf-mitigated": "challenge"}, "unsupported_country", None), (399, {}, "unsupported_country", None),
    (400, {}, "unsupported_country", "origin_region"), (403, {"cf-mitigated": "other"}, "", "origin_refusal"),
    (403, {}, "x" * 70000 + "just a moment", "origin_refusal"),
]


@pytest.mark.parametrize("status,headers,text,failure", REFUSALS, ids=lambda value: str(value)[:30])
def test_what_the_origin_refuses_with(status, headers, text, failure):
    found = origin.refusal(status, headers, text)
    assert (found and found.failure) == failure
    if failure:
        assert found.question and origin.question(failure) and conclusion.say(failure, None) != failure.replace("_", " ")


def test_no_row_and_no_status_of_the_table_can_be_left_out(monkeypatch):
    whole, rows, needless = [origin.refusal(*case[:3]) for case in REFUSALS], origin.REFUSALS, []
    for number, row in enumerate(rows):
        shorter = [dict(row, status=[one for one in row["status"] if one != status]) for status in row.get("status", [])]
        shorter += [{key: value for key, value in row.items() if key != left_out} for left_out in ("status", "header", "says") if left_out in row]
        for other in [None, *shorter]:
            monkeypatch.setattr(origin, "REFUSALS", rows[:number] + [other] * (other is not None) + rows[number + 1:])
            if [origin.refusal(*case[:3]) for case in REFUSALS] == whole:
                needless.append((row, other))
    assert needless == []


def test_a_question_is_that_of_the_refusal_and_of_nothing_else():
    assert "in which country" in origin.question("origin_region") and origin.question("http_block_page") is None
    assert isolation.remedy("origin_limit", None) == origin.question("origin_limit")
