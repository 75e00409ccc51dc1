# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites as companies have them, on the real Squid: what is claimed holds, nobody else is let in or decrypted, and what cannot be done well is refused."""
from __future__ import annotations

import json
import socket

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from tests.contract.rig import MEMBER, STRANGER
from tests.lab.client import decide, fetch
from tests.lab.squid import available

pytestmark = pytest.mark.skipif(available() is not None, reason=str(available()))
INSIDE = {".chatgpt.com": ("chatgpt.com", "ab.chatgpt.com"), "*.openai.com": ("api.openai.com",), "js.stripe.com": ("js.stripe.com",)}
OTHERS = ("claude.ai", "www.example.com", "evilopenai.com")
SEEN = (*(host for hosts in INSIDE.values() for host in hosts), *OTHERS)
NAMES = {"chatgpt": ".chatgpt.com", "openai": "*.openai.com", "stripe": "js.stripe.com"}
SIGN_IN = "auth_param basic program {folder}/check-password\nauth_param basic realm lab\nacl staff proxy_auth REQUIRED\n"
GROUP = SIGN_IN.replace("acl staff proxy_auth REQUIRED\n", "") + "external_acl_type g ttl=1 %%%s {folder}/group\nacl inet external g Internet\n"


@pytest.fixture
def rig(rig):
    yield rig
    # Files that the site of a test has named stay readable until the next one is in force.
    rig.reset()


def given(rig, before="", after="", late="", lists=None) -> None:
    """Lines of the site before the include, behind it, and instead of those that let people in."""
    folder = rig.squid.folder
    helper = folder / "group"
    helper.write_text("#!/bin/sh\nwhile read user group; do case \"$user\" in alice) echo OK;; *) echo ERR;; esac; done\n")
    helper.chmod(0o755)
    for name, text in (lists or {}).items():
        (folder / name).write_text(text)

    def edit(text):
        head, include, rest = text.partition("include ")
        line, _newline, rest = rest.partition("\n")
        if late:
            rest = rest[:rest.index("http_access allow lan")] + late + "\nhttp_access deny all\n"
        return "".join((head, before, "\n", include, line, "\n", after, "\n", rest)).replace("{folder}", str(folder))
    rig._edit(rig.squid.config, edit)


def looks(rig, user=None) -> dict:
    sources = {MEMBER: "127.0.0.2", STRANGER: "127.0.0.4"}
    return {(who, host): decide(host, rig.squid.port, source, user=user) for who, source in sources.items() for host in SEEN}


def claims_hold(rig, user=None, **options) -> dict:
    """Run, and hold what is claimed against what Squid does. {pattern: (allowed, exempt)}"""
    before = looks(rig, user)
    result = rig.run(**options)
    after = looks(rig, user)
    for row in result["coverage"]:
        seen = {after[MEMBER, host] for host in INSIDE[row["pattern"]]}
        assert row["allowed"] != "yes" or {one[0] for one in seen} == {"allow"}, (row, seen)
        assert row["allowed"] != "no" or {one[0] for one in seen} == {"block"}, (row, seen)
        assert row["exempt"] != "yes" or {one[1] for one in seen if one[0] == "allow"} <= {"tunnel"}, (row, seen)
        assert row["exempt"] != "no" or {one[1] for one in seen if one[0] == "allow"} <= {"decrypt"}, (row, seen)
    changed = [key for key in before if before[key] != after[key] and (key[0] == STRANGER or key[1] in OTHERS)]
    assert changed == []
    return {row["pattern"]: (row["allowed"], row["exempt"]) for row in result["coverage"]}


def expected(words: dict) -> dict:
    """Coverage by its short names; what is not named is open, and exempt where that is wanted."""
    usual = {".chatgpt.com": ("yes", "yes"), "*.openai.com": ("yes", "yes"), "js.stripe.com": ("yes", "not wanted")}
    return dict(usual, **{NAMES[name]: tuple(word.split("/")) if "/" in word else (word, usual[NAMES[name]][1]) for name, word in words.items()})


