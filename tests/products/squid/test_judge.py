# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a site's configuration is judged, on files that no Squid runs. What a real one then does is in test_sites."""
from __future__ import annotations

import re

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.target import desired
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.adapter import SquidAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.control import workers_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import ALLOW_RULE, SPLICE_RULE, Settings, render_drop_in
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.force import Files
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.process import NONE, Build, Seen, listening

CHATGPT, OPENAI, STRIPE = ".chatgpt.com", "*.openai.com", "js.stripe.com"
POLICY = {"allow": [CHATGPT, OPENAI, STRIPE], "exempt": [CHATGPT, OPENAI]}
HEAD = """http_port 127.0.0.1:3128 ssl-bump cert=/x.pem
acl lan src 10.0.0.0/8
acl SSL_ports port 443
acl Safe_ports port 80 443
acl CONNECT method CONNECT
acl step1 at_step SslBump1
http_access deny !Safe_ports
http_access deny CONNECT !SSL_ports
"""
TAIL = "ssl_bump bump all\nhttp_access allow lan\nhttp_access deny all\n"
PEEK = "ssl_bump peek step1\n"
INCLUDE = "include {folder}/conf.d/*.conf\n"
QUOTED = "configuration_includes_quoted_values on\n"
SIGN_IN = "auth_param basic program /x\nacl staff proxy_auth REQUIRED\n"
WHOLE, NOBODY = "10.0.0.0/8", "192.0.2.0/24"


class Parsed:
    """Stands for a Squid that is not asked."""

    commands, left, unopened = 0, 9.0, ()

    def build(self) -> Build:
        return Build("5.7", True)

    def begin(self) -> None:
        """Nothing parses."""

    def close(self) -> None:
        """Nothing was started."""

    def check_site(self, files, glob) -> None:
        """Takes any configuration."""

    def look(self, site) -> Seen:
        return Seen(NONE)


class Site:
    """A site of files: ``before`` and ``after`` the include; ``lists``: {name: text} beside the configuration; ``text``: all of it instead."""

    def __init__(self, folder, before="", after="", lists=None, text=None, head=HEAD, tail=TAIL, drop_in="netaccess-chatgpt.conf", **settings):
        self.folder = folder
        (folder / "conf.d").mkdir(exist_ok=True)
        for name, content in (lists or {}).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(self._told(content).encode("utf-8", "surrogateescape"))
        text = head + PEEK + before + "\n" + INCLUDE + after + "\n" + tail if text is None else text
        (folder / "squid.conf").write_bytes(self._told(text).encode("utf-8", "surrogateescape"))
        values = dict(config_file=str(folder / "squid.conf"), drop_in=str(folder / "conf.d" / drop_in), list_dir=str(folder / "lists"))
        if not {"networks", "everyone", "users", "acls"} & set(settings):
            settings["networks"] = ("10.1.0.0/16",)
        self.adapter = SquidAdapter(Settings(**values, **settings), Parsed())

    def _told(self, text: str) -> str:
        return text.replace("{folder}", str(self.folder))

    def foreseen(self, policy=None) -> Assessment:
        """What is said of the site once ours is written."""
        policy, state = Policy.from_config(policy or POLICY), self.adapter.read()
        self.after = desired("merged", self.adapter.target(policy, state), state, Options())
        return self.adapter.assess(policy, self.after)

    def line(self, ref=ALLOW_RULE) -> str:
        """The words of a rule of ours."""
        return " ".join(self.after.objects[ref].fields["acls"])


@pytest.fixture
def site(tmp_path):
    def build(before="", after="", **options) -> Site:
        return Site(tmp_path, before, after, **options)
    return build


def allowed(found: Assessment) -> dict:
    return {row.pattern: row.allowed for row in found.coverage}


def exempt(found: Assessment) -> dict:
    return {row.pattern: row.exempt for row in found.coverage}


def only(**words) -> dict:
    """Coverage where all but these are open."""
    names = {"chatgpt": CHATGPT, "openai": OPENAI, "stripe": STRIPE}
    return dict(dict.fromkeys(names.values(), "yes"), **{names[name]: word for name, word in words.items()})


ALL_YES = only()
ALL_NO = only(chatgpt="no", openai="no", stripe="no")
ALL_MAY = only(chatgpt="unchecked", openai="unchecked", stripe="unchecked")
EXEMPT = {CHATGPT: "yes", OPENAI: "yes", STRIPE: "not wanted"}
DECRYPTED = {CHATGPT: "no", OPENAI: "no", STRIPE: "not wanted"}
PERHAPS = {CHATGPT: "unchecked", OPENAI: "unchecked", STRIPE: "not wanted"}


def test_a_site_without_any_of_it_is_open(site):
    found = site().foreseen()
    assert allowed(found) == ALL_YES and exempt(found) == EXEMPT and found.conflicts == [] and found.audience_widened == []


# -- types of ACLs


@pytest.mark.parametrize("acl,word", [
    ("acl x dstdomain .chatgpt.com", only(chatgpt="no")), ("acl x dstdomain ab.chatgpt.com", only(chatgpt="unchecked")),
    ("acl x dstdomain .com", ALL_NO), ("acl x dstdomain -n .ChatGPT.com", only(chatgpt="no")), ("acl x dstdomain *.openai.com", ALL_YES),
    ("acl a dstdomain .chatgpt.com\nacl b dstdomain .openai.com\nacl x any-of a b", only(chatgpt="no", openai="no")),
    ("acl a dstdomain .claude.ai\nacl x all-of CONNECT a", ALL_YES), ("acl a dstdomain .chatgpt.com\nacl x all-of CONNECT a", only(chatgpt="no")),
    ("acl a dstdomain .claude.ai\nacl b dstdomain .chatgpt.com\nacl x all-of CONNECT a\nacl x all-of CONNECT b", only(chatgpt="no")),
    ("acl a dstdomain .chatgpt.com\nacl c any-of a\nacl x all-of c lan", only(chatgpt="no")),
    ("acl a dstdomain .chatgpt.com\nacl x all-of lan !a", only(openai="no", stripe="no")),
    ("acl a dstdomain .chatgpt.com\nacl t time 09:00-17:00\nacl x all-of t a", only(chatgpt="unchecked")),
    ("acl x time MTWHF 09:00-17:00", ALL_MAY), ("acl x browser -i mozilla", ALL_MAY), ("acl x maxconn 20", ALL_MAY), ("acl x random 0.5", ALL_MAY),
    ("external_acl_type u %SRC %DST /x\nacl x external u", ALL_MAY), ("acl x localip 10.0.0.1", ALL_MAY), ("acl x next_year 1", ALL_MAY),
    ("acl x dst 192.0.2.0/24", ALL_MAY), ("acl x dst 127.0.0.0/8", ALL_YES), ("acl x http_status 404", ALL_YES),
    ("acl x annotate_client a=b", ALL_NO),
    ("acl x port 443", ALL_NO), ("acl x port 1-1023", ALL_NO), ("acl x port 80", ALL_YES), ("acl x localport 3128", ALL_NO),
    ("acl x localport 80", ALL_YES),
    ("acl x method PURGE", ALL_YES), ("acl x method POST", only(stripe="unchecked")), ("acl x method CONNECT", ALL_NO),
    ("acl x proto FTP", ALL_YES), ("acl x proto HTTPS", only(chatgpt="unchecked", openai="unchecked", stripe="no")),
    ("acl x urlpath_regex -i \\.exe$", only(stripe="unchecked")), ("acl x transaction_initiator client", ALL_NO),
    ("acl x src 10.0.0.0/8", ALL_NO), ("acl x src 10.1.7.0/24", ALL_MAY), ("acl x src 192.0.2.1", ALL_YES),
    ("acl x src 10.0.0.0-10.255.255.255", ALL_NO),
    ("acl x src 10.0.0.0/255.0.0.0", ALL_NO), ("acl x src all", ALL_NO), ("acl x src somewhere.example.com", ALL_MAY),
    ("acl all src 192.0.2.0/24\nacl x any-of all", ALL_NO),
    # The case of a name does not count; lines of one name in different cases add up.
    ("acl x dstdomain .claude.ai\nacl X dstdomain .chatgpt.com", only(chatgpt="no")), ("acl A dstdomain .chatgpt.com\nacl x any-of a", only(chatgpt="no")),
    ("acl x any-of ALL", ALL_NO), ("acl x all-of LAN", ALL_NO), ("acl x any-of X", ALL_MAY),
    ("acl x method connect", ALL_NO), ("relaxed_header_parser off\nacl x method connect", ALL_MAY), ("acl x method post", only(stripe="unchecked")),
    ("acl x src ::ffff:10.0.0.0/104", ALL_NO), ("acl x src ::ffff:10.1.7.1", ALL_MAY), ("acl x src ::ffff:192.0.2.1-::ffff:192.0.2.9", ALL_YES),
    ("acl x src fd10::/16", ALL_YES), ("acl x src ::/0", ALL_YES), ("acl x src 0.0.0.0-255.255.255.255", ALL_NO),
    ("acl x myportname 127.0.0.1:3128", ALL_NO), ("acl x myportname other", ALL_YES), ("acl x any-of nothing_of_that_name", ALL_MAY),
])
def test_a_deny_before_ours_by_the_type_of_its_acl(site, acl, word):
    found = site(acl + "\nhttp_access deny x").foreseen()
    assert allowed(found) == word
    hosts, shut = {host for one in found.conflicts for host in one.hosts}, {host for host, told in word.items() if told != "yes"}
    assert hosts <= shut and bool(hosts) is bool(shut)
    assert [bool(one.remedy) for one in found.conflicts] == [one.certain for one in found.conflicts]


