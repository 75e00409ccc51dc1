# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Umbrella: tokens, what the API refuses, what a list does and when, how both layers decide."""
from __future__ import annotations

import base64
import http.client
import json

import pytest

from tests.products.umbrella.twin import DNS, LISTS, PROFILES, SETTINGS, SPARED, WEB, Umbrella

KEY = "netaccess-key"


class Api:
    """A plain client: ``ask`` gives (status, body)."""

    def __init__(self, twin):
        self.headers = {}
        self.line = http.client.HTTPConnection("127.0.0.1", twin.port, timeout=10)

    def ask(self, method, path, body=None):
        self.line.request(method, path, None if body is None else json.dumps(body), self.headers)
        answer = self.line.getresponse()
        return answer.status, json.loads(answer.read() or "null")

    def token(self, secret="Correct-Secret-9", method="POST"):
        self.headers = {"Authorization": "Basic " + base64.b64encode(("%s:%s" % (KEY, secret)).encode()).decode()}
        status, body = self.ask(method, "/auth/v2/token")
        self.headers = {"Authorization": "Bearer %s" % body.get("access_token")}
        return status, body

    def lists(self, method="GET", rest="", body=None):
        return self.ask(method, LISTS + rest, body)


@pytest.fixture
def make():
    running = []

    def build(**options):
        running.append(Umbrella(**options).__enter__())
        api = Api(running[-1])
        api.token()
        return running[-1], api
    yield build
    for one in running:
        one.__exit__()


def create(api, **changes):
    return api.lists("POST", "", dict({"access": "allow", "isGlobal": False, "name": "New"}, **changes))


def test_tokens_are_given_to_the_right_secret_by_post_and_get_and_run_out(make):
    twin, api = make()
    assert api.token("wrong")[0] == 401 and api.lists()[0] == 401
    assert api.token(method="GET")[1]["expires_in"] == 3600 and api.lists()[0] == 200
    twin.advance(3601)
    assert api.lists() == (401, {"statusCode": 401, "error": "Unauthorized", "txId": "9c5f4c7b-7e4a-4f2e"})


def test_a_list_is_of_the_dns_layer_unless_told(make):
    twin, api = make()
    assert create(api)[1]["data"]["bundleTypeId"] == DNS
    assert create(api, name="Misspelt", bundleType=2)[1]["data"]["bundleTypeId"] == DNS
    assert create(api, name="Web", bundleTypeId=2)[1]["data"]["bundleTypeId"] == WEB


@pytest.mark.parametrize("body,status", [({"access": "perhaps"}, 400), ({"bundleTypeId": 3}, 400), ({"isGlobal": True}, 409), ({"name": "Partners"}, 400),
                                         ({"destinations": [{"destination": "x%d.test" % n} for n in range(501)]}, 400)])
def test_lists_that_are_refused(make, body, status):
    assert create(make()[1], **body)[0] == status


@pytest.mark.parametrize("access,text,status", [
    ("allow", "openai.com", 200), ("allow", "*.openai.com", 400), ("allow", "sub.*.com", 400), ("allow", "open ai.com", 400), ("allow", "192.0.2.1", 200),
    ("block", "192.0.2.1", 400), ("allow", "https://openai.com/x", 400), ("block", "https://openai.com/x", 200), ("allow", "openai.com/x", 400)])
def test_types_of_entries(make, access, text, status):
    twin, api = make()
    number = twin.add_list("Mine", access, WEB, [])["id"]
    assert api.lists("POST", "/%d/destinations" % number, [{"destination": text}])[0] == status


def test_entries_come_in_pages_with_ids_that_are_texts_and_go_by_ids_that_are_numbers(make):
    twin, api = make()
    number = twin.add_list("Mine", "allow", DNS, ["h%d.test" % n for n in range(5)])["id"]
    status, body = api.lists("GET", "/%d/destinations?page=2&limit=3" % number)
    assert status == 200 and body["meta"] == {"page": 2, "limit": 3, "total": 5} and [item["destination"] for item in body["data"]] == ["h3.test", "h4.test"]
    ids = [item["id"] for item in body["data"]]
    assert all(isinstance(one, str) for one in ids) and api.lists("DELETE", "/%d/destinations/remove" % number, ids)[0] == 400
    assert api.lists("DELETE", "/%d/destinations/remove" % number, [int(one) for one in ids])[1]["data"]["meta"]["destinationCount"] == 3
    assert api.lists("GET", "/%d/destinations?limit=101" % number)[0] == 400


def test_a_domain_of_high_volume_is_answered_well_and_not_added(make):
    twin, api = make(high_volume=("big.test",))
    number = twin.add_list("Mine", "allow", DNS, [])["id"]
    assert api.lists("POST", "/%d/destinations" % number, [{"destination": "big.test"}, {"destination": "small.test"}])[0] == 200
    assert [item["destination"] for item in twin.named("Mine")["items"]] == ["small.test"]


def test_a_list_in_use_is_not_deleted(make):
    twin, api = make()
    assert api.lists("DELETE", "/%d" % twin.named("Partners")["id"])[0] == 409
    number = twin.add_list("Mine", "allow", DNS, [])["id"]
    assert api.lists("DELETE", "/%d" % number)[1]["data"] == [] and api.lists("GET", "/%d" % number)[0] == 404


def test_a_list_does_nothing_until_a_person_attaches_it(make):
    twin, _api = make()
    twin.add_list("Mine", "allow", DNS, ["openai.com"])
    twin.add_list("Mine web", "allow", WEB, ["openai.com"])
    assert twin.decide("member", "api.openai.com")[0] == "block"
    twin.attach("Mine", "AI users")
    assert twin.decide("member", "api.openai.com")[0] == "block", "the web layer"
    twin.attach("Mine web", "AI users web")
    assert twin.decide("member", "api.openai.com") == ("allow", "decrypt") and twin.decide("stranger", "api.openai.com")[0] == "block"
    assert twin.decide("member", "evilopenai.com") == ("allow", "decrypt") and twin.decide("member", "openai.com.evil.test") == ("allow", "decrypt")


