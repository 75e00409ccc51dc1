# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of public clients against the twin, and on what our module wrote.

The vendor publishes no client for Management Center, and none is on PyPI. So these are the requests that public clients put on the wire, and what they need
of the answers: the integrations in demisto/content and phantomcyber/phantom-apps, maskedband1t/bluecoat-mc-object-audit, sbldevnet/bluecoat_tracer, and the
vendor's own article 171607.
"""
from __future__ import annotations

import json

import pytest
import requests

from tests.products.symantec_swg.rig import NAME, SymantecRig
from tests.products.symantec_swg.twin import SymantecSwg

JSON = {"Content-Type": "application/json", "Accept": "application/json"}


@pytest.fixture
def twin():
    with SymantecSwg() as running:
        yield running


def demisto(twin, method, path, params=None, data=None):
    """Basic, and a JSON body with every request, GET too."""
    reply = requests.request(method, twin.url + "/api/" + path, auth=("alice", twin.admins["alice"]), params=params or {},
                             data=json.dumps(data or {}, sort_keys=True), headers=JSON, timeout=10)
    assert 200 <= reply.status_code <= 300, reply.text
    return reply if reply.status_code == 204 else reply.json()


def add_urls(twin, uuid, kind, content, note):
    """Read the content, change it, write it back whole; no look at the revision, and no version of the schema."""
    held = demisto(twin, "GET", "policies/%s/content" % uuid)
    assert "content" in held, "the client gives up without it, also on a new object"
    held["content"].setdefault("urls" if kind == "URL_LIST" else "categories", []).extend(content)
    return demisto(twin, "POST", "policies/%s/content" % uuid, data={"contentType": kind, "changeDescription": note, "content": held["content"]})


def test_demisto_creates_reads_changes_and_deletes(twin):
    assert demisto(twin, "GET", "system/info")
    uuid = demisto(twin, "POST", "policies", data={"name": "AI", "contentType": "URL_LIST", "description": "d", "referenceId": "ai"})["uuid"]
    found, = demisto(twin, "GET", "policies", {"name": "EQ AI", "contentType": "EQ URL_LIST"})
    assert found["uuid"] == uuid and {"author", "shared", "referenceId", "tenant", "replaceVariables", "description"} <= set(found)
    add_urls(twin, uuid, "URL_LIST", [{"url": "chatgpt.com", "description": "", "enabled": True}], "first")
    add_urls(twin, uuid, "URL_LIST", [{"url": "openai.com", "description": "", "enabled": False}], "second")
    read = demisto(twin, "GET", "policies/%s/content" % uuid)
    assert [one["url"] for one in read["content"]["urls"]] == ["chatgpt.com", "openai.com"] and read["schemaVersion"]
    info = read["revisionInfo"]
    assert set(info) == {"revisionNumber", "revisionDescription", "author", "revisionDate"} and info["revisionDescription"] == "second"
    assert demisto(twin, "PUT", "policies/" + uuid, data={"name": "AI", "description": "e"})["description"] == "e"
    assert demisto(twin, "GET", "policies/" + uuid)["description"] == "e"
    assert demisto(twin, "DELETE", "policies/" + uuid, data="true").status_code == 204
    assert demisto(twin, "GET", "policies", {"name": "EQ AI"}) == []
    assert {"uuid", "name", "host", "managementStatus", "deploymentStatus"} <= set(demisto(twin, "GET", "devices", {"type": "EQ sgos6x"})[0])


def test_demisto_adds_to_a_local_category_database(twin):
    uuid = demisto(twin, "POST", "policies", data={"name": "DB", "contentType": "LOCAL_CATEGORY_DB"})["uuid"]
    entries = [{"type": "url", "url": "chatgpt.com", "comment": ""}]
    reply = add_urls(twin, uuid, "LOCAL_CATEGORY_DB", [{"type": "inline", "name": "AI", "entries": entries}], "n")
    assert "revisionInfo" in reply
    wrong = requests.post("%s/api/policies/%s/content" % (twin.url, uuid), auth=("alice", "wrong"), data="{}", headers=JSON, timeout=10)
    assert wrong.status_code == 401 and {"statusMessage", "message"} <= set(wrong.json())


def test_phantom_writes_the_whole_content_back(twin):
    """The schema's version as read, members marked with @type, and an answer with revisionInfo."""
    def call(method, path, **content):
        reply = requests.request(method, twin.url + "/api" + path, auth=("netaccess", twin.admins["netaccess"]), headers=JSON, timeout=10, **content)
        assert reply.status_code == 200
        return reply.json()
    assert call("GET", "/system/version")
    twin.edit_as("alice", "DB", "LOCAL_CATEGORY_DB", {"categories": [
        {"name": "AI", "@type": "category", "entries": [{"@type": "url", "url": "openai.com", "comment": ""}]}]})
    uuid = next(one["uuid"] for one in call("GET", "/policies") if one["name"] == "DB")
    assert call("GET", "/policies/" + uuid)["contentType"] == "LOCAL_CATEGORY_DB"
    held = call("GET", "/policies/%s/content" % uuid)
    held["content"]["categories"][0]["entries"].append({"type": "url", "url": "chatgpt.com", "comment": ""})
    body = {"content": held["content"], "contentType": "LOCAL_CATEGORY_DB", "schemaVersion": held["schemaVersion"], "changeDescription": "n"}
    assert "revisionInfo" in call("POST", "/policies/%s/content" % uuid, json=body)
    assert [one["url"] for one in call("GET", "/policies/%s/content" % uuid)["content"]["categories"][0]["entries"]] == ["openai.com", "chatgpt.com"]