@pytest.mark.parametrize("acl,why", [
    ("acl x next_year 1", "ACL x has the unsupported type next_year"),
    ("acl x time 09:00-17:00", "ACL x (time) cannot be evaluated here"),
    ("acl t time 09:00-17:00\nacl x all-of t", "ACL t (time) cannot be evaluated here"), ("acl y src all", "ACL x is not defined")])
def test_what_cannot_be_told_is_named(site, acl, why):
    found = site(acl + "\nhttp_access deny x").foreseen()
    assert why in found.coverage[0].note and why in found.conflicts[0].text


@pytest.mark.parametrize("line", [
    "http_access allow", "http_access allow # all", "http_access deny", "miss_access deny", "http_access deny\nhttp_access allow"])
def test_a_line_of_an_access_list_that_names_no_acl_says_nothing(site, line):
    """As Squid has it, with a warning; of ssl_bump such a line counts."""
    found = site(line + "\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai").foreseen()
    assert allowed(found) == only(chatgpt="no")
    assert exempt(site("ssl_bump bump").foreseen()) == DECRYPTED


@pytest.mark.parametrize("line", ["acl x dstdomain .chatgpt.com\nhttp_access allow x", "http_access allow lan"])
def test_what_is_surely_let_in_before_a_deny_is_not_shut_by_it(site, line):
    found = site(line + "\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai").foreseen()
    assert allowed(found) == ALL_YES


@pytest.mark.parametrize("acl", ["time 09:00-17:00", "req_mime_type json", "src 10.1.2.0/24", "dstdomain ab.chatgpt.com"])
def test_what_may_be_let_in_before_a_deny_is_not_surely_shut_by_it(site, acl):
    """That line is in the way all the same, and can be taken out of it."""
    found = site("acl t %s\nhttp_access allow t\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai" % acl).foreseen()
    assert allowed(found) == only(chatgpt="unchecked")
    assert "http_access deny ai denies what" in found.coverage[0].note and "http_access allow t does not allow" in found.coverage[0].note
    conflict, = [one for one in found.conflicts if one.effect == "deny"]
    assert conflict.certain and conflict.remedy and conflict.text == "http_access deny ai"


@pytest.mark.parametrize("expression,word", [("^/", ALL_MAY), ("^$", ALL_MAY), (".*", ALL_MAY), ("\\.exe$", only(stripe="unchecked"))])
def test_the_path_of_a_connect_is_a_slash_or_none(site, expression, word):
    assert allowed(site("acl u urlpath_regex %s\nhttp_access deny u" % expression).foreseen()) == word


@pytest.mark.parametrize("kind", ["any-of", "all-of"])
def test_groups_are_read_deeper_than_python_calls_itself(site, kind):
    groups = "".join("acl g%d %s g%d\n" % (number, kind, number - 1) for number in range(1, 1200))
    assert allowed(site("acl g0 dstdomain .chatgpt.com\n" + groups + "http_access deny g1199").foreseen()) == only(chatgpt="no")
    assert allowed(site("acl g0 src 10.1.2.0/24\n" + groups + "http_access deny g1199").foreseen()) == ALL_MAY


def test_where_only_squid_knows_whether_it_includes_ours_the_exemption_is_unchecked(site):
    found = site(text=HEAD + PEEK + "if ${process_number} = 1\n" + INCLUDE + "endif\n" + TAIL).foreseen()
    assert {row.pattern: row.exempt for row in found.coverage} == PERHAPS


def test_groups_that_share_their_parts_are_asked_once_for_each(site):
    """Else it would be twice as often with each level."""
    groups = "".join("acl g%d any-of g%d !g%d\n" % (number, number - 1, number - 1) for number in range(1, 60))
    assert allowed(site("acl g0 dstdomain .chatgpt.com\n" + groups + "http_access deny g59").foreseen()) == ALL_NO


def test_lines_that_may_look_at_a_connection_lead_to_the_next_step_once(site):
    """Else a thousand million questions would be asked of five hundred lines."""
    lines = "".join("acl p%d time 0%d:00-17:00\nssl_bump %s p%d\n" % (number, number % 9, ("peek", "stare")[number % 2], number) for number in range(500))
    found = site(text=HEAD + lines + INCLUDE + TAIL).foreseen()
    assert {row.exempt for row in found.coverage} == {"unchecked", "not wanted"}


# -- regular expressions