UNTOLD = {"chatgpt": "unchecked", "openai": "unchecked", "stripe": "unchecked"}
#: id: (lines before the include, what coverage says)
BEFORE = {
    "any-of": ("acl a1 dstdomain .chatgpt.com\nacl a2 dstdomain .openai.com\nacl ai any-of a1 a2\nhttp_access deny ai", {"chatgpt": "no", "openai": "no"}),
    "all-of": ("acl a1 dstdomain .claude.ai\nacl ai all-of CONNECT a1\nhttp_access deny ai", {}),
    "nested groups": ("acl a1 dstdomain .chatgpt.com\nacl o any-of a1\nacl ai all-of o lan\nhttp_access deny ai", {"chatgpt": "no"}),
    "word of an expression": ("acl ai dstdom_regex -i \\<chatgpt\\>\nhttp_access deny ai", {"chatgpt": "no"}),
    "class of an expression": ("acl ai dstdom_regex -i chat[[:alpha:]]pt\nhttp_access deny ai", {"chatgpt": "no"}),
    "case of an expression": ("acl ai dstdom_regex ChatGPT OpenAI\nhttp_access deny ai", {}),
    "anchors of an expression": ("acl ai dstdom_regex ^chatgpt\\.com$ ^api\\.openai\nhttp_access deny ai", {"chatgpt": "unchecked", "openai": "unchecked"}),
    "alternation": ("acl ai dstdom_regex (chat|open)(gpt|ai)\\.com$\nhttp_access deny ai", {"chatgpt": "no", "openai": "no"}),
    "expression about a CONNECT": ("acl ai url_regex ^js\\.stripe\\.com:443$\nhttp_access deny ai", {"stripe": "no"}),
    "a whole top-level domain": ("acl ai dstdomain .com\nhttp_access deny ai", {"chatgpt": "no", "openai": "no", "stripe": "no"}),
    "two names in one line of a list": ("acl ai dstdomain \"{folder}/two.txt\"\nhttp_access deny ai", {}),
    "nothing is read behind a list": ("acl ai dstdomain \"{folder}/claude.txt\" .chatgpt.com\nhttp_access deny ai", {}),
    "parameters": ("configuration_includes_quoted_values on\nacl ai dstdomain parameters(\"{folder}/chatgpt.txt\")\nconfiguration_includes_quoted_values off\n"
                   "http_access deny ai", {"chatgpt": "no"}),
    "stare": ("ssl_bump stare all", {"chatgpt": "yes/no", "openai": "yes/no"}),
    "peek at every step": ("ssl_bump peek all", {}),
    "bump at step 2": ("acl step2 at_step SslBump2\nssl_bump bump step2", {"chatgpt": "yes/no", "openai": "yes/no"}),
    "bump at step 3": ("acl step3 at_step SslBump3\nssl_bump bump step3", {}),
    "client-first": ("ssl_bump client-first all", {}),
    "a step of its own for each": ("acl step2 at_step SslBump2\nacl step3 at_step SslBump3\nacl bank ssl::server_name .bank.example\nssl_bump peek step2 bank\n"
                                   "ssl_bump splice step3 bank\nssl_bump stare step2\nssl_bump bump step3", {"chatgpt": "yes/no", "openai": "yes/no"}),
    "replies": ("acl st dstdomain js.stripe.com\nhttp_reply_access deny st", {"stripe": "no"}),
    "replies to a tunnel": ("acl ai dstdomain .chatgpt.com\nhttp_reply_access deny ai", {}),
    "after adaptation": ("acl ai dstdomain .chatgpt.com\nadapted_http_access deny ai", {"chatgpt": "no"}),
    "only what is allowed after adaptation": ("acl ai dstdomain .chatgpt.com\nadapted_http_access allow ai", {"openai": "no", "stripe": "no"}),
    "misses": ("acl ai dstdomain .chatgpt.com js.stripe.com\nmiss_access deny ai", {"chatgpt": "no", "stripe": "no"}),
    "no peer may": ("acl ai dstdomain .chatgpt.com\ncache_peer_access 127.0.0.1 deny ai", {"chatgpt": "unchecked"}),
    "peers that allow a part": ("acl ai dstdomain .chatgpt.com\ncache_peer_access 127.0.0.1 allow ai", {"openai": "unchecked", "stripe": "unchecked"}),
    "posts alone": ("acl post method POST\nhttp_access deny post", {"stripe": "unchecked"}),
    "requests inside": ("acl CONNECTS method CONNECT\nhttp_access deny !CONNECTS", {"stripe": "no"}),
    "a helper of hosts": ("external_acl_type u ttl=1 %DST {folder}/group\nacl bad external u\nhttp_access deny bad",
                          {"chatgpt": "unchecked", "openai": "unchecked", "stripe": "unchecked"}),
    "hours": ("acl always time SMTWHFA 00:00-24:00\nhttp_access deny always", {"chatgpt": "unchecked", "openai": "unchecked", "stripe": "unchecked"}),
    "more than so many connections": ("acl many maxconn 100\nhttp_access deny many", {"chatgpt": "unchecked", "openai": "unchecked", "stripe": "unchecked"}),
    "comments with quotes": ("acl ai dstdomain .chatgpt.com # the \"AI\" sites\nhttp_access deny ai # as \"asked\"", {"chatgpt": "no"}),
    "a backslash and a blank": ("acl ai dstdomain .chatgpt.com \\ \nhttp_access deny ai", {"chatgpt": "no"}),
    "a blank line in a line": ("acl ai dstdomain \\\n\n# no\n  .chatgpt.com\nhttp_access deny ai", {"chatgpt": "no"}),
    "a word over two lines": ("acl ai dstdomain .chat\\\n   gpt.com\nhttp_access deny ai", {"chatgpt": "no"}),
    "form feed and U+2028": ("# one \x0c two \u2028 three\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai", {"chatgpt": "no"}),
    "if": ("acl ai dstdomain .chatgpt.com\nif 1 = 2\nhttp_access deny all\nelse\nhttp_access deny ai\nendif", {"chatgpt": "no"}),
    "if in an if": ("acl ai dstdomain .chatgpt.com\nif false\nif true\nhttp_access deny ai\nendif\nendif", {"chatgpt": "no"}),
    "if by process": ("acl ai dstdomain .chatgpt.com\nif ${process_number} = 7\nelse\nhttp_access deny ai\nendif", {"chatgpt": "unchecked"}),
    "names of ACLs in another case": ("acl ai dstdomain .claude.ai\nacl AI dstdomain .chatgpt.com\nhttp_access deny Ai", {"chatgpt": "no"}),
    "access lines that name no ACL": ("http_access allow\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai\nhttp_access deny", {"chatgpt": "no"}),
    "a bump that names no ACL": ("ssl_bump bump", {"chatgpt": "yes/no", "openai": "yes/no"}),
    "a method in another case": ("acl c method connect\nacl ai dstdomain .chatgpt.com\nhttp_access deny c ai", {"chatgpt": "no"}),
    "a step in another case": ("acl step2 at_step sslbump2\nssl_bump bump step2", {"chatgpt": "yes/no", "openai": "yes/no"}),
    "IPv4 written in IPv6": ("acl q src ::ffff:127.0.0.2\nhttp_access deny q", {"chatgpt": "no", "openai": "no", "stripe": "no"}),
    "all of IPv6": ("acl q src ::/0\nhttp_access allow q\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai", {"chatgpt": "no"}),
    "a class in an include": ("acl ai dstdomain .chatgpt.com\ninclude {folder}/[[:alpha:]]\\ai[.]rules", {"chatgpt": "no"}),
    "quoted values by an older word": ("configuration_includes_quoted_values enable\nacl ai dstdomain parameters(\"{folder}/chatgpt.txt\")\n"
                                       "configuration_includes_quoted_values disable\nhttp_access deny ai", {"chatgpt": "no"}),
    "an expression that Python would try for ever": ("acl x dstdom_regex ^([a-z0-9-]+\\.?)+\\.ru$\nhttp_access deny x",
                                                     {"chatgpt": "unchecked", "openai": "unchecked", "stripe": "unchecked"}),
    "so many connections of a client": ("client_ip_max_connections 9", {"chatgpt": "unchecked", "openai": "unchecked", "stripe": "unchecked"}),
    "a list of the instance": ("acl ai dstdomain \"{folder}/${service_name}.txt\"\nhttp_access deny ai", {"chatgpt": "no"}),
}
#: The same, of what sites were found with later.
MORE = {
    "a dot behind a name": ("acl ai dstdomain .chatgpt.com.\nhttp_access deny ai", {}),
    "a name in capitals": ("acl ai dstdomain .ChatGPT.com\nhttp_access deny ai", {"chatgpt": "no"}),
    "the name without those below": ("acl ai dstdomain chatgpt.com\nhttp_access deny ai", {"chatgpt": "unchecked"}),
    "an asterisk in a name": ("acl ai dstdomain *.chatgpt.com\nhttp_access deny ai", {}),
    "a second line of all-of": ("acl a1 dstdomain .chatgpt.com\nacl a2 dstdomain .openai.com\nacl x all-of CONNECT a1\nacl x all-of a2\nhttp_access deny x",
                                {"chatgpt": "no", "openai": "no"}),
    "a group of all but one": ("acl a1 dstdomain .claude.ai\nacl x any-of !a1\nhttp_access deny x", {"chatgpt": "no", "openai": "no", "stripe": "no"}),
    "those who are not there": ("acl ai dstdomain .chatgpt.com\nhttp_access deny ai !lan", {}),
    "ports but one": ("acl ai dstdomain .chatgpt.com\nacl p port 1-442 444-65535\nhttp_access deny !p ai", {"chatgpt": "no"}),
    "names without a lookup": ("acl ai dstdomain -n .chatgpt.com\nhttp_access deny ai", {"chatgpt": "no"}),
    "case from the second expression on": ("acl ai dstdom_regex chatgpt -i OPENAI\nhttp_access deny ai", {"chatgpt": "no", "openai": "no"}),
    "case of the first expression": ("acl ai dstdom_regex -i CHATGPT +i OPENAI\nhttp_access deny ai", {"chatgpt": "no"}),
    "the URL of a CONNECT, to its end": ("acl ai url_regex -i ^ChatGPT\\.com:443$\nhttp_access deny ai", {"chatgpt": "unchecked"}),
    "a port in a URL": ("acl ai url_regex :443\nhttp_access deny ai", {"chatgpt": "no", "openai": "no", "stripe": "no"}),
    "one method": ("acl m method GET\nhttp_access deny m", {"stripe": "unchecked"}),
    "terminate by name": ("acl s ssl::server_name .chatgpt.com\nssl_bump terminate s", {"chatgpt": "no"}),
    "splice all": ("ssl_bump splice all", {}),
    "a bump of others": ("ssl_bump bump !lan", {}),
    "the name in a certificate": ("acl s ssl::server_name --server-provided .chatgpt.com\nssl_bump terminate s", {}),
    "the name that all agree on": ("acl s ssl::server_name --consensus .chatgpt.com\nssl_bump bump s", {"chatgpt": "yes/no"}),
    "an expression about the handshake": ("acl s ssl::server_name_regex -i chatgpt\nssl_bump bump s", {"chatgpt": "yes/no"}),
    "a port of the proxy": ("acl ai dstdomain .chatgpt.com\nacl l localport 1-65535\nhttp_access deny l ai", {"chatgpt": "no"}),
    "a range with a mask": ("acl w src 127.0.0.2-127.0.0.2/32\nhttp_access deny w", UNTOLD),
    "a mask in dots": ("acl w src 127.0.0.0/255.255.255.252\nhttp_access deny w", {"chatgpt": "no", "openai": "no", "stripe": "no"}),
    "tabs": ("acl\tai\tdstdomain\t.chatgpt.com\nhttp_access\tdeny\tai", {"chatgpt": "no"}),
    "a value that is taken for a file": ("acl ai dstdomain \".chatgpt.com\"\nhttp_access deny ai", UNTOLD),
    "a header that is needed": ("request_header_access Host deny all", {"stripe": "unchecked"}),
    "all replies": ("http_reply_access deny all", {"stripe": "no"}),
    "all misses": ("miss_access deny all", {"chatgpt": "no", "openai": "no", "stripe": "no"}),
    "those who may after adaptation": ("adapted_http_access allow lan", {}),
    "a page of its own": ("acl ai dstdomain .chatgpt.com\ndeny_info 302:http://192.0.2.1/ ai\nhttp_access deny ai", {"chatgpt": "no"}),
    "two lines of an ACL": ("acl ai dstdomain .chatgpt.com\nacl ai dstdomain .openai.com\nhttp_access deny ai", {"chatgpt": "no", "openai": "no"}),
    "two names at once": ("acl ai dstdomain .chatgpt.com\nacl b dstdomain .openai.com\nhttp_access deny ai b", {}),
    "a name that is it and is not": ("acl ai dstdomain .chatgpt.com\nhttp_access deny ai ai !ai", {}),
    "requests of the proxy itself": ("acl ti transaction_initiator internal\nhttp_access deny ti", UNTOLD),
    "a note that is never set": ("acl mark annotate_client a=b\nacl is note a b\nhttp_access deny mark !all\nhttp_access deny is", UNTOLD),
    "any browser": ("acl b browser .\nhttp_access deny b", UNTOLD),
    "headers of no size": ("request_header_max_size 10 bytes", UNTOLD),
    "replies with headers of no size": ("reply_header_max_size 10 bytes", UNTOLD),
    "uploads of no size": ("request_body_max_size 10 bytes", {"stripe": "unchecked"}),
    "no attempt to forward": ("forward_max_tries 0", UNTOLD),
    "no peer for anybody": ("cache_peer_access 127.0.0.1 deny all", UNTOLD),
    "an allow above a deny": ("acl ai dstdomain .chatgpt.com\nacl m method CONNECT\nhttp_access allow ai m\nhttp_access deny ai", {}),
    "a method alone": ("acl p method POST\nhttp_access allow p\nhttp_access deny all", {"chatgpt": "no", "openai": "no", "stripe": "no"}),
    "all others before a deny": ("acl m src 127.0.0.0/30\nhttp_access allow !m\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai", {"chatgpt": "no"}),
    "by dice": ("acl r random 1/1000000\nhttp_access deny r", UNTOLD),
    "an address of the proxy": ("acl l localip 127.0.0.1\nhttp_access deny l", UNTOLD),
    "the path of a CONNECT": ("acl u urlpath_regex ^/\nhttp_access deny u", UNTOLD),
    "a scheme": ("acl u proto HTTP\nhttp_access deny u", UNTOLD),
    "the scheme inside": ("acl u proto HTTPS\nhttp_access deny u", {"chatgpt": "unchecked", "openai": "unchecked", "stripe": "no"}),
    "peek at step 2": ("acl step2 at_step SslBump2\nssl_bump peek step2", {}),
    "stare at all but one": ("acl step2 at_step SslBump2\nacl s ssl::server_name js.stripe.com\nssl_bump stare step2 !s\nssl_bump splice all",
                             {"chatgpt": "yes/no", "openai": "yes/no"}),
    "all headers but one": ("request_header_access All deny all\nrequest_header_access Host allow all", {"stripe": "unchecked"}),
    "a header of the proxy": ("request_header_access Proxy-Authorization deny all", {}),
    "more than so many addresses": ("auth_param basic program {folder}/check-password\nacl mu max_user_ip 1\nhttp_access deny mu", UNTOLD),
    "the status of a reply": ("acl h http_status 200\nhttp_reply_access deny h", {"stripe": "unchecked"}),
    "the type of a reply": ("acl h rep_mime_type .\nhttp_reply_access deny h", {"stripe": "unchecked"}),
    "a mark before the first line of a list": ("acl ai dstdomain \"{folder}/bom.txt\"\nhttp_access deny ai", {"openai": "no"}),
    "a list from another system": ("acl ai dstdomain \"{folder}/crlf.txt\"\nhttp_access deny ai", {"chatgpt": "no", "openai": "no"}),
    "a NUL in a list": ("acl ai dstdomain \"{folder}/nul.txt\"\nhttp_access deny ai", {"chatgpt": "no"}),
    "a NUL in a line": ("acl ai dstdomain .chatgpt.com\0.foo\nhttp_access deny ai\0 !all", {"chatgpt": "no"}),
    "a NUL before a backslash": ("acl ai dstdomain .chatgpt.com\0 \\\nhttp_access deny ai", {"chatgpt": "no"}),
    "a tab in a condition": ("acl ai dstdomain .chatgpt.com\nif\t1 = 2\nhttp_access deny ai\nendif", {}),
    "a pool without bytes": ("delay_pools 1\ndelay_class 1 1\ndelay_parameters 1 0/0\ndelay_access 1 allow all", UNTOLD),
    "a folder in place of a file": ("include {folder}/conf.d\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai", {"chatgpt": "no"}),
    "a comment behind blanks in a list": ("acl ai dstdomain \"{folder}/ind.txt\"\nhttp_access deny ai", {"openai": "no"}),
}
#: In make test; the others are in make test-all. What a reader of the text gets wrong is seen by test_judge as well.
SAMPLE = ("any-of", "stare", "replies")


