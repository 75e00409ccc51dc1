# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zscaler-sdk-python against the twin of ZIA: the old login through the client's override, OneAPI through a proxy that maps its hosts."""
from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from tests.contract.rig import MEDIA
from tests.products.zia.rig import ZiaRig
from tests.products.zia.twin import Zia

oneapi_client = pytest.importorskip("zscaler.oneapi_client", reason="zscaler-sdk-python is not installed")

WHO, SECRET = "netaccess@example.com", "Correct-Horse-9"
EXEMPT = {"type": "DO_NOT_DECRYPT", "showEUN": False, "showEUNATP": False, "overrideDefaultCertificate": False, "doNotDecryptSubActions": {
    "bypassOtherPolicies": False, "serverCertificates": "BLOCK", "ocspCheck": True, "minTLSVersion": "SERVER_TLS_1_2", "blockSslTrafficWithNoSniEnabled": True}}


class MappedHosts(Zia):
    names = ["example.zslogin.net", "api.zsapi.net"]


class Mapper:
    """A CONNECT proxy that leads every host to one port. ``asked``: the hosts."""

    def __init__(self, port: int):
        self.target, self.asked = port, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_exc):
        self._listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(4096)
            if not more:
                return
            head += more
        self.asked.append(head.split()[1].decode())
        server = socket.create_connection(("127.0.0.1", self.target))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=_pipe, args=(server, client), daemon=True).start()
        _pipe(client, server)