@pytest.mark.parametrize("acl,word", [
    ("url_regex -i \\<chatgpt\\>", only(chatgpt="no", stripe="unchecked")), ("dstdom_regex -i chat[[:alpha:]]pt", only(chatgpt="no")),
    ("dstdom_regex (chat|open)(gpt|ai)\\.", only(chatgpt="no", openai="no")), ("dstdom_regex ^chatgpt\\.com$", only(chatgpt="unchecked")),
    ("dstdom_regex (^|\\.)chatgpt\\.com$", only(chatgpt="no")), ("dstdom_regex ChatGPT OpenAI", ALL_YES),
    ("dstdom_regex -i ChatGPT OpenAI", only(chatgpt="no", openai="no")),
    ("dstdom_regex +i ChatGPT", ALL_YES), ("dstdom_regex -ni ChatGPT", only(chatgpt="no")), ("dstdom_regex ChatGPT -i OpenAI", only(openai="no")),
    ("dstdom_regex -i ^ab\\.chatgpt", only(chatgpt="unchecked")),
    ("dstdom_regex -i claude", ALL_YES), ("dstdom_regex -i api", only(chatgpt="unchecked", openai="unchecked")), ("dstdom_regex x\\d", ALL_YES),
    ("dstdom_regex (a", ALL_MAY), ("dstdom_regex *a", ALL_MAY),
    ("dstdom_regex \\1", ALL_MAY),
    # Python would try each way to match these; glibc does not.
    ("dstdom_regex ^([a-z0-9-]+\\.?)+\\.ru$", ALL_MAY), ("dstdom_regex ^(x*y*)*\\.ru$", ALL_MAY), ("dstdom_regex (a|[a-z])+\\.ru$", ALL_MAY),
    ("dstdom_regex ([a-z]+){2,9}$", ALL_MAY), ("dstdom_regex (cha|chat)+gpt", ALL_MAY), ("dstdom_regex (chat|ai)+gpt", only(chatgpt="no")),
    ("dstdom_regex ^([^.]+\\.)*chatgpt\\.com$", only(chatgpt="no")), ("dstdom_regex ^([0-9]{1,3}\\.){3}[0-9]", ALL_YES),
    ("dstdom_regex ^chatgpt(\\.[a-z]+)+$", only(chatgpt="unchecked")),
    ("dstdom_regex ^(www\\.)?([a-z.]+\\.)?chatgpt\\.com$", only(chatgpt="unchecked")), ("dstdom_regex ^([a-z.]+\\.)*chatgpt", ALL_MAY),
    ("dstdom_regex chatgp+?t", only(chatgpt="no")), ("dstdom_regex .", ALL_NO), ("dstdom_regex ^[^]x]+\\.stripe\\.com$", only(stripe="no")),
    ("url_regex ^http://", ALL_YES), ("url_regex ^js\\.stripe\\.com:443$", only(stripe="no")),
    ("url_regex stripe\\.com/ads", only(stripe="unchecked")),
    ("ssl::server_name_regex -i chatgpt", only(chatgpt="no"))])
def test_regular_expressions_are_posix(site, acl, word):
    assert allowed(site("acl x %s\nhttp_access deny x" % acl).foreseen()) == word


def test_a_blank_in_an_expression_is_kept_by_a_backslash(site):
    assert allowed(site("acl x dstdom_regex a\\ b chatgpt # and \"more\"\nhttp_access deny x").foreseen()) == only(chatgpt="no")


# -- ssl_bump


@pytest.mark.parametrize("lines,word", [
    ("ssl_bump stare all", DECRYPTED), ("ssl_bump peek all", EXEMPT), ("acl two at_step SslBump2\nssl_bump stare two", DECRYPTED),
    ("acl two at_step SslBump2\nacl three at_step SslBump3\nssl_bump peek two\nssl_bump bump three", EXEMPT),
    ("acl three at_step SslBump3\nssl_bump bump three", EXEMPT), ("acl two at_step sslbump2\nssl_bump bump two", DECRYPTED),
    ("acl two at_step SslBump2\nssl_bump bump two", DECRYPTED),
    ("ssl_bump server-first all", EXEMPT),
    ("acl n ssl::server_name .chatgpt.com\nssl_bump bump n", {CHATGPT: "no", OPENAI: "yes", STRIPE: "not wanted"}),
    ("acl n ssl::server_name ab.chatgpt.com\nssl_bump bump n", {CHATGPT: "unchecked", OPENAI: "yes", STRIPE: "not wanted"}),
    ("acl n ssl::server_name --server-provided .chatgpt.com\nssl_bump bump n", EXEMPT),
    ("acl t time 09:00-17:00\nssl_bump bump t", PERHAPS), ("acl t time 09:00-17:00\nssl_bump stare t", PERHAPS), ("ssl_bump next-year all", PERHAPS),
    ("acl n ssl::server_name .chatgpt.com\nssl_bump splice n", EXEMPT),
    ("acl n dstdomain .chatgpt.com\nacl m all-of lan n\nssl_bump bump m", {CHATGPT: "no", OPENAI: "yes", STRIPE: "not wanted"})])
def test_what_becomes_of_a_connection_step_by_step(site, lines, word):
    found = site(lines).foreseen()
    assert exempt(found) == word
    named = {host for one in found.conflicts if one.effect == "decrypt" for host in one.hosts}
    assert named >= {host for host, told in word.items() if told in ("no", "unchecked")}


def test_at_the_first_step_the_site_decides_alone(site):
    text = HEAD + "ssl_bump client-first all\n" + INCLUDE + TAIL
    assert exempt(site(text=text).foreseen()) == DECRYPTED


def test_what_ends_by_terminate_is_shut(site):
    found = site("acl n ssl::server_name .chatgpt.com\nssl_bump terminate n").foreseen()
    assert allowed(found) == only(chatgpt="no") and exempt(found) == EXEMPT


# -- other lists


