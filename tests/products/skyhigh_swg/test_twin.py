# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Skyhigh Secure Web Gateway: sign-ins, work spaces, both kinds of answers, lists, and how rules decide."""
from __future__ import annotations

import base64
import http.client
import xml.etree.ElementTree as ET

import pytest

from tests.products.skyhigh_swg.twin import BARE, REST, SkyhighGateway, criterion, rule, rule_group, wildcard

BASIC = {"Authorization": "Basic " + base64.b64encode(b"netaccess:S3cure-Gateway-pw").decode()}
BODY = '<list name="%s" typeId="com.scur.type.regex" classifier="Other"><description/><content>%s</content></list>'
ROW = "<listEntry><entry>%s</entry><description/></listEntry>"


class Client:
    """A plain client: ``ask`` gives (status, text)."""

    def __init__(self, twin, **headers):
        self.line, self.headers = http.client.HTTPConnection("127.0.0.1", twin.port, timeout=10), headers
        status, text = self.ask("POST", "/login", **BASIC)
        assert status == 200, text
        self.headers["Cookie"] = "JSESSIONID=" + (text if BARE in headers.get("Accept", "") else ET.fromstring(text).findtext("content"))

    def ask(self, method, path, body=None, **headers):
        self.line.request(method, REST + path, body, dict(self.headers, **headers))
        answer = self.line.getresponse()
        return answer.status, answer.read().decode()


@pytest.fixture
def twin():
    with SkyhighGateway() as running:
        yield running


def held(twin, name):
    return [entry.findtext("entry") for entry in twin.list_named(name).iter("listEntry")]


def test_writes_wait_in_the_work_space_of_their_session(twin):
    one = Client(twin)
    path = "/list/" + twin.id_of("Old ChatGPT")
    assert one.ask("PUT", path, BODY % ("Old ChatGPT", ROW % "a.example"))[0] == 200
    assert held(twin, "Old ChatGPT") == [] and "a.example" in one.ask("GET", path)[1]
    assert one.ask("POST", "/discard")[0] == 200 and "a.example" not in one.ask("GET", path)[1]
    one.ask("PUT", path, BODY % ("Old ChatGPT", ROW % "b.example"))
    assert one.ask("POST", "/commit")[0] == 200 and held(twin, "Old ChatGPT") == ["b.example"]
    one.ask("PUT", path, BODY % ("Old ChatGPT", ""))
    assert one.ask("POST", "/logout")[0] == 200 and held(twin, "Old ChatGPT") == ["b.example"]
    assert one.ask("GET", path)[0] == 401


def test_an_account_is_signed_in_once_until_its_session_runs_out(twin):
    Client(twin)
    with pytest.raises(AssertionError, match="already logged in"):
        Client(twin)
    twin.advance(twin.knobs.session_seconds + 1)
    Client(twin)


def test_both_kinds_of_answers(twin):
    identity = twin.id_of("SSL Host Tunnel List")
    wrapped = ET.fromstring(Client(twin).ask("GET", "/list/" + identity)[1])
    twin.sessions.clear()
    bare = ET.fromstring(Client(twin, Accept=BARE).ask("GET", "/list/" + identity)[1])
    assert (wrapped.tag, wrapped.findtext("listType"), wrapped.find("content/list").get("id")) == ("entry", "regex", identity)
    assert (bare.tag, bare.get("id")) == ("list", identity)


def test_names_are_searched_as_parts_and_pages_are_linked(twin):
    client = Client(twin)
    feed = ET.fromstring(client.ask("GET", "/list?name=list")[1])
    assert [entry.findtext("title") for entry in feed.findall("entry")] == ["SSL Host Tunnel List"]
    feed = ET.fromstring(client.ask("GET", "/list?pageSize=2&page=2")[1])
    assert len(feed.findall("entry")) == 2 and [link.get("rel") for link in feed.findall("link")] == ["current", "first", "last"]


@pytest.mark.parametrize("method,path,body,status", [
    ("GET", "/list/nowhere", None, 404), ("PUT", "/list/{old}", "<list", 400), ("POST", "/list", BODY % ("Old ChatGPT", ""), 400),
    ("POST", "/list/{tunnel}/entry/0/insert", ROW % "*.bank.test", 400), ("GET", "/list/{tunnel}/entry/7", None, 404),
    ("DELETE", "/list/{tunnel}", None, 409), ("PUT", "/list/{system}", BODY % ("x", ""), 403), ("POST", "/rulesets/rulegroups/99/export", None, 404)])
def test_what_is_refused(twin, method, path, body, status):
    ids = {"old": twin.id_of("Old ChatGPT"), "tunnel": twin.id_of("SSL Host Tunnel List"), "system": twin.id_of("Application Names")}
    assert Client(twin).ask(method, path.format(**ids), body)[0] == status


def test_an_export_has_the_rules_and_the_lists_they_refer_to(twin):
    root = ET.fromstring(Client(twin).ask("POST", "/rulesets/rulegroups/2/export")[1])
    assert root.tag == "libraryContent" and root.find("ruleGroup").get("name") == "HTTPS Scanning"
    assert {node.get("name") for node in root.findall("lists/entry/list")} == {"Allowed CONNECT Ports", "SSL Host Tunnel List"}