def each(cases: dict, sample: tuple = ()):
    return [pytest.param(*case, id=name, marks=() if name in sample else pytest.mark.exhaustive) for name, case in cases.items()]


@pytest.mark.parametrize("before,words", each({**BEFORE, **MORE}, SAMPLE))
def test_what_is_claimed_holds(rig, before, words):
    lists = {"two.txt": ".claude.ai .chatgpt.com\n", "claude.txt": ".claude.ai\n", "chatgpt.txt": ".claude.ai\n.chatgpt.com\n",
             "bom.txt": "\ufeff.chatgpt.com\n.openai.com\n", "crlf.txt": ".chatgpt.com\r\n.openai.com\r\n", "ind.txt": "  # .chatgpt.com\n\t.openai.com # x\n",
             "nul.txt": "\0.claude.ai\n.chatgpt.com\0.foo\n",
             "xai.rules": "http_access deny ai\n", rig.squid.name + ".txt": ".chatgpt.com\n"}
    given(rig, before, lists=lists)
    assert claims_hold(rig) == expected(words)


#: id: (lines before the include, those that let people in, who signs in, whether that user gets in)
LOGINS = {
    "a group by %LOGIN": (GROUP % "LOGIN", "http_access allow lan inet", "alice", "unchecked"),
    "a group by %ul": (GROUP % "ul", "http_access allow lan inet", "alice", "unchecked"),
    "another group": (GROUP % "LOGIN", "http_access allow lan inet", "bob", "unchecked"),
    "any-of": (SIGN_IN + "acl who any-of staff\n", "http_access allow lan who", "alice", "yes"),
    "all-of": (SIGN_IN + "acl who all-of lan staff\n", "http_access allow who", "alice", "yes"),
    "a deny": (SIGN_IN, "http_access deny !staff\nhttp_access allow lan", "alice", "yes"),
    "a group by a format with modifiers, beside a host": (GROUP % "#ul %>rd", "http_access allow lan inet", "alice", "unchecked"),
}