@pytest.mark.parametrize("lines,word", [
    ("adapted_http_access deny ai", only(chatgpt="no")), ("adapted_http_access allow lan\nadapted_http_access deny ai", ALL_YES),
    ("miss_access deny ai", only(chatgpt="no")), ("acl st dstdomain js.stripe.com\nhttp_reply_access deny st", only(stripe="no")),
    ("http_reply_access deny ai", ALL_YES),
    ("acl html rep_mime_type text/html\nhttp_reply_access allow html\nhttp_reply_access deny all", only(stripe="unchecked")),
    ("acl t time 09:00-17:00\nmiss_access allow t\nmiss_access deny ai\nmiss_access allow all", only(chatgpt="unchecked")),
    ("next_year_access deny ai", ALL_MAY), ("http_next_year on", ALL_MAY), ("never_direct allow all", ALL_YES),
    ("cache_peer 192.0.2.1 parent 3128 0\nnever_direct allow all\ncache_peer_access 192.0.2.1 deny ai", only(chatgpt="unchecked")),
    ("cache_peer 192.0.2.1 parent 3128 0 name=p\nnever_direct allow ai\ncache_peer_access p deny all", only(chatgpt="unchecked")),
    ("cache_peer 192.0.2.1 parent 3128 0 name=p\ncache_peer 192.0.2.2 parent 3128 0\nnever_direct allow ai\ncache_peer_access p deny all", ALL_YES),
    ("cache_peer 192.0.2.1 parent 3128 0 name=p\ncache_peer_access p deny all", ALL_YES),
    ("cache_peer 192.0.2.1 parent 3128 0 name=p\nalways_direct allow all\nnever_direct allow all\ncache_peer_access p deny all", ALL_YES),
    ("icap_enable on\nicap_service r reqmod_precache icap://127.0.0.1:1/x\nadaptation_access r allow all", ALL_MAY),
    ("icap_enable on\nicap_service r reqmod_precache icap://127.0.0.1:1/x\nadaptation_access r deny ai\nadaptation_access r allow all",
     only(openai="unchecked", stripe="unchecked")),
    ("icap_service r reqmod_precache icap://127.0.0.1:1/x\nadaptation_access r allow all", ALL_YES),
    ("icap_enable on\nicap_service r respmod_precache icap://127.0.0.1:1/x\nadaptation_access r allow all", only(stripe="unchecked")),
    ("ecap_enable on\necap_service r reqmod_precache uri=ecap://x\nadaptation_service_set s r\nadaptation_access s allow all", ALL_MAY),
    ("icap_enable on\nadaptation_access unheard_of allow all", ALL_MAY),
    ("url_rewrite_program /x", ALL_MAY), ("url_rewrite_program /x\nurl_rewrite_access deny all", ALL_YES),
    ("redirect_program /x\nredirector_access deny ai", only(openai="unchecked", stripe="unchecked")),
    ("request_header_access all deny all", only(stripe="unchecked")), ("request_header_access Authorization deny all", only(stripe="unchecked")),
    ("request_header_access X-Forwarded-For deny all", ALL_YES), ("reply_header_access CONTENT-TYPE deny all", only(stripe="unchecked")),
    ("miss_access allow lan", ALL_YES), ("miss_access allow ai", only(openai="no", stripe="no")), ("http_reply_access allow ai", only(stripe="no")),
    ("acl t time 09:00-17:00\nmiss_access allow t", ALL_MAY), ("miss_access next_year ai", ALL_MAY),
    ("cache_peer 192.0.2.1 parent 3128 0\nnever_direct deny ai\ncache_peer_access 192.0.2.1 allow ai", only(openai="unchecked", stripe="unchecked")),
    ("url_rewrite_program /x\nurl_rewrite_access allow ai", only(chatgpt="unchecked")), ("request_header_access Host allow ai", only(stripe="unchecked")),
    ("reply_body_max_size 10 MB", only(stripe="unchecked")), ("reply_body_max_size 10 MB ai", ALL_YES), ("reply_body_max_size none", ALL_YES),
    ("request_header_max_size 10 bytes", ALL_MAY), ("reply_header_max_size 32 KB", ALL_MAY), ("request_header_max_size 64 KB", ALL_YES),
    ("request_header_max_size 10 KB\nrequest_header_max_size 1 MB", ALL_YES), ("reply_header_max_size many", ALL_MAY),
    ("forward_max_tries 0", ALL_MAY), ("forward_max_tries 2", ALL_YES),
    ("request_body_max_size 1 MB", only(stripe="unchecked")), ("request_body_max_size 0", ALL_YES), ("request_body_max_size 0 KB", ALL_YES),
    ("follow_x_forwarded_for allow lan", ALL_MAY), ("follow_x_forwarded_for deny all", ALL_YES), ("include conf.d/*.conf", ALL_MAY),
    ("include {folder}/x${process_number}.conf", ALL_MAY), ("include {folder}/x[[:space:]].conf", ALL_MAY),
    ("delay_pools 1\ndelay_class 1 1\ndelay_parameters 1 0/0\ndelay_access 1 allow ai\ndelay_access 2 allow all", only(chatgpt="unchecked")),
    ("delay_pools 1\ndelay_class 1 2\ndelay_parameters 1 -1/-1 100/100\ndelay_access 1 allow all", ALL_MAY),
    ("delay_pools 1\ndelay_class 1 2\ndelay_parameters 1 -1/-1 64000/64000\ndelay_access 1 allow all", ALL_YES),
    ("delay_pools 1\ndelay_class 1 1\ndelay_parameters 1 1/1\ndelay_access 1 deny all", ALL_YES),
    ("client_delay_pools 1\nclient_delay_parameters 1 10 10\nclient_delay_access 1 allow all", ALL_MAY),
    ("response_delay_pool slow individual-restore=9 individual-maximum=-1\nresponse_delay_pool_access slow allow ai", only(chatgpt="unchecked")),
    ("http_port 3129 require-proxy-header\nproxy_protocol_access allow lan", ALL_MAY),
    ("client_ip_max_connections 4", ALL_MAY), ("client_ip_max_connections -1", ALL_YES), ("chroot /srv/squid", ALL_MAY)])
def test_what_else_may_shut_a_host_out(site, lines, word):
    found = site("acl ai dstdomain .chatgpt.com\n" + lines).foreseen()
    assert allowed(found) == word and all(row.note for row in found.coverage if row.allowed != "yes")


def test_an_unknown_directive_is_named(site):
    assert "squid.conf:10 http_next_year is not understood and may block it" in site("http_next_year on").foreseen().coverage[0].note


@pytest.mark.parametrize("line", ["cookie deny all", "Cookie deny all"])
def test_the_header_of_cookies_in_any_case_gets_a_rule_of_ours(site, line):
    made = site("", "request_header_access " + line)
    assert made.foreseen().conflicts == []
    assert any(ref.name == "request_header_access Cookie allow" for ref in made.after.objects)
    found = site("request_header_access " + line).foreseen()
    assert [(one.effect, one.hosts, one.certain) for one in found.conflicts] == [("cookies", (STRIPE,), True)]


def test_headers_that_are_all_stripped_are_named(site):
    found = site("", "request_header_access Host allow all\nrequest_header_access Cookie allow all\nrequest_header_access All deny all").foreseen()
    assert allowed(found) == only(stripe="unchecked") and "All deny all" in found.coverage[2].note


# -- the text


@pytest.mark.parametrize("before,word", [
    ("acl ai dstdomain .chatgpt.com \\ \nhttp_access deny ai", only(chatgpt="no")),
    ("acl ai dstdomain \\\n\n   .chatgpt.com\nhttp_access deny ai", only(chatgpt="no")),
    ("acl ai dstdomain .claude.ai \\\n# not now\n  .chatgpt.com\nhttp_access deny ai", only(chatgpt="no")),
    ("acl ai dstdomain .chat\\\n  gpt.com\nhttp_access deny ai", only(chatgpt="no")),
    ("acl ai dstdomain .chatgpt.com # the \"AI\" sites\nhttp_access deny ai # \"asked\"", only(chatgpt="no")),
    ("acl ai dstdomain .claude.ai #.chatgpt.com\nhttp_access deny ai", ALL_YES),
    ("# a \x0c form feed and \u2028 more\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai", only(chatgpt="no")),
    ("acl ai dstdomain .chatgpt.com\r\nhttp_access deny ai\r\n", only(chatgpt="no")),
    ("\t acl ai dstdomain .chatgpt.com\n\t http_access deny ai", only(chatgpt="no")),
    ("if true\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai\nendif", only(chatgpt="no")),
    ("if false\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai\nendif", ALL_YES),
    ("if\tfalse\nacl ai dstdomain .chatgpt.com\nhttp_access deny ai\nendif", ALL_YES),
    # The program reads a line as a string of C, which ends at a NUL.
    ("acl ai dstdomain .chatgpt.com\0.foo\nhttp_access deny ai\0 nobody", only(chatgpt="no")),
    ("acl ai dstdomain .chatgpt.com\0 \\\nhttp_access deny ai", only(chatgpt="no")),
    ("acl ai dstdomain .claude.ai \0.chatgpt.com\nhttp_access deny ai", ALL_YES),
    ("acl ai dstdomain \"{folder}/nul.txt\"\nhttp_access deny ai", only(chatgpt="no")),
    ("acl ai dstdomain .chatgpt.com\nif 1 = 2\nelse\nhttp_access deny ai\nendif", only(chatgpt="no")),
    ("acl ai dstdomain .chatgpt.com\nif 1=1\nelse\nhttp_access deny ai\nendif", ALL_YES),
    ("acl ai dstdomain .chatgpt.com\nif ${process_number} = 2\nhttp_access deny ai\nendif", only(chatgpt="unchecked")),
    ("acl ai dstdomain .chatgpt.com\nif ${process_number} = 2\nelse\nhttp_access deny ai\nendif", only(chatgpt="unchecked")),
    ("if ${process_number} = 2\nacl ai dstdomain .chatgpt.com\nendif\nhttp_access deny ai", ALL_MAY),
    ("acl ai dstdomain .chatgpt.com\nif false\nif true\nhttp_access deny ai\nendif\nendif", only(chatgpt="no")),
    ("acl ai dstdomain \"{folder}/ai.txt\"\nhttp_access deny ai", only(chatgpt="no")),
    ("acl ai dstdomain \"{folder}/two.txt\"\nhttp_access deny ai", ALL_YES),
    ("acl ai dstdomain \"{folder}/none.txt\"\nhttp_access deny ai", ALL_YES), ("acl ai dstdomain \"ai.txt\"\nhttp_access deny ai", ALL_MAY),
    ("acl ai dstdomain \"{folder}/ai${process_number}.txt\"\nhttp_access deny ai", ALL_MAY),
    ("acl ai dstdomain \"{folder}/${service_name}.txt\"\nhttp_access deny ai", only(chatgpt="no")),
    ("acl ai dstdomain \"{folder}/none.txt\" .chatgpt.com\nhttp_access deny ai", ALL_YES),
    (QUOTED + "acl ai dstdomain parameters(\"{folder}/ai.txt\")\nconfiguration_includes_quoted_values off\nhttp_access deny ai", only(chatgpt="no")),
    (QUOTED + "acl ai dstdomain \".chatgpt.com\"\nconfiguration_includes_quoted_values off\nhttp_access deny ai", only(chatgpt="no")),
    ("include {folder}/more.conf\nhttp_access deny ai", only(chatgpt="no")),
    ("include \"{folder}/more.conf\"\nhttp_access deny ai", only(chatgpt="no")),
    ("include {folder}/*/other.conf\nhttp_access deny other", only(openai="no")),
    ("include {folder}/[[:lower:]][^x]re[.]con\\f\nhttp_access deny ai", only(chatgpt="no")),
    (QUOTED.replace(" on", " enable") + "acl ai dstdomain parameters(\"{folder}/ai.txt\")\nconfiguration_includes_quoted_values disable\n"
     "http_access deny ai", only(chatgpt="no")),
])
def test_the_text_is_read_as_squid_reads_it(site, before, word):
    lists = {"ai.txt": "# AI\n.claude.ai # one\n .chatgpt.com \n", "squid.txt": ".chatgpt.com\n", "two.txt": ".claude.ai .chatgpt.com\n",
             "more.conf": "acl ai dstdomain .chatgpt.com\n", "nul.txt": "\0.claude.ai\n.chatgpt.com\0.foo\n",
             "sub/other.conf": "acl other dstdomain .openai.com\n"}
    assert allowed(site(before, lists=lists).foreseen()) == word