def test_in_the_dns_layer_an_allow_list_beats_a_block_of_a_name_below(make):
    twin, _api = make()
    twin.add_list("Mine", "allow", DNS, ["allowed.test"])
    twin.add_list("Theirs", "block", DNS, ["sub.allowed.test"])
    twin.attach("Theirs", "AI users", "block")
    assert twin.decide("member", "sub.allowed.test")[0] == "block"
    twin.attach("Mine", "AI users")
    assert twin.decide("member", "sub.allowed.test")[0] == "allow"


def test_in_the_web_layer_the_first_rule_decides(make):
    twin, _api = make()
    twin.add_list("Mine", "allow", WEB, ["some.test"])
    twin.add_list("Theirs", "block", WEB, ["some.test"])
    twin.attach("Mine", "AI users web", at=1)
    twin.attach("Theirs", "AI users web", "block", at=2)
    assert twin.decide("member", "some.test")[0] == "allow"
    twin.state.web[0]["rules"][1:3] = reversed(twin.state.web[0]["rules"][1:3])
    assert twin.decide("member", "some.test")[0] == "block"


def test_the_global_allow_list_is_for_everybody_in_the_dns_layer(make):
    twin, _api = make()
    twin.put_items("Global Allow List", ["openai.com"])
    twin.state.web[1]["rules"] = []
    assert twin.decide("stranger", "openai.com")[0] == "allow" and twin.decide("member", "openai.com")[0] == "block", "the ruleset of the members"


def test_limits_answer_429_without_a_time(make):
    twin, api = make(limits=True)
    codes = [api.ask("GET", "/deployments/v2/policies?type=web")[0] for _number in range(6)]
    assert codes[:5] == [200] * 5 and codes[5] == 429
    twin.advance(1.1)
    assert api.ask("GET", "/deployments/v2/policies")[1][0]["name"] == "AI users"


# -- Secure Access: what is decrypted -----------------------------------------------------------------------------


def update(twin, api, **body):
    return api.ask("PUT", "%s/%d" % (SPARED, twin.spared("Company")["id"]), dict({"name": "Company"}, **body))[0]


@pytest.mark.parametrize("method,path", [("PUT", PROFILES), ("POST", PROFILES), ("POST", SPARED), ("DELETE", SPARED), ("PUT", SETTINGS)])
def test_what_nothing_of_ours_may_send_is_refused(make, method, path):
    twin, api = make(secure=True)
    twin.keys[KEY][1] |= {"policies.securityProfiles:write", "policies.settings:write"}
    for rest in ("", "/%d" % twin.spared("Company")["id"], "/%d" % twin.profile("AI profile")["id"]):
        assert api.ask(method, path + rest, {"name": "Mine"})[0] == 405


def test_a_query_or_a_field_that_is_not_modelled_is_refused(make):
    twin, api = make(secure=True)
    assert api.ask("GET", SPARED + "?outputFormat=x")[0] == api.ask("GET", PROFILES + "?optionalFields=[]")[0] == 400
    assert update(twin, api, addApplications=[1]) == update(twin, api, exceptiondomainlistId=1) == update(twin, api, name="") == 400
    assert update(twin, api, addDestinations=[{"destination": "x.example", "comment": "c" * 256}]) == 400
    assert update(twin, api, addDestinations=[{"destination": "*.x.example"}]) == 400
    assert update(twin, api, addDestinations=[{"destination": "x%d.example" % number} for number in range(501)]) == 400
    assert update(twin, api, addDestinations=[{"destination": "bank.example"}]) == update(twin, api, removeDestinations=[{"destination": "x.example"}]) == 400
    assert twin.spares("Company") == {"bank.example": None}


def test_an_update_of_a_do_not_decrypt_list_changes_what_it_names(make):
    twin, api = make(secure=True)
    assert update(twin, api, name="Firm") == 200 and twin.spares("Firm") == {"bank.example": None}
    number = twin.spared("Firm")["id"]
    status, row = api.ask("PUT", "%s/%d" % (SPARED, number), {
        "name": "Firm", "addDestinations": [{"destination": "x.example"}], "removeDestinations": [{"destination": "bank.example"}]})
    assert status == 200 and row["totalDomains"] == 1 and twin.spares("Firm") == {"x.example": None}
    assert api.lists("GET", "/%d/destinations" % row["exceptiondomainlistId"])[1]["data"][0]["destination"] == "x.example"
    assert api.lists("POST", "/%d/destinations" % row["exceptiondomainlistId"], [{"destination": "y.example"}])[0] == 400


def test_who_decrypts_is_the_profile_of_the_rule_that_decides_and_ips(make):
    twin, _api = make(secure=True, undecrypted=("openai.com",))
    twin.rule("AI users")["lists"] = [twin.named("Unused")["id"]]
    assert twin.decide("member", "openai.com") == ("allow", "tunnel") and twin.decide("member", "bank.example") == ("allow", "tunnel")
    assert twin.decide("member", "x.example") == ("allow", "decrypt")
    twin.rule("AI users")["settings"] = {}
    assert twin.decide("member", "openai.com") == ("allow", "decrypt"), "by the default profile"
    twin.profile("Company profile")["decrypts"] = False
    assert twin.decide("member", "openai.com") == ("allow", "tunnel")
    twin.state.settings["sse.globalIPSEnabled"] = True
    assert twin.decide("member", "openai.com") == ("allow", "decrypt") and twin.decide("member", "update.example") == ("allow", "tunnel")