@pytest.mark.parametrize("before,late,user,word", each(LOGINS, ("a group by %LOGIN",)))
def test_nobody_gets_in_without_the_login_that_the_site_asks_for(rig, before, late, user, word):
    given(rig, before, late=late)
    found = claims_hold(rig, user=user)
    assert {allowed for allowed, _exempt in found.values()} == {word}
    assert {fetch(host, rig.squid.port).connect for host in ("chatgpt.com", "js.stripe.com")} == {407}


@pytest.mark.exhaustive
def test_a_kiosk_without_login_keeps_its_access(rig):
    given(rig, SIGN_IN + "acl kiosk src 127.0.0.3\n", late="http_access allow kiosk\nhttp_access allow lan staff")
    with pytest.raises(Failed, match="has access without a login"):
        rig.run(adapter=rig.adapter(networks=("127.0.0.2/31",)))
    rig.run(adapter=rig.adapter(networks=("127.0.0.3/32",)))
    assert decide("chatgpt.com", rig.squid.port, "127.0.0.3") == ("allow", "tunnel") and fetch("chatgpt.com", rig.squid.port).status == 403
    pilot = dict(drop_in=str(rig.squid.drop_in_dir / "netaccess-staff.conf"), list_dir=str(rig.squid.folder / "staff-lists"))
    rig.run(adapter=rig.adapter(**pilot))
    assert fetch("chatgpt.com", rig.squid.port).connect == 407 and decide("chatgpt.com", rig.squid.port, user="alice") == ("allow", "tunnel")
    assert decide("chatgpt.com", rig.squid.port, "127.0.0.3") == ("allow", "tunnel")
    rig.run("deleted", adapter=rig.adapter(**pilot))