def test_a_list_that_may_not_be_read_is_not_empty(site, monkeypatch):
    made = site("acl ai dstdomain \"{folder}/ai.txt\"\nhttp_access deny ai", lists={"ai.txt": ".chatgpt.com"})
    read = Files.read
    monkeypatch.setattr(Files, "read", lambda files, path: forbidden(path) if path.endswith("ai.txt") else read(files, path))
    found = made.foreseen()
    assert allowed(found) == ALL_MAY and "ai.txt cannot be read: Permission denied" in found.coverage[0].note


def forbidden(path: str) -> str:
    raise PermissionError(13, "Permission denied", path)


@pytest.mark.parametrize("line", [
    "http_access", "ssl_bump", "request_header_access Cookie", "request_header_access", "adaptation_access x", "acl", "acl foo", "http_port",
    "url_rewrite_access", "deny_info",
    "cache_log", "request_header_add X", "request_header_add", "reply_header_access", "include", "external_acl_type", "cache_peer",
    "cache_peer_access", "never_direct", "if", "else",
    "endif", "auth_param", "reply_body_max_size", "icap_service", "adaptation_service_set", "adaptation_access", "follow_x_forwarded_for",
    "acl x all-of", "acl y any-of y"])
@pytest.mark.parametrize("place", ("before", "after"))
def test_a_directive_without_its_words_is_no_fault(site, line, place):
    found = site(**{place: line + "\n"}).foreseen()
    assert set(allowed(found)) == {CHATGPT, OPENAI, STRIPE}


@pytest.mark.parametrize("pattern,there", [
    ("*.conf", True), ("*/*.conf", False), ("netaccess-*", True), ("netaccess-[^x]hatgpt.conf", True),
    ("\"*.conf", True), ("/./*.conf", True), ("'*.conf'", False), ("netaccess-chatgpt\\*conf", True), ("net\"access\"-*", True),
    ("?*.conf", True), ("[[:alpha:]]*.conf", True), ("[[:digit:]]*.conf", False), ("netaccess\\-*.conf", True)])
def test_a_wildcard_of_an_include_does_not_cross_a_slash(site, pattern, there):
    made = site(text=HEAD + PEEK + "include {folder}/conf.d/" + pattern + "\n" + TAIL)
    found = made.foreseen()
    assert (made.adapter._site.position is not None) is there and allowed(found) == (ALL_YES if there else ALL_NO)


# -- whom it is about


@pytest.mark.parametrize("rules,carried", [
    ("http_access allow lan staff", "staff"), ("http_access deny !staff\nhttp_access allow lan", "staff"),
    ("external_acl_type g %LOGIN /x\nacl inet external g Internet\nhttp_access allow lan inet", "inet"),
    ("external_acl_type g ttl=1 %un /x\nacl inet external g Internet\nhttp_access allow lan inet", "inet"),
    ("external_acl_type g %ul /x\nacl inet external g\nhttp_access allow inet", "inet"),
    ("external_acl_type g %EXT_USER /x\nacl inet external g\nhttp_access allow inet", "inet"),
    # Formats have modifiers and arguments; a helper that is told the destination as well may still decide by the user.
    ("external_acl_type g ttl=1 %#ul %>rd /x\nacl inet external g\nhttp_access allow lan inet", "inet"),
    ("external_acl_type g %-5LOGIN %DST /x\nacl inet external g\nhttp_access allow lan inet", "inet"),
    ("external_acl_type g %\"un %'>ru /x\nacl inet external g\nhttp_access allow lan inet", "inet"),
    ("external_acl_type g %>{Proxy-Authorization} %DST /x\nacl inet external g\nhttp_access allow lan inet", "inet"),
    ("external_acl_type g %{X-User}>ha %DST /x\nacl inet external g\nhttp_access allow lan inet", "inet"),
    ("external_acl_type u children-max=2 %SRC %#>rd %METHOD /x -f (cn=%u) %u\nacl good external u\nhttp_access allow lan good\nhttp_access allow lan", ""),
    ("external_acl_type u %{Host}>h /x\nacl good external u\nhttp_access allow lan good\nhttp_access allow lan", ""),
    ("acl who any-of staff\nhttp_access allow lan who", "who"), ("acl who all-of lan staff\nhttp_access allow who", "who"),
    ("external_acl_type g %LOGIN /x\nacl inet external g\nhttp_access deny !staff\nhttp_access allow lan inet", "staff inet"),
    ("external_acl_type u %DST /x\nacl good external u\nhttp_access allow lan good\nhttp_access allow lan", ""),
    ("acl kiosk src 192.0.2.1\nhttp_access allow kiosk\nhttp_access allow lan staff", "staff"),
    ("acl kiosk src 10.1.0.0/16\nhttp_access allow kiosk\nhttp_access allow lan staff", ""),
    ("acl good dstdomain .example.com\nhttp_access allow lan good\nhttp_access allow lan staff", "staff"),
    ("acl away src 192.0.2.1\nhttp_access allow away staff", "staff"),
    ("http_access allow LAN STAFF", "STAFF"), ("http_access allow lan", "")])
def test_our_rule_carries_what_the_site_asks_the_audience_for(site, rules, carried):
    made = site(SIGN_IN, rules, tail="ssl_bump bump all\nhttp_access deny all\n")
    made.foreseen()
    assert made.line().split("!netaccess_allow_except")[1].strip() == carried
    assert made.line(SPLICE_RULE).split("!netaccess_exempt_sni_except")[1].strip() == carried


