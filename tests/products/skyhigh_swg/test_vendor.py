# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mcafee-mwgapi, a public client of the Web Gateway's interface, against the twin and on what our module wrote; and the requests of two more public
clients, which are no packages, as they send them.
"""
from __future__ import annotations

import base64
import xml.etree.ElementTree as ET

import pytest
import requests

pytest.importorskip("webgatewayapi", reason="mcafee-mwgapi is not installed")

from webgatewayapi.authenticate import authenticate  # noqa: E402
from webgatewayapi.listdata import listdata  # noqa: E402

from tests.products.skyhigh_swg.rig import ALLOW, SkyhighRig  # noqa: E402
from tests.products.skyhigh_swg.twin import BARE, REST, SkyhighGateway  # noqa: E402

#: The namespace that all three clients send is mistyped; the gateway does not mind.
ENTRY = ('<entry xmlns="http://www.w3org/2011/Atom"><content type="application/xml"><listEntry><entry>%s</entry><description></description></listEntry>'
         '</content></entry>')


@pytest.fixture
def twin():
    with SkyhighGateway() as running:
        yield running


class Client:
    """The package, signed in."""

    def __init__(self, twin):
        self._login = authenticate(hostname="127.0.0.1", port=twin.port, https=False)
        self._login.createSession(username="netaccess", password=twin.admins["netaccess"])
        self.lists = listdata(self._login.session, hostname="127.0.0.1", port=twin.port, https=False)

    def commit(self):
        assert self._login.session.post(self._login.createAppendURL("commit")).status_code == 200

    def close(self):
        self._login.destroySession()


@pytest.fixture
def client(twin):
    connected = Client(twin)
    yield connected
    connected.close()


def held(twin, name):
    return [entry.findtext("entry") for entry in twin.list_named(name).iter("listEntry")]


def test_a_wrong_password_is_refused(twin):
    with pytest.raises(Exception, match="Authentication failed"):
        authenticate(hostname="127.0.0.1", port=twin.port, https=False).createSession(username="netaccess", password="wrong")


def test_signing_in_ends_with_signing_out(twin):
    Client(twin).close()
    assert not twin.sessions and [request.path for request in twin.log] == [REST + "//login", REST + "//logout"]


def test_lists_are_read_in_pages(twin, client):
    """The client takes the numbers of the pages from the links of the feed, and leaves the last page out."""
    for name in ("Six", "Seven"):
        twin.add_list(name)
    found = client.lists.listData(pagesize=2)["data"]
    assert [row["title"] for row in found.values()] == [node.get("name") for node in twin.lists.values()][:6]


def test_a_list_is_made_filled_changed_and_deleted(twin, client):
    made = client.lists.listCreate("regex", "Temporary")["entry"]
    identity = made["id"]
    assert made["title"] == "Temporary" and twin.list_named("Temporary") is None, "not committed yet"
    client.lists.listEntryInsertModify(identity, "a.example", "first", position=0, insert="insert")
    client.lists.listEntryInsertModify(identity, "*.b.example", "second", position=1, insert="insert")
    client.lists.listEntryInsertModify(identity, "c.example", "changed", position=0)
    client.commit()
    assert held(twin, "Temporary") == ["c.example", "*.b.example"]
    assert client.lists.listID(identity)["data"] == {"c.example": "changed", "*.b.example": "second"}
    client.lists.listEntryDelete(identity, 0)
    client.commit()
    assert held(twin, "Temporary") == ["*.b.example"]
    client.lists.listDelete(identity)
    client.commit()
    assert twin.list_named("Temporary") is None


def test_it_reads_what_our_module_wrote(tmp_path):
    rig = SkyhighRig(tmp_path)
    with rig.twin:
        rig.run()
        client = Client(rig.twin)
        found = client.lists.listID(rig.twin.id_of(ALLOW))
        client.close()
    assert (found["title"], found["listType"]) == (ALLOW, "regex")
    assert set(found["data"]) == {"chatgpt.com", "*.chatgpt.com", "*.openai.com", "js.stripe.com"}


def test_our_module_merges_into_what_it_wrote(tmp_path):
    rig = SkyhighRig(tmp_path)
    with rig.twin:
        client = Client(rig.twin)
        client.lists.listEntryInsertModify(rig.twin.id_of(ALLOW), "foreign.example", "by the client", position=0, insert="insert")
        client.commit()
        client.close()
        rig.run()
        assert rig.foreign_members() == {"foreign.example", "chatgpt.com", "*.chatgpt.com", "*.openai.com", "js.stripe.com"}


# -- requests of clients that are no packages -----------------------------------------------------------------------


def test_the_requests_of_a_list_update_script(twin):
    """Credentials in the query, entries in an Atom wrapper, one insert, commit, logout."""
    base, line, kind = twin.url + REST, requests.Session(), {"Content-Type": "application/xml"}
    answer = line.post(base + "/login", params={"userName": "netaccess", "pass": twin.admins["netaccess"]}, headers=kind)
    cookies = {"JSESSIONID": answer.cookies["JSESSIONID"]}
    found = ET.fromstring(line.get(base + "/list", params={"name": "Global Block: Sites"}, cookies=cookies, headers=kind).content)
    path = "%s/list/%s/entry/0/insert" % (base, found.find("entry/id").text)
    assert line.post(path, data=ENTRY % "evil.example", cookies=cookies, headers=kind).status_code == 200
    again = line.post(path, data=ENTRY % "evil.example", cookies=cookies, headers=kind)
    assert again.status_code != 200 and "duplicate" in again.text
    assert line.post(base + "/commit", cookies=cookies, headers=kind).status_code == 200
    assert line.post(base + "/logout", cookies=cookies, headers=kind).status_code == 200
    assert held(twin, "Global Block: Sites") == ["evil.example", "*.other-ai.example"]


def test_the_requests_of_a_connector(twin):
    """Basic credentials, the session from the body, pages of 100, a matrix parameter in place of the cookie."""
    base = twin.url + REST
    coded = base64.b64encode(("netaccess:%s" % twin.admins["netaccess"]).encode()).decode()
    session = ET.fromstring(requests.post(base + "/login", headers={"Authorization": "Basic " + coded}).content).find("content").text
    feed = requests.get("%s/list;jsessionid=%s" % (base, session), params={"pageSize": 100})
    assert feed.status_code == 200 and len(ET.fromstring(feed.content).findall("entry")) == len(twin.lists)
    path = "%s/list/%s/entry/1/insert" % (base, twin.id_of("SSL Host Tunnel List"))
    assert requests.post(path, data=ENTRY % "x.example", cookies={"JSESSIONID": session}).status_code == 200
    assert requests.post(base + "/commit", cookies={"JSESSIONID": session}).status_code == 200
    assert requests.post(base + "/logout", cookies={"JSESSIONID": session}).status_code == 200
    assert held(twin, "SSL Host Tunnel List") == ["*.bank.test", "x.example"]


def test_the_requests_of_an_integration_that_was_tried_on_11_2_9(twin):
    """Bare bodies with their own type; answers in Atom. The shapes are those that it recorded."""
    base, line = twin.url + REST, requests.Session()
    line.headers["Content-Type"] = BARE
    line.post(base + "/login", params={"userName": "netaccess", "pass": twin.admins["netaccess"]})
    made = ET.fromstring(line.post(base + "/list", data='<list name="blocklist" typeId="com.scur.type.regex" classifier="Other" systemList="false" '
                                   'structuralList="false" defaultRights="2"><description /><content /></list>').content)
    inner = made.find("content/list")
    assert [child.tag for child in made] == ["id", "title", "type", "listType", "link", "content"]
    assert set(inner.attrib) == {"version", "mwg-version", "name", "id", "typeId", "classifier", "systemList", "structuralList", "defaultRights"}
    body = "<list name=\"blocklist\"><description>d</description><content>%s</content></list>" % "".join(
        "<listEntry><entry>%s</entry><description>e</description></listEntry>" % entry for entry in ("http*://test.evil/*", "b.example"))
    changed = ET.fromstring(line.put("%s/list/%s" % (base, made.findtext("id")), data=body.encode()).content)
    assert [entry.findtext("entry") for entry in changed.iter("listEntry")] == ["http*://test.evil/*", "b.example"]
    one = ET.fromstring(line.get("%s/list/%s/entry/0" % (base, made.findtext("id"))).content)
    assert (one.findtext("title"), one.find("content/listEntry/entry").text) == ("List entry at position 0", "http*://test.evil/*")
    assert line.post(base + "/commit").status_code == line.post(base + "/logout").status_code == 200