@pytest.mark.exhaustive
def test_a_quarantine_behind_the_include_is_not_let_in(rig):
    given(rig, after="acl quarantine src 127.0.0.4\nhttp_access deny quarantine")
    with pytest.raises(Failed, match="http_access deny quarantine blocks a part of the audience"):
        rig.run(adapter=rig.adapter(networks=(), everyone=True), accept_wider_audience=False)
    assert rig.decide(STRANGER, "chatgpt.com")[0] == "block"


@pytest.mark.exhaustive
def test_names_of_users_are_those_that_squid_makes_of_them(rig):
    given(rig, SIGN_IN, late="http_access allow lan staff")
    rig.run(adapter=rig.adapter(users=("DOM\\Alice", "Carol")))
    seen = {user: decide("chatgpt.com", rig.squid.port, user=user)[0] for user in ("DOM\\Alice", "Carol", "carol", "bob")}
    assert seen == {"DOM\\Alice": "allow", "Carol": "allow", "carol": "allow", "bob": "block"}


@pytest.mark.exhaustive
def test_two_drop_ins_do_not_see_each_other(rig):
    rig.run()
    pilot = rig.adapter(networks=("127.0.0.3/32",), drop_in=str(rig.squid.drop_in_dir / "netaccess-pilot.conf"), list_dir=str(rig.squid.folder / "pilot"))
    rig.run(adapter=pilot, policy=Policy.from_config({"allow": ["x.other-ai.example"], "exempt": ["x.other-ai.example"]}))
    seen = {(source, host): decide(host, rig.squid.port, source)[0] for source in ("127.0.0.2", "127.0.0.3") for host in ("chatgpt.com", "x.other-ai.example")}
    assert [key for key, word in seen.items() if word == "allow"] == [("127.0.0.2", "chatgpt.com"), ("127.0.0.3", "x.other-ai.example")]
    rig.run("deleted", adapter=pilot, policy=Policy())