def _pipe(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """No proxy but ours, and no naps between the client's requests."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "ZSCALER_CLIENT_ID", "ZSCALER_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def twin():
    with MappedHosts(tls=True, site="capp", limits=False) as running:
        yield running


@pytest.fixture
def legacy(monkeypatch):
    with Zia(site="capp", limits=False) as twin:
        monkeypatch.setenv("ZIA_OVERRIDE_URL", twin.url)
        yield twin, oneapi_client.LegacyZIAClient({"username": WHO, "password": SECRET, "api_key": twin.api_key, "cloud": "zscaler"})


@pytest.fixture
def oneapi(twin, tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", twin.ca_file(tmp_path))
    with Mapper(twin.port) as mapper:
        monkeypatch.setenv("HTTPS_PROXY", mapper.url)
        client = oneapi_client.Client({"clientId": "netaccess-client", "clientSecret": "Correct-Secret-9", "vanityDomain": "example", "cloud": "production",
                                       "cache": {"enabled": False}, "sslContext": twin.ca_file(tmp_path)})
        yield twin, client, mapper


@pytest.fixture(params=["legacy", "oneapi"])
def both(request):
    twin, client = request.getfixturevalue(request.param)[:2]
    yield twin, client


def good(answer):
    result, _response, error = answer
    assert error is None, error
    return result


def test_a_category_lives(both):
    twin, client = both
    with client:
        api = client.zia.url_categories
        made = good(api.add_url_category("USER_DEFINED", configured_name="ChatGPT", urls=[], db_categorized_urls=[".chatgpt.com"], description="ours"))
        assert made.id == "CUSTOM_02" and made.db_categorized_urls == [".chatgpt.com"] and made.custom_category is True
        assert {one.configured_name for one in good(api.list_categories(query_params={"custom_only": True}))} == {"AI sites", "ChatGPT"}
        good(api.add_urls_to_category(made.id, configured_name="ChatGPT", urls=["a.example.com", ".b.example.com"]))
        good(api.delete_urls_from_category(made.id, configured_name="ChatGPT", urls=["a.example.com"]))
        read = good(api.get_category(made.id))
        assert (read.urls, read.db_categorized_urls, read.description) == ([".b.example.com"], [".chatgpt.com"], "ours")
        good(api.update_url_category(made.id, configured_name="ChatGPT", super_category="USER_DEFINED", urls=["c.example.com"]))
        read = good(api.get_category(made.id))
        assert (read.urls, read.db_categorized_urls) == (["c.example.com"], [])
        assert api.get_quota() == {"uniqueUrlsProvisioned": 4, "remainingUrlsQuota": 24996}
        _none, response, error = api.delete_category(made.id)
        assert error is None and response.get_status() == 204
    with pytest.raises(KeyError):
        twin.find("urlCategories", "ChatGPT")


def test_the_rules_open_what_was_blocked_for_the_group_alone(both):
    twin, client = both
    assert twin.decide("member", "chatgpt.com") == ("block", "decrypt")
    with client:
        zia = client.zia
        category = good(zia.url_categories.add_url_category("USER_DEFINED", configured_name="ChatGPT", urls=[], db_categorized_urls=[".chatgpt.com"]))
        group = next(one for one in good(zia.user_management.list_groups()) if one.name == "AI users")
        url = good(zia.url_filtering.add_rule(name="chatgpt", rank=7, order=2, enabled=False, action="ALLOW", protocols=["ANY_RULE"],
                                              url_categories=[category.id], groups=[group.id]))
        exempt = {"name": "chatgpt", "rank": 7, "order": 1, "action": EXEMPT, "url_categories": [category.id]}
        ssl = good(zia.ssl_inspection_rules.add_rule(enabled=False, groups=[group.id], **exempt))
        app, = good(zia.cloudappcontrol.list_rules("AI_ML"))
        assert (app.name, app.applications, app.actions) == ("No ChatGPT", ["CHATGPT_AI"], ["DENY_AI_ML_WEB_USE"])
        good(zia.cloudappcontrol.add_rule("AI_ML", name="chatgpt", order=1, rank=7, enabled=True, actions=["ALLOW_AI_ML_WEB_USE"], applications=["CHATGPT_AI"],
                                          groups=[group.id], cascading_enabled=True))
        assert [one.name for one in good(zia.url_filtering.list_rules())] == ["Stop threats", "chatgpt", "Block AI"]
        good(zia.url_filtering.update_rule(url.id, name="chatgpt", rank=7, order=2, enabled=True, action="ALLOW", protocols=["ANY_RULE"],
                                           url_categories=[category.id], groups=[group.id]))
        good(zia.ssl_inspection_rules.update_rule(ssl.id, enabled=True, groups=[group.id], **exempt))
        read = good(zia.ssl_inspection_rules.get_rule(ssl.id))
        assert read.state == "ENABLED" and read.action.type == "DO_NOT_DECRYPT"
        assert twin.decide("member", "chatgpt.com") == ("block", "decrypt") and good(zia.activate.status()).status == "PENDING"
        assert good(zia.activate.activate()).status == "ACTIVE"
        assert twin.decide("member", "chatgpt.com") == ("allow", "tunnel") and twin.decide("stranger", "chatgpt.com") == ("block", "decrypt")
        _none, _response, error = zia.url_categories.delete_category(category.id)
        assert "RESOURCE_IN_USE" in str(error)
        good(zia.url_filtering.delete_rule(url.id))
        good(zia.ssl_inspection_rules.delete_rule(ssl.id))
        good(zia.url_categories.delete_category(category.id))
        assert twin.decide("member", "chatgpt.com") == ("allow", "tunnel")
    # The clients end their session on the way out, and that publishes.
    assert twin.decide("member", "chatgpt.com") == ("block", "decrypt")


def test_what_is_asked_about_hosts_and_people(both):
    _twin, client = both
    rows, error = client.zia.url_categories.lookup(["claude.ai", "malware.test"])
    assert error is None and [row["urlClassifications"] or row["urlClassificationsWithSecurityAlert"] for row in rows] == [["CUSTOM_01"], ["MALWARE_SITE"]]
    reviewed = client.zia.url_categories.review_domains_post(["api.openai.com"])
    assert reviewed[0]["matches"] == [{"id": "CUSTOM_01", "name": "AI sites"}]
    assert "ALLOW_AI_ML_WEB_USE" in good(client.zia.cloudappcontrol.list_available_actions("AI_ML", ["CHATGPT_AI"]))
    assert [one.name for one in good(client.zia.locations.list_locations())] == ["Head office", "Branch"]
    assert [one.name for one in good(client.zia.user_management.list_departments())] == ["Research", "Sales"]
    assert good(client.zia.user_management.list_users(query_params={"search": "Bob"}))[0].groups[0].name == "Staff"


def test_the_lists_beside_the_categories(both):
    twin, client = both
    good(client.zia.security_policy_settings.replace_whitelist(["a.example.com"]))
    assert good(client.zia.security_policy_settings.get_whitelist()).whitelist_urls == ["a.example.com"]
    client.zia.authentication_settings.add_urls_to_exempt_list([".chatgpt.com"])
    assert twin.state.config["settings"]["authSettings/exemptedUrls"] == {"urls": [".chatgpt.com"]}
    assert good(client.zia.advanced_settings.get_advanced_settings()).auth_bypass_urls == []


def test_an_error_comes_through_as_the_vendors_client_reads_it(both):
    _twin, client = both
    _none, _response, error = client.zia.ssl_inspection_rules.add_rule(name="x", order=1, rank=7, action="INSPECT")
    assert "Request body is invalid." in str(error)
    _none, _response, error = client.zia.url_categories.get_category("CUSTOM_77")
    assert "RESOURCE_NOT_FOUND" in str(error)


def test_the_legacy_client_logs_in_again_and_its_lost_session_has_published(legacy):
    twin, client = legacy
    good(client.zia.url_categories.add_urls_to_category("CUSTOM_01", configured_name="AI sites", urls=["www.example.com"]))
    assert twin.decide("member", "www.example.com") == ("allow", "decrypt")
    twin.advance(301)
    assert twin.decide("member", "www.example.com") == ("block", "decrypt")
    assert good(client.zia.activate.status()).status == "ACTIVE"
    assert [one.method for one in twin.log if one.path.endswith("authenticatedSession")].count("POST") == 2


def test_the_legacy_client_waits_out_a_limit(legacy, monkeypatch):
    twin, client = legacy
    slept = []
    monkeypatch.setattr("zscaler.zia.legacy.sleep", lambda seconds: (slept.append(seconds), twin.advance(seconds)))
    twin.limits.on, twin.limits.form = True, "zero"
    twin.limits.weights["light"] = ((1, 1),)
    good(client.zia.activate.status())
    good(client.zia.activate.status())
    assert slept and set(slept) == {1}


def test_oneapi_asks_the_vendors_hosts_and_sends_a_secret_once(oneapi):
    twin, client, mapper = oneapi
    good(client.zia.activate.status())
    good(client.zia.activate.status())
    assert set(mapper.asked) == {"example.zslogin.net:443", "api.zsapi.net:443"}
    assert [one.path for one in twin.log] == ["/oauth2/v1/token"] + ["/zia/api/v1/status"] * 2


def test_oneapi_takes_a_new_token_when_the_old_one_ends(oneapi):
    twin, client, _mapper = oneapi
    good(client.zia.activate.status())
    twin.expire_sessions()
    good(client.zia.activate.status())
    assert [one.path for one in twin.log].count("/oauth2/v1/token") == 2


def test_a_private_key_instead_of_a_secret(oneapi, tmp_path):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    twin, _client, _mapper = oneapi
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    twin.public_key = key.public_key()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    client = oneapi_client.Client({"clientId": "netaccess-client", "privateKey": pem, "vanityDomain": "example", "cloud": "production",
                                   "cache": {"enabled": False}, "sslContext": twin.ca_file(tmp_path)})
    assert good(client.zia.activate.status()).status == "ACTIVE"


def test_the_firewall_rule_and_service_that_our_module_made(legacy, tmp_path):
    twin, client = legacy
    rig = ZiaRig(tmp_path)
    rig.twin, rig.media = twin, MEDIA
    rig.run()
    service = next(one for one in good(client.zia.cloud_firewall.list_network_services()) if one.name == "ChatGPT voice")
    assert [(one.start, one.end) for one in service.dest_udp_ports] == [(3478, None)]
    rule = next(one for one in good(client.zia.cloud_firewall_rules.list_rules()) if one.name == "ChatGPT voice")
    assert (rule.state, rule.action, sorted(rule.dest_addresses), rule.enable_full_logging) == (
        "ENABLED", "ALLOW", ["198.51.100.7/32", "203.0.113.0/28"], True)


def test_a_firewall_rule_as_the_vendors_client_makes_it(both):
    twin, client = both
    service = good(client.zia.cloud_firewall.add_network_service(name="Voice", type="CUSTOM", ports=[("dest", "udp", "3478")]))
    group = next(one for one in good(client.zia.user_management.list_groups()) if one.name == "AI users")
    drop = good(client.zia.cloud_firewall_rules.add_rule(name="drop", order=1, rank=7, enabled=True, action="BLOCK_DROP", dest_addresses=["203.0.113.0/24"]))
    good(client.zia.cloud_firewall_rules.add_rule(name="voice", order=1, rank=7, enabled=True, action="ALLOW", dest_addresses=["203.0.113.0/28"],
                                                  nw_services=[service.id], groups=[group.id]))
    good(client.zia.activate.activate())
    assert twin.decide("member", "203.0.113.5", 3478, "UDP")[0] == "allow"
    assert twin.decide("stranger", "203.0.113.5", 3478, "UDP")[0] == "block" and twin.decide("member", "203.0.113.5", 3479, "UDP")[0] == "block"
    good(client.zia.cloud_firewall_rules.delete_rule(drop.id))