@pytest.mark.parametrize("rules,says", [
    ("acl kiosk src 10.1.7.1\nhttp_access allow kiosk\nhttp_access allow lan staff", "without a login .*allow kiosk.* must authenticate .*allow lan staff"),
    ("acl bosses proxy_auth boss\nhttp_access allow bosses\nhttp_access allow lan staff", "several ACLs .bosses, staff.*auth_acl")])
def test_an_audience_that_is_asked_for_different_things_is_refused_with_the_way_out(site, rules, says):
    with pytest.raises(AccessError, match=says):
        site(SIGN_IN, rules, tail="http_access deny all\n").foreseen()
    made = site(SIGN_IN, rules, auth_acl="staff")
    made.foreseen()
    assert made.line().endswith(" staff")


@pytest.mark.parametrize("above,rules,carried", [
    ("acl bad proxy_auth mallory\nhttp_access deny bad", "http_access allow lan staff", "staff"),
    ("external_acl_type n %SRC /x\nacl sick external n\nhttp_access deny sick", "http_access allow lan", "")])
def test_whom_the_site_denies_by_name_above_ours_is_no_way_in(site, above, rules, carried):
    made = site(SIGN_IN + above, rules, tail="http_access deny all\n")
    found = made.foreseen()
    assert made.line().split("!netaccess_allow_except")[1].strip() == carried
    assert allowed(found) == ALL_MAY and "some users" in found.coverage[0].note


def test_users_are_asked_for_by_name_and_in_groups_as_well(site):
    made = site(SIGN_IN + "external_acl_type g %LOGIN /x\nacl inet external g", "http_access deny !staff\nhttp_access allow lan inet",
                tail="http_access deny all\n", users=("Alice",))
    made.foreseen()
    assert made.line().endswith(" inet netaccess_user")
    values = next(obj for ref, obj in made.after.objects.items() if ref.name == "netaccess_user").fields["values"]
    assert values == ["Alice", "alice"], "Squid makes the names of basic sign-in lower case"


@pytest.mark.parametrize("param,values", [
    ("basic casesensitive on", ["Alice"]), ("basic casesensitive off", ["Alice", "alice"]),
    ("negotiate program /x", ["Alice"])])
def test_names_of_users_are_lower_case_where_squid_makes_them_so(site, param, values):
    head = HEAD + "auth_param %s\nacl staff proxy_auth REQUIRED\n" % param
    made = site(head=head, tail="http_access allow lan staff\n", users=("Alice",))
    made.foreseen()
    assert next(obj for ref, obj in made.after.objects.items() if ref.name == "netaccess_user").fields["values"] == values


@pytest.mark.parametrize("acl,word", [
    ("proxy_auth alice bob", ALL_NO), ("proxy_auth bob", ALL_YES), ("proxy_auth -i ALICE", ALL_NO),
    ("proxy_auth_regex -i ^ali", ALL_NO), ("proxy_auth_regex bob", ALL_YES), ("proxy_auth REQUIRED", ALL_NO), ("ext_user alice", ALL_MAY)])
def test_a_deny_of_users(site, acl, word):
    made = site(SIGN_IN + "acl x %s\nhttp_access deny x" % acl, tail="http_access allow lan staff\n", users=("alice",), auth_acl="staff")
    assert allowed(made.foreseen()) == word


@pytest.mark.parametrize("options,before,word", [
    (dict(acls=("students",)), "acl teachers src 10.3.0.0/16\nacl students src 10.4.0.0/16\nhttp_access deny !teachers", ALL_NO),
    (dict(acls=("students",)), "acl students src 10.4.0.0/16\nacl q src 10.4.7.0/24\nhttp_access deny q", ALL_MAY),
    (dict(acls=("students", "day")), "acl day time 09:00-17:00\nacl students src 10.4.0.0/16\nhttp_access deny day", ALL_NO),
    (dict(networks=("10.0.0.0/8",), acls=("students",)), "acl students src 10.4.0.0/16\nacl q src 10.5.0.0/16\nhttp_access deny q", ALL_YES),
    (dict(acls=("localhost",)), "acl q src 127.0.0.1\nhttp_access deny q", ALL_MAY),
    (dict(everyone=True), "acl q src 10.5.0.0/16\nhttp_access deny q", ALL_MAY)])
def test_whom_a_deny_is_about_follows_from_the_audience(site, options, before, word):
    assert allowed(site(before, **options).foreseen()) == word


# -- what ours passes


@pytest.mark.parametrize("after,told", [
    ("acl q src 10.1.7.0/24\nhttp_access deny q", True), ("acl q src 192.0.2.0/24\nhttp_access deny q", False),
    ("acl q src 10.1.0.0/16\nhttp_access deny q", False),
    ("acl t time 00:00-06:00\nhttp_access deny t", True), ("acl b browser Evil\nhttp_access deny b", True),
    ("acl ai dstdomain .chatgpt.com\nhttp_access deny ai", False),
    ("acl ai dstdomain .chatgpt.com\nacl q src 10.1.7.0/24\nhttp_access deny ai\nhttp_access deny q", True),
    ("acl ai dstdomain .claude.ai\nacl q src 10.1.7.0/24\nhttp_access deny q ai", False),
    ("acl ai dstdomain .chatgpt.com\nacl q src 10.1.7.0/24\nhttp_access deny q ai", True),
    ("http_access allow lan\nacl q src 10.1.7.0/24\nhttp_access deny q", False),
    ("acl q src 10.1.7.0/24\nssl_bump terminate q", True), ("ssl_bump terminate all", False),
    ("acl ai dstdomain .chatgpt.com\nacl q src 10.1.7.0/24\nacl x all-of q ai\nhttp_access deny x", True), ("http_access deny !lan", False),
    ("http_access deny to_localhost", False)])
def test_a_deny_of_people_behind_the_include_is_named(site, after, told):
    found = site("", after).foreseen()
    assert bool(found.audience_widened) is told and all(found.coverage[at].allowed == "yes" for at in (0, 1))


@pytest.mark.parametrize("rules,told", [
    ("http_access deny ai !staff", True), ("http_access deny ai !STAFF lan", True),
    ("http_access deny other !staff", False), ("acl away src 192.0.2.1\nhttp_access deny ai !staff away", False), ("http_access deny !staff", False)])
def test_a_login_that_the_site_asks_for_at_these_hosts_alone_is_named(site, rules, told):
    """Our rule does not ask for it, and whoever has none would get in."""
    acls = SIGN_IN + "acl ai dstdomain .chatgpt.com\nacl other dstdomain .example.com\n"
    found = site(acls, rules).foreseen().audience_widened
    assert any(rules.splitlines()[-1] in one for one in found) is told


@pytest.mark.parametrize("acl", ["acl inet external g", "acl e external g\nacl inet any-of e", "acl e external g\nacl inet all-of lan e"])
def test_a_helper_that_is_told_the_user_and_the_host_leaves_it_unchecked(site, acl):
    found = site(SIGN_IN, "external_acl_type g %LOGIN %DST /x\n" + acl + "\nhttp_access allow lan inet", tail="ssl_bump bump all\n").foreseen()
    assert allowed(found) == ALL_MAY and "the managed rule requires inet" in found.coverage[0].note


