# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ACL says at one moment and what it says at each: the judge asks the second kind once. No Squid runs."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import columns, config as conf
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.acls import CONNECT, INSIDE, Judge, Moment, Who
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE

HOST = parse("chatgpt.com")
MOMENTS = (CONNECT, INSIDE, INSIDE._replace(reply=True), Moment(step=1), Moment(step=2), Moment(step=3))
VALUES = {
    "src": "10.0.0.0/8", "port": "443", "localport": "3128", "myportname": "3128", "transaction_initiator": "client", "dst": "127.0.0.0/8",
    "dstdomain": ".chatgpt.com", "dstdom_regex": "chatgpt", "proxy_auth": "alice", "proxy_auth_regex": "^a", "method": "CONNECT", "proto": "HTTPS",
    "at_step": "SslBump2", "http_status": "200", "ssl::server_name": ".chatgpt.com", "ssl::server_name_regex": "chatgpt", "urlpath_regex": "x",
    "url_regex": "^https://chatgpt"}


def judge(kind, more="", port=""):
    text = "http_port 3128 %s\nacl asked %s %s\n%s" % (port, kind, VALUES[kind], more)
    return Judge(conf.load("/squid.conf", "/none.conf", lambda path: text, lambda pattern: []), Who())


def line(*words):
    return conf.Directive("http_access", ("deny", *words), "", "/squid.conf", 1)


def levels(asked, *words):
    """At each moment, the last one first as well, so that what was kept of another moment would show."""
    def level(moment):
        hits = asked.reach(line(*words), words, frozenset([HOST]), moment)
        return SURE if hits.sure else MAY if hits.may else NO
    found = [level(moment) for moment in MOMENTS]
    assert found == [level(moment) for moment in reversed(MOMENTS)][::-1]
    return found


@pytest.mark.parametrize("kind", sorted(VALUES))
@pytest.mark.parametrize("port", ["", "intercept"])
@pytest.mark.parametrize("words", [("asked",), ("!asked",), ("grouped",), ("asked", "all")], ids=" ".join)
def test_an_answer_that_is_kept_is_the_one_of_its_moment(kind, port, words):
    more = "acl grouped any-of asked\n"
    # One that was asked nothing before, and word by word.
    alone = [judge(kind, more, port).level(words, HOST, moment) for moment in MOMENTS]
    assert levels(judge(kind, more, port), *words) == alone


def test_the_table_holds_what_is_the_same_at_each_moment_and_these_tests_ask_it():
    assert columns.TIMELESS <= set(VALUES)
    assert levels(judge("method"), "asked")[:2] == [SURE, NO] and len(set(levels(judge("at_step"), "asked"))) == 3