def test_how_the_site_decides(twin):
    assert twin.decide("member", "chatgpt.com")[0] == "block" and twin.decide("member", "www.example.com") == ("allow", "decrypt")
    assert twin.decide("member", "www.bank.test") == ("allow", "tunnel"), "a tunnelled host"
    assert twin.decide("anonymous", "www.example.com")[0] == "block", "who does not sign in"
    assert twin.decide("member", "www.example.com", 22)[0] == "block", "a port that is not on the list"
    assert twin.decide("member", "203.0.113.5", 3478, protocol="udp")[0] == "block", "no UDP through an HTTP proxy"


def test_a_stop_ends_a_rule_set_or_the_cycle_and_groups_are_known_after_the_sign_in(twin):
    feed = twin.add_list("Feed", "regex", ["claude.ai"])
    here = criterion("url.host", "matchesinlist", listed=feed)
    twin.insert(rule_group("Early", [rule("For AI users", "stopcycle", here, criterion("authentication.usergroups", "contains", "AI users", prefix="AND"))],
                           cycles="request"), above="Authentication")
    assert twin.decide("member", "claude.ai")[0] == "block", "nobody is known up there"
    twin.rules.insert(1, twin.rules.pop(0))
    assert twin.decide("member", "claude.ai") == ("allow", "tunnel") and twin.decide("stranger", "claude.ai")[0] == "block"
    twin.rules[1].find("rules/rule/actionContainer").set("actionId", "com.scur.mainaction.stopruleset")
    assert twin.decide("member", "claude.ai")[0] == "block", "the next rule sets go on"


@pytest.mark.parametrize("entry,host,hit", [
    ("example.com", "example.com", True), ("example.com", "www.example.com", False), ("*.example.com", "a.b.example.com", True),
    ("*.example.com", "example.com", False), ("*example.com", "evilexample.com", True), ("regex(ex.mple)", "www.example.com", True),
    ("disabled-by-netaccess/*", "example.com", False)])
def test_wildcard_expressions(entry, host, hit):
    assert wildcard(entry, host) == hit


def test_an_import_takes_lists_by_name_and_nothing_that_it_does_not_know(twin):
    group = rule_group("New", [rule("R", "stopcycle", criterion("url.host", "matchesinlist", listed="x.1"))])
    text = '<libraryContent><lists><entry><list name="%s" id="x.1" typeId="com.scur.type.regex"/></entry></lists>%s</libraryContent>'
    twin.import_rules(text % ("Old ChatGPT", group), above="URL Filtering")
    assert twin.rules[-4].find(".//listValue").get("id") == twin.id_of("Old ChatGPT")
    with pytest.raises(ValueError, match="unknown operator"):
        twin.import_rules(text % ("Old ChatGPT", group.replace("matchesinlist", "resembles")))


HERE = criterion("url.host", "equals", "www.example.com")


@pytest.mark.parametrize("text, named", [
    (rule("R", "tarpit", HERE), "action com.scur.mainaction.tarpit"),
    (rule("R", "block", HERE, criterion("mood", "equals", "x", prefix="AND")), "property com.scur.engine.system.mood"),
    (rule("R", "block", criterion("url.host", "resembles", "www.example.com")), "operator com.scur.operator.resembles"),
    (rule("R", "block", criterion("url.host", "matchesinlist", listed="com.scur.type.regex.9")), "list com.scur.type.regex.9"),
    (rule("R", "block", HERE).replace('valueTyp="3"', 'valueTyp="2"'), "parameter@valueTyp"),
    (rule("R", "block", HERE).replace("<rule ", '<rule since="2027" '), "rule@since"),
    (rule("R", "continue", HERE, engine="com.scur.engine.next"), "event com.scur.engine.next"),
    ("<ruleReference/>", "element ruleReference")])
def test_what_it_does_not_model_is_refused_by_name(twin, text, named):
    twin.insert(rule_group("Odd", [text], cycles="request"), above="Global Block")
    with pytest.raises(NotImplementedError, match=named):
        twin.decide("member", "www.example.com")


def test_what_it_does_not_model_is_no_matter_where_the_answer_is_the_same(twin):
    """A block that may come earlier, a criterion beside one that does not hold, a rule that nobody gets to."""
    odd = criterion("mood", "equals", "x", prefix="AND")
    here = criterion("url.host", "equals", "claude.ai")
    twin.insert(rule_group("Odd", [rule("R", "block", here, odd)], cycles="request"), above="URL Filtering")
    assert twin.decide("member", "claude.ai")[0] == "block" and twin.decide("member", "www.example.com")[0] == "allow"
    twin.insert(rule_group("Never", [rule("R", "tarpit")], cycles="request"), above=None)
    twin.rules[-1].set("enabled", "false")
    assert twin.decide("member", "www.example.com")[0] == "allow"


def test_all_cycles_of_a_connection_are_passed(twin):
    """The reply to a CONNECT, and what is inside of it where it is decrypted."""
    infected = rule("Infected", "block", criterion("antimalware.infected", "equals", "true"))
    twin.insert(rule_group("Late", [infected, rule("R", "block", criterion("url.host", "matches", "www.*"))], cycles="embedded"))
    assert twin.decide("member", "www.example.com")[0] == "block" and twin.decide("member", "www.bank.test")[0] == "allow"
    twin.rules[-1].set("cycleResponse", "true")
    assert twin.decide("member", "www.bank.test")[0] == "block"