@pytest.mark.exhaustive
def test_a_method_that_administers_the_proxy_stays_shut(rig):
    given(rig, late="acl purge method PURGE TRACE\nhttp_access deny purge\nhttp_access allow lan")
    rig.run()

    def asked(method):
        with socket.create_connection(("127.0.0.1", rig.squid.port), 6, source_address=("127.0.0.2", 0)) as raw:
            raw.sendall(("%s http://chatgpt.com:443/ HTTP/1.1\r\nHost: chatgpt.com:443\r\nConnection: close\r\n\r\n" % method).encode())
            return raw.recv(60).split()[1].decode()
    assert {method: asked(method) for method in ("PURGE", "TRACE")} == {"PURGE": "403", "TRACE": "403"}


@pytest.mark.exhaustive
def test_inspection_that_our_peek_would_end_is_refused(make):
    rig = make(peek=False)
    rig._edit(rig.squid.config, lambda text: text.replace("ssl_bump bump all", "ssl_bump bump step1"))
    with pytest.raises(Failed, match="decrypts at step 1 only"):
        rig.run(accept_wider_audience=False)
    assert fetch("chatgpt.com", rig.squid.port, sni="www.example.com").decrypted


@pytest.mark.exhaustive
def test_cookies_that_are_stripped_under_any_spelling_come_through(rig):
    rig._edit(rig.squid.config, lambda text: text.replace("Cookie deny", "cookie deny").replace("Set-Cookie deny", "set-cookie deny"))
    rig.run()
    answer = fetch("js.stripe.com", rig.squid.port, path="/__echo", headers={"Cookie": "a=b"})
    assert json.loads(answer.body)["headers"].get("cookie") == "a=b" and "set-cookie" in answer.headers