@pytest.mark.parametrize("rules,told", [
    ("acl work time MTWHF 08:00-18:00\nhttp_access allow lan work", "ACL work (time) cannot be evaluated here"),
    ("acl known arp 02:00:00:00:00:01\nhttp_access allow lan known", "ACL known (arp) cannot be evaluated here"),
    ("acl a browser Good\nacl b req_header X-Device ok\nhttp_access allow lan a\nhttp_access allow b", "ACL a (browser) cannot be evaluated here"),
    ("acl work time MTWHF 08:00-18:00\nhttp_access allow lan work\nhttp_access allow lan", ""),
    ("acl work time MTWHF 08:00-18:00\nhttp_access allow lan\nhttp_access allow lan work", ""),
    ("acl away src 192.0.2.0/24\nacl work time 08:00-18:00\nhttp_access allow away work", ""), ("acl some src 10.1.2.0/24\nhttp_access allow some", ""),
    ("acl work time 08:00-18:00\nhttp_access deny all\nhttp_access allow lan work", ""), ("http_access allow lan CONNECT", ""),
    ("acl work time 08:00-18:00\nacl good dstdomain .example.com\nhttp_access allow lan work good", ""),
    ("acl work time 08:00-18:00\nacl bad dstdomain .example.com\nhttp_access deny !bad\nhttp_access allow lan work !bad",
     "ACL work (time) cannot be evaluated here")])
def test_conditions_that_the_site_allows_the_audience_on_are_named(site, rules, told):
    """Our rule has none of them: a device that is not known, or at night, would get in."""
    found = site("", rules, tail="ssl_bump bump all\nhttp_access deny all\n").foreseen().audience_widened
    assert bool(found) is bool(told) and told in " ".join(found)
    assert not told or "allows the audience only on conditions" in found[0]


@pytest.mark.parametrize("lines,told", [
    ("acl bank dst 192.0.2.1\nssl_bump splice step1 bank", True), ("acl bank dst 192.0.2.1\nssl_bump splice bank", False),
    ("acl bank dst 192.0.2.1\nssl_bump terminate step1 bank", True),
    ("acl bank src 192.0.2.1\nssl_bump splice step1 bank", False)])
def test_an_address_that_the_site_decides_about_at_the_first_step_is_named(site, lines, told):
    head = HEAD + "https_port 3130 intercept ssl-bump cert=/x.pem\n"
    text = head + INCLUDE + lines + "\n" + TAIL
    assert bool(site(text=text).foreseen().audience_widened) is told
    assert site(text=head + lines + "\n" + INCLUDE + TAIL).foreseen().audience_widened == []
    assert site(text=head + PEEK + INCLUDE + lines + "\n" + TAIL).foreseen().audience_widened == []


@pytest.mark.parametrize("lines,told", [
    ("ssl_bump bump step1", True), ("ssl_bump bump all", False),
    ("ssl_bump bump step1\nssl_bump bump all", False), ("ssl_bump server-first all", True)])
def test_inspection_that_our_peek_line_would_end_is_named(site, lines, told):
    found = site(text=HEAD + INCLUDE + lines + "\nhttp_access allow lan\nhttp_access deny all\n").foreseen()
    assert bool(found.audience_widened) is told and exempt(found) == EXEMPT


# -- names of ours


def test_an_acl_of_the_site_that_has_a_name_of_ours_is_refused(site):
    with pytest.raises(AccessError, match="squid.conf:10 defines the ACL netaccess_client, a name that this collection uses"):
        site("acl netaccess_client src 192.0.2.1").foreseen()
    with pytest.raises(AccessError, match="squid.conf:10 defines the ACL NETACCESS_Port"):
        site("acl NETACCESS_Port port 22").foreseen()
    assert allowed(site("acl netaccess_other src 192.0.2.1").foreseen()) == ALL_YES


def test_a_line_in_our_drop_in_that_adds_to_an_acl_of_ours_in_another_case_goes(site):
    theirs = "acl NETACCESS_client src 192.0.2.1\nhttp_access allow NETACCESS_client\n"
    made = site(lists={"conf.d/netaccess-chatgpt.conf": theirs})
    made.foreseen()
    assert "192.0.2.1" not in render_drop_in(made.after, None, theirs) and "NETACCESS" not in render_drop_in(made.after, None, theirs)


@pytest.mark.parametrize("name,older", [("http_port", "ascii_port"), ("ssl-bump", "sslBump")])
def test_a_port_by_its_older_name_decrypts_as_well(site, name, older):
    made = site(head=HEAD.replace(name, older))
    made.foreseen()
    assert made.adapter.bumps() and SPLICE_RULE in made.after.objects


@pytest.mark.parametrize("word", ["intercept", "transparent", "tproxy"])
def test_an_intercepting_port_is_known_by_each_of_its_names(site, word):
    made = site(head="https_port 3130 %s ssl-bump cert=/x.pem\n" % word + HEAD)
    made.foreseen()
    assert any(ref.name == "netaccess_intercepted" for ref in made.after.objects)


@pytest.mark.parametrize("line", ["http_port 127.0.0.1:\u00b2", "http_port \u00b2", "workers \u00b2", "acl x port \u00b2-\u00b3\nhttp_access deny x"])
def test_a_digit_that_is_no_decimal_one_is_no_number(site, line):
    made = site(line)
    found = made.foreseen()
    assert len(found.coverage) == 3 and workers_of(made.adapter._site) == 1 and "127.0.0.1:3128" in listening(made.adapter._site.addresses)


def test_a_copy_of_the_drop_in_is_refused(site):
    with pytest.raises(AccessError, match="backup.conf:1 defines the ACL netaccess_port"):
        site(lists={"conf.d/netaccess-chatgpt.backup.conf": "acl netaccess_port port 443\n"}).foreseen()


@pytest.mark.parametrize("text,told", [("acl netaccess_port port 443\n", 1), ("acl netaccess_other port 443\n", 0)])
def test_a_copy_of_the_drop_in_that_stays_in_force_is_named_when_ours_goes(site, text, told):
    made = site(lists={"conf.d/moved.conf": text}, networks=())
    warnings = made.adapter.assess(Policy(), made.adapter.read()).warnings
    assert len([one for one in warnings if "moved.conf:1 defines the ACL netaccess_port" in one and "keeps its rules in force" in one]) == told


def test_a_folder_that_the_site_includes_by_another_path_is_refused(site, tmp_path):
    """Else what a run has written is a file of the site's to the next one."""
    (tmp_path / "link.d").symlink_to(tmp_path / "conf.d")
    with pytest.raises(AccessError, match="squid.conf:[0-9]+ includes the folder of .*: set drop_in to .*/link.d/netaccess-chatgpt.conf"):
        site(text=HEAD + PEEK + INCLUDE.replace("conf.d", "link.d") + TAIL).foreseen()


def test_a_folder_that_is_included_by_a_path_that_goes_up_is_refused_with_the_way_out(site, tmp_path):
    """No value of drop_in has such a path."""
    with pytest.raises(AccessError, match="includes the folder of .* by another path: include %s/conf.d/[*].conf instead" % re.escape(str(tmp_path))):
        site(text=HEAD + PEEK + INCLUDE.replace("conf.d", "lists/../conf.d") + TAIL, lists={"lists/x": ""}).foreseen()


def test_an_acl_about_hosts_is_no_audience(site):
    with pytest.raises(AccessError, match="audience.acls: ai, deep is about hosts and not about clients"):
        site("acl ai dstdomain .chatgpt.com\nacl deep any-of lan ai", acls=("lan", "ai", "deep")).foreseen()