def test_the_article_changes_a_policy_by_token(twin):
    twin.edit_as("alice", "Untitled", "cpl", {"sections": []})
    headers = dict(JSON, **{"X-Auth-Token": "mc-token-93f0c2"})
    found = next(one for one in requests.get(twin.url + "/api/policies", headers=headers, timeout=10).json() if one["name"] == "Untitled")
    assert (found["contentType"], found["tenant"], found["shared"], found["replaceVariables"]) == ("cpl", None, False, True) and found["uuid"].isupper()
    section = {"name": "Untitled", "purpose": "CustomSolution", "defaultPolicy": "; text", "overridePolicy": None, "mandatoryPolicy": None}
    body = {"content": {"sections": [section], "editMode": "SECTIONED", "referenceDeviceUuid": None}, "schemaVersion": "1.0", "contentType": "cpl",
            "changeDescription": "n"}
    path = "%s/api/policies/%s/content" % (twin.url, found["uuid"])
    assert requests.post(path, headers=headers, json=body, timeout=10).status_code == 200
    assert requests.get(path, headers=headers, timeout=10).json()["content"] == body["content"]


def test_audit_and_tracer_read_what_our_module_wrote(tmp_path):
    rig = SymantecRig(tmp_path)
    with rig.twin as twin:
        rig.run()
        assert requests.get(twin.url + "/api/policies", params={"shared": "true"}, auth=("alice", twin.admins["alice"]), timeout=10).json() == []
        uuid, = [one["uuid"] for one in demisto(twin, "GET", "policies", {"name": "EQ " + NAME})]
        versions = demisto(twin, "GET", "policies/%s/versions/" % uuid)
        assert [one["revisionDescription"] for one in versions] == ["netaccess.chatgpt"]
        content = demisto(twin, "GET", "policies/%s/content/%s" % (uuid, versions[0]["revisionNumber"]))["content"]
        section, = content["sections"]
        assert content["editMode"] == "SECTIONED" and section["purpose"] == "CustomSolution" and "url.domain=chatgpt.com" in section["defaultPolicy"]
        lines = requests.get(twin.url + "/ContentFilter/TestUrl/chatgpt.com", auth=twin.console, timeout=10).text.splitlines()
        assert [line.partition(":")[0] for line in lines] == ["Policy", "Blue Coat"]
        # A whole content written back by such a client, which looks at no revision, is seen by our next run.
        content["sections"][0]["defaultPolicy"] = section["defaultPolicy"].replace("  url.host.exact=js.stripe.com\n", "")
        demisto(twin, "POST", "policies/%s/content" % uuid, data={"contentType": "cpl", "changeDescription": "by hand", "content": content})
        assert rig.run("gathered")["pending"] == "foreign" and rig.run(check=True)["changed"]
