# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of a Barracuda Web Security Gateway: what is asked first, which hosts a domain stands for, and what a blocked client sees.

Sources are pages of campus.barracuda.com: "BLOCK/ACCEPT Order of Precedence", "Exception Policies", solution 00004188 (custom categories),
"Block Pages, SSL Inspection and HTTPS Filtering", "HTTPS Filtering With the Barracuda Web Security Gateway" and the API guide.
"""
from __future__ import annotations

import xmlrpc.client

import pytest

from tests.products.barracuda_wsg.twin import BarracudaWsg
from tests.products.server import Request

MAIL = "mail.partner.example"


@pytest.fixture
def twin():
    return BarracudaWsg()


def verdicts(twin, host) -> list:
    return [twin.decide(who, host)[0] for who in ("member", "stranger")]


def allow(twin, who, *domains):
    """An Allow exception for a custom category that holds ``domains``."""
    twin.fill_in(page="", do="add", kind="custom category", name="Ours", fields={}, paste="\n".join(domains))
    twin.fill_in(page="", do="set", kind="exception", name=who, fields={"action": "allow", "category": "Ours"})


def test_the_site_blocks_by_category_and_passes_what_no_filter_names(twin):
    assert verdicts(twin, "chatgpt.com") == verdicts(twin, "ab.chatgpt.com") == ["block", "block"]
    assert verdicts(twin, "www.example.com") == verdicts(twin, "evilchatgpt.com") == ["allow", "allow"]


def test_exceptions_for_applications_come_before_applications_and_these_before_all_that_names_domains(twin):
    """Order of Precedence: the rule that is listed first there is honoured."""
    allow(twin, "all authenticated users", "chatgpt.com")
    assert verdicts(twin, "chatgpt.com") == ["allow", "allow"], "an exception overrides the content filter"
    twin.pages["blocked applications"]["ChatGPT"] = {"chatgpt.com"}
    assert verdicts(twin, "chatgpt.com") == ["block", "block"]
    twin.fill_in(page="", do="set", kind="application exception", name="ChatGPT for group AI users", fields={"action": "allow"})
    assert verdicts(twin, "chatgpt.com") == ["allow", "block"]
    twin.fill_in(page="", do="remove", kind="application exception", name="ChatGPT for group AI users", fields={})
    assert verdicts(twin, "chatgpt.com") == ["block", "block"]


@pytest.mark.parametrize("who,seen", [
    ("group AI users", ["allow", "block"]), ("user member", ["allow", "block"]), ("group Finance", ["block", "allow"]),
    ("all authenticated users", ["allow", "allow"]), ("all unauthenticated users", ["block", "block"])])
def test_an_exception_is_for_the_users_that_it_names(twin, who, seen):
    allow(twin, who, "chatgpt.com")
    assert verdicts(twin, "chatgpt.com") == seen
    twin.fill_in(page="", do="remove", kind="exception", name=who, fields={})
    assert verdicts(twin, "chatgpt.com") == ["block", "block"]


def test_a_subdomain_belongs_to_a_custom_category_unless_the_vendor_lists_it_elsewhere(twin):
    """Solution 00004188, whose example is the web mail of a domain that is listed."""
    twin.pages["blocked content"]["Web-based Email"] = {MAIL}
    twin.pages["blocked content"]["Business"] = {"partner.example"}
    twin.knobs.listed = {MAIL}
    allow(twin, "group AI users", "partner.example")
    assert [verdicts(twin, host)[0] for host in ("partner.example", "xxx.partner.example", MAIL)] == ["allow", "allow", "block"]
    twin.fill_in(page="", do="add", kind="custom category", name="Ours", fields={}, paste=MAIL)
    assert verdicts(twin, MAIL) == ["allow", "block"], "it is listed by itself"
    twin.fill_in(page="", do="take out", kind="custom category", name="Ours", fields={}, paste="partner.example")
    assert verdicts(twin, "xxx.partner.example")[0] == "block" and verdicts(twin, MAIL)[0] == "allow"


def test_ssl_inspection_decrypts_what_it_is_designated_for(twin):
    assert [twin.decide("member", host)[1] for host in ("js.stripe.com", "www.example.com", "stripe.com")] == ["decrypt", "decrypt", "tunnel"]
    twin.fill_in(page="", do="take out", kind="inspected domain", name="example.com", fields={})
    assert twin.decide("member", "www.example.com") == ("allow", "tunnel")


def test_a_block_page_is_served_inside_of_tls_or_not_at_all(twin):
    """From firmware 14.1 on there is always one with SSL Inspection. HTTPS Filtering decrypts nothing, and the connection fails."""
    assert twin.decide("member", "chatgpt.com") == ("block", "decrypt")
    twin.knobs.page = False
    assert twin.decide("member", "chatgpt.com") == ("block", "tunnel")


@pytest.mark.parametrize("method", ["config.get", "config.set", "config.create", "config.add", "config.delete"])
@pytest.mark.parametrize("variable", ["exceptions", "custom_categories"])
def test_the_api_has_no_way_to_a_list(twin, method, variable):
    """The API guide rules out what the BLOCK/ACCEPT pages hold, and every variable with a list of values."""
    site = twin.snapshot()
    body = xmlrpc.client.dumps(({"type": "global", "path": "", "variable": variable, "value": "x"},), method)
    reply = twin.answer(Request("POST", "/cgi-mod/api.cgi", {"password": twin.password}, headers={}, body=body.encode()))
    with pytest.raises(xmlrpc.client.Fault):
        xmlrpc.client.loads(reply.body)
    assert twin.snapshot() == site