def test_two_drop_ins_do_not_share_names(site):
    first = site(lists={"conf.d/empty.conf": ""})
    first.foreseen()
    lists = {"conf.d/netaccess-chatgpt.conf": render_drop_in(first.after, None), "lists/allow.domains": ".claude.ai\n"}
    made = site(drop_in="netaccess-pilot.conf", lists=lists)
    with pytest.raises(AccessError, match="netaccess-chatgpt.conf:[0-9]+ uses a list in .*set a separate list_dir for each drop-in"):
        made.foreseen()
    made = site(drop_in="netaccess-pilot.conf", lists={"conf.d/netaccess-chatgpt.conf": render_drop_in(first.after, None).replace("/lists/", "/first/")})
    assert allowed(made.foreseen()) == ALL_YES
    assert {ref.name for ref in made.after.objects if ref.kind == "acl"} & {ref.name for ref in first.after.objects if ref.kind == "acl"} == set()
    assert made.line().startswith("netaccess_pilot_client netaccess_pilot_port")


def test_a_deny_that_somebody_put_into_our_drop_in_is_seen(site):
    theirs = "acl mine dstdomain .chatgpt.com\nhttp_access deny mine\nmiss_access deny other\nacl other dstdomain .openai.com\n"
    found = site(lists={"conf.d/netaccess-chatgpt.conf": theirs}).foreseen()
    assert allowed(found) == only(chatgpt="no", openai="no")
    conflict, = (one for one in found.conflicts if "http_access" in one.text)
    assert (conflict.certain, conflict.remedy, conflict.opens) == (True, (), "it is in the drop-in of this collection: remove it by hand")


@pytest.mark.parametrize("theirs,word,kept", [
    ("acl netaccess_mine dstdomain .chatgpt.com\nhttp_access deny netaccess_mine", only(chatgpt="no"), True),
    ("http_access deny netaccess_client", ALL_MAY, False)])
def test_a_deny_in_our_drop_in_is_seen_whatever_its_acl_is_called(site, theirs, word, kept):
    """What uses an ACL of ours goes with it, or Squid would not take what is left."""
    found = (made := site(lists={"conf.d/netaccess-chatgpt.conf": theirs + "\n"})).foreseen()
    assert allowed(found) == word and "by hand" in found.conflicts[0].opens
    gone = State({ref: obj for ref, obj in made.after.objects.items() if not obj.ours}, made.after.rules)
    assert render_drop_in(gone, None, theirs + "\n") == (theirs + "\n" if kept else None)


def test_an_earlier_audience_that_is_shut_out_is_named(site):
    first = site()
    first.foreseen()
    lists = {"conf.d/netaccess-chatgpt.conf": render_drop_in(first.after, None)}
    second = site(lists=lists, networks=("10.2.0.0/16",)).foreseen()
    assert "already allows 10.1.0.0/16, which this task does not include and would lock out" in second.warnings[0]
    assert site(lists=lists).foreseen().warnings == [] and site(lists=lists, networks=("10.1.0.0/16", "10.2.0.0/16")).foreseen().warnings == []


def test_methods_that_administer_the_proxy_are_not_opened(site):
    made = site()
    made.foreseen()
    acl = next(obj for ref, obj in made.after.objects.items() if ref.name == "netaccess_method")
    assert acl.fields["values"] == sorted(["CONNECT", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) and "netaccess_method" in made.line()


def test_a_drop_in_that_is_included_twice_is_refused(site):
    with pytest.raises(AccessError, match="squid.conf:11 and .*squid.conf:12 each include .*: keep only one of them"):
        site("", INCLUDE).foreseen()


@pytest.mark.parametrize("last,fine", [("http_access deny ai", False), ("http_access allow lan", True), ("http_access deny all", True)])
def test_ours_is_not_made_the_last_rule_where_that_shuts_out_all_others(site, last, fine):
    made = site(text=HEAD + PEEK + "acl ai dstdomain .claude.ai\n" + last + "\n" + INCLUDE + "ssl_bump bump all\n")
    if fine:
        made.foreseen()
    else:
        with pytest.raises(AccessError, match="http_access deny ai is the last rule"):
            made.foreseen()


def test_a_drop_in_that_is_read_where_quotes_hold_values_is_refused(site):
    with pytest.raises(AccessError, match="squid.conf:12 includes .*turn it off above that line"):
        site(QUOTED).foreseen()


def test_a_group_that_a_helper_tells_of_is_a_part_of_the_audience(site):
    found = site(SIGN_IN, "external_acl_type g %LOGIN /x\nacl inet external g Internet\nhttp_access allow lan inet", tail="ssl_bump bump all\n").foreseen()
    assert allowed(found) == ALL_MAY
    assert found.coverage[0].note == "the managed rule requires inet, as the existing rules do, and allows everyone who satisfies it"
    assert allowed(site(SIGN_IN, "http_access allow lan staff", tail="ssl_bump bump all\n").foreseen()) == ALL_YES


@pytest.mark.parametrize("lines,word", [
    ("acl a dst 192.0.2.0/24\nhttp_access allow a", ALL_MAY), ("acl a dstdomain js.stripe.com\nhttp_access allow a", only(stripe="unchecked")),
    ("acl a dstdomain .claude.ai\nhttp_access allow a", ALL_YES), ("acl a dstdomain js.stripe.com\nhttp_access allow a staff", ALL_YES),
    ("acl a dst 192.0.2.0/24\nhttp_access deny !staff\nhttp_access allow a", ALL_YES),
    ("acl a dst 192.0.2.0/24\nacl t time 09:00-17:00\nhttp_access deny !staff t\nhttp_access allow a", ALL_MAY),
    ("acl a dstdomain .chatgpt.com .openai.com js.stripe.com\nhttp_access deny a\nacl b dst 192.0.2.0/24\nhttp_access allow b", ALL_YES)])
def test_hosts_that_the_site_opens_without_a_login_are_unchecked_where_ours_asks_for_one(site, lines, word):
    assert allowed(site(SIGN_IN, lines, tail="ssl_bump bump all\nhttp_access allow lan staff\n").foreseen()) == word


def test_a_group_that_is_a_part_of_itself_is_no_fault(site):
    rules = "acl y any-of y y y lan\nacl z all-of z z z\nhttp_access deny z\nhttp_access allow y y"
    assert allowed(site(rules, "http_access allow y y").foreseen()) == ALL_MAY


@pytest.mark.parametrize("include,said", [
    ("include conf.d/*.conf",
     "only Squid knows whether .*squid.conf reads .* \\(.*squid.conf:[0-9]+ includes conf.d/\\*.conf\\): remove that include, and add"),
    ("include {folder}/${process_name}.conf", "only Squid knows"),
    ("include conf.d/ours-*.conf", "squid.conf does not include .*: create that file, empty, and add")])
def test_a_drop_in_that_only_squid_knows_to_be_read_is_unchecked(site, include, said):
    found = site(text=HEAD + PEEK + include + "\n" + TAIL).foreseen()
    assert allowed(found) == ALL_MAY and exempt(found) == PERHAPS and "only Squid knows" in found.coverage[0].note
    assert [(one.effect, one.certain) for one in found.conflicts] == [("decrypt", False)]
    assert re.search(said, found.manual[0]) and len(found.manual) == 1


@pytest.mark.parametrize("lines,word", [("follow_x_forwarded_for allow lan", PERHAPS), ("follow_x_forwarded_for deny all", EXEMPT)])
def test_addresses_that_another_proxy_tells_leave_the_exemption_unchecked(site, lines, word):
    assert exempt(site(lines).foreseen()) == word


def test_a_comment_behind_an_include_names_more_files(site):
    """As Squid takes it, which then finds none of these names, and does not start."""
    found = site(text=HEAD + PEEK + "include \"{folder}/conf.d/*.conf\" # ours\n" + TAIL).foreseen()
    assert allowed(found) == ALL_MAY and "includes #" in found.coverage[0].note
