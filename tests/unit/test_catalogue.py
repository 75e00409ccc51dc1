# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue, its selections and overlays, the policy they compile to, and the lookups in a real playbook run."""
from __future__ import annotations

import copy
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from ansible.errors import AnsibleLookupError

from ansible_collections.netaccess.chatgpt.plugins.lookup import endpoints as endpoints_lookup, policy as policy_lookup
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy, PolicyError
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog import catalogue as module
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import (
    CatalogueError, Selection, endpoint_probes, load, policy_config,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.selection import OPTIONS, given
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.schema import SchemaError, check

FOLDER = Path(module.__file__).parent
SCHEMA = json.loads((FOLDER / "schema.json").read_text())
DATA = yaml.safe_load((FOLDER / "chatgpt.yml").read_text())
TODAY = datetime.date(2026, 11, 23)
# As published, in published order.
MARCH = """*.auth.openai.com *.chatgpt.com *.ct.sendgrid.net *.featuregates.org *.intercom.io *.intercomcdn.com *.oaistatic.com *.oaiusercontent.com
*.openai.com *.statsig.com android.chat.openai.com auth0.openai.com cdn.openaimerge.com cdn.workos.com challenges.cloudflare.com chat.openai.com
desktop.chat.openai.com events.statsigapi.net featureassets.org forwarder.workos.com humb.apple.com images.workoscdn.com ios.chat.openai.com
js.intercomcdn.com js.stripe.com o207216.ingest.sentry.io o33249.ingest.sentry.io prodregistryv2.org rum.browser-intake-datadoghq.com
setup.auth.openai.com setup.workos.com statsigapi.net tcr9i.chat.openai.com workos.imgix.net""".split()
GONE = "*.featuregates.org *.statsig.com events.statsigapi.net featureassets.org prodregistryv2.org statsigapi.net".split()
JULY = [p for p in MARCH if p not in GONE] + ["*.oaistatsig.com"]


def select(**options):
    options.setdefault("today", TODAY)
    return Selection(**options)


def config(overlays=(), **options):
    return policy_config(load(overlays), select(**options))


def listed(version):
    return [e["pattern"] for e in load().entries if module.in_version(e, version, TODAY)]


def test_the_published_lists_are_verbatim():
    assert (len(MARCH), len(JULY)) == (34, 29)
    assert listed("2026-03-11") == MARCH and listed("2026-07-25") == JULY
    assert len(listed("union")) == 35 and set(listed("union")) == set(MARCH + JULY)


def test_what_left_the_list_a_year_ago_leaves_the_union():
    late = datetime.date(2027, 7, 26)
    assert {e["pattern"] for e in load().entries if module.in_version(e, "union", late)} == set(JULY)


def test_every_entry_has_a_source_and_its_probes_are_under_its_pattern():
    ids = [p["id"] for e in DATA["entries"] + DATA["extras"] for p in e["probes"]]
    assert len(ids) == len(set(ids))
    for entry in DATA["entries"] + DATA["extras"]:
        assert entry["sources"]
        for probe in entry["probes"]:
            assert module.pattern_of(entry).matches(probe["host"]), probe


def test_apexes_are_compiled_only_where_they_are_used():
    allow = config()["allow"]
    assert {p for p in allow if p.startswith(".")} == {".auth.openai.com", ".chatgpt.com", ".openai.com", ".featuregates.org"}
    assert "*.oaistatic.com" in allow and "challenges.cloudflare.com" in allow
    assert ".challenges.cloudflare.com" in config(widen_challenges=True)["allow"]


def test_the_exemption_is_openai_alone_by_default_and_never_a_shared_wildcard():
    owners = {module.pattern_of(e): e for e in DATA["entries"] + DATA["extras"]}
    by_text = {str(p): e for p, e in owners.items()}
    assert {by_text[p]["owner"] for p in config()["exempt"]} == {"OpenAI"}
    assert len(config(exempt_level="core")["exempt"]) > len(config()["exempt"])
    everything = config(exempt_level="all")["exempt"]
    assert not [p for p in everything if by_text[p]["tenancy"] == "shared" and p.startswith(("*.", "."))]
    assert set(everything) <= set(config()["allow"])


def test_words_keep_hosts_under_inspection():
    plain, narrowed = config()["exempt"], config(exclude_exempt=["user_content"])["exempt"]
    assert set(plain) - set(narrowed) == {".chatgpt.com", "*.oaiusercontent.com"}
    assert ".openai.com" not in config(exclude_exempt=["server_api"])["exempt"]
    with pytest.raises(CatalogueError, match="exclude_exempt: auth0.openai.com remains exempt because of .openai.com; exclude that as well"):
        config(exclude_exempt=["auth0"])


def test_retired_is_what_the_selection_leaves_behind():
    july = config(version="latest")
    assert set(july["retired"]) >= {"featureassets.org", "*.statsig.com", ".featuregates.org"}
    assert not set(july["retired"]) & set(july["allow"])
    assert config()["retired"] == []
    removed = config([{"remove": ["stripe_js"]}])
    assert "js.stripe.com" in removed["retired"] and "js.stripe.com" not in removed["allow"]


@pytest.mark.parametrize("options,present,absent", [
    (dict(features=["payment"]), {"js.stripe.com"}, {".chatgpt.com"}),
    (dict(exclude_features=["support", "telemetry"]), {".chatgpt.com", "*.oaistatsig.com"}, {"*.intercom.io", "prodregistryv2.org"}),
    (dict(clients=["ios"]), {"ios.chat.openai.com"}, {"android.chat.openai.com", "cdn.workos.com"}),
    (dict(levels=["required"]), {".chatgpt.com"}, {"js.stripe.com"}),
    (dict(tenancies=["first_party"]), {".openai.com"}, {"js.stripe.com"}),
    (dict(query="[?owner=='Stripe']"), {"js.stripe.com"}, {".openai.com"}),
    (dict(features=["ios_attest"]), {"register.appattest.apple.com", "humb.apple.com"}, {".chatgpt.com"}),
    (dict(version="latest"), {"*.oaistatsig.com"}, {"chatgpt.livekit.cloud", "*.statsig.com"}),
    (dict(version="2026-03-11"), {"chatgpt.livekit.cloud", "*.statsig.com"}, {"*.oaistatsig.com"}),
])
def test_selections(options, present, absent):
    allow = set(config(**options)["allow"])
    assert present <= allow and not absent & allow


def test_shared_wildcards_can_be_withheld():
    held = config(withhold_shared=True)
    assert {"*.intercom.io", "*.ct.sendgrid.net"} <= set(held["withheld"]) and not set(held["withheld"]) & set(held["allow"])
    assert not set(held["withheld"]) & set(held["retired"])


def test_voice_is_media_to_published_addresses_of_a_known_age():
    media, = config()["media"]
    assert (media["protocol"], media["ports"], len(media["destinations"])) == ("udp", [3478], 23)
    assert config(media=False)["media"] == [] and config(features=["chat"])["media"] == []
    with pytest.raises(CatalogueError, match="media_max_age_days"):
        config(media_max_age_days=10)


@pytest.mark.parametrize("options,word", [
    (dict(version="2020-01-01"), "2026-07-25"), (dict(features=["chatt"]), "features: 'chatt'"), (dict(clients=["linux"]), "clients"),
    (dict(levels=["must"]), "levels"), (dict(query="[?"), "query"), (dict(query="length(@)"), "query"), (dict(exclude_exempt=["nothing"]), "exclude_exempt"),
])
def test_a_selection_of_nothing_is_an_error_that_names_the_option(options, word):
    with pytest.raises(CatalogueError, match=word.replace("[", r"\[")):
        config(**options)


# -- overlays -------------------------------------------------------------------------------------------------------


def test_an_overlay_adds_changes_and_removes():
    entry = {"id": "mine", "pattern": "*.bücher.example", "owner": "Example", "purpose": "a test", "features": ["chat"], "clients": ["web"],
             "level": "optional", "tenancy": "dedicated", "exemption": "never", "since": "2026-03-11", "sources": ["a test"]}
    done = config([{"entries": [entry, {"id": "stripe_js", "exemption": "must", "tenancy": "dedicated"}], "remove": ["intercom"]}])
    assert "*.xn--bcher-kva.example" in done["allow"] and "*.xn--bcher-kva.example" not in done["exempt"]
    assert "js.stripe.com" in done["exempt"] and "*.intercom.io" not in done["allow"]


def broken():
    good = copy.deepcopy(DATA["entries"][1])
    for field, value in [("level", "x"), ("features", []), ("features", ["x"]), ("ports", [0]), ("ports", ["443"]), ("ports", [True]), ("apex", "yes"),
                         ("since", "yesterday"), ("until", 5), ("owner", ""), ("exemption", None), ("probes", [{"id": "x"}]), ("marks", ["x"]),
                         ("probes", [{"id": "x", "host": "a b", "kind": "https", "cost": "quick"}]), ("surprise", 1), ("clients", "web"),
                         ("probes", [{"id": "x", "host": "a.example", "kind": "https", "cost": "quick", "expect": {"status": [99]}}])]:
        yield field, dict(good, **{field: value})
    for field in ("pattern", "sources", "id"):
        yield field, {key: value for key, value in good.items() if key != field}


@pytest.mark.parametrize("field,entry", list(broken()), ids=lambda value: value if isinstance(value, str) else "")
def test_a_broken_overlay_names_file_entry_and_field_and_the_schema_agrees(tmp_path, field, entry):
    wanted = jsonschema.Draft202012Validator({"$ref": "#/$defs/entry", "$defs": SCHEMA["$defs"]})
    assert not wanted.is_valid(entry)
    with pytest.raises(SchemaError):
        check(entry, SCHEMA["properties"]["entries"]["items"], SCHEMA)
    path = tmp_path / "overlay.yml"
    path.write_text(yaml.safe_dump({"entries": [dict(entry, id=entry.get("id", "brand_new")) if field != "id" else entry]}))
    if field in ("pattern", "sources"):
        path.write_text(yaml.safe_dump({"entries": [dict(entry, id="brand_new")]}))
    with pytest.raises(CatalogueError) as error:
        load([str(path)])
    assert str(path) in str(error.value) and field in str(error.value) and "entry" in str(error.value)


def test_the_shipped_catalogue_fits_the_schema_by_both_checks():
    jsonschema.Draft202012Validator(SCHEMA).validate(DATA)
    check(DATA, SCHEMA, SCHEMA)


@pytest.mark.parametrize("text,word", [
    ("[", "YAML"), ("- 1", "dictionary"), ("entrys: []", "entrys"), ("entries: {}", "list"), ("remove: [nothing]", "nothing")])
def test_a_file_that_is_no_overlay_is_named(tmp_path, text, word):
    path = tmp_path / "overlay.yml"
    path.write_text(text)
    with pytest.raises(CatalogueError, match=word) as error:
        load([str(path)])
    assert str(path) in str(error.value)
    with pytest.raises(CatalogueError, match="cannot be read"):
        load([str(tmp_path / "none.yml")])


# -- probes ---------------------------------------------------------------------------------------------------------


def test_probes_follow_the_policy():
    probes = endpoint_probes(load(), select())
    policy = Policy.from_config(config())
    assert {p["role"] for p in probes} == {"wanted", "negative", "control"}
    for probe in probes:
        assert probe["exempt"] == any(p.matches(probe["host"]) for p in policy.exempt)
        assert (probe["role"] == "wanted") == any(p.matches(probe["host"]) for p in policy.allow)
    quick = endpoint_probes(load(), select(), "quick")
    assert len(quick) < len(probes) and {p["host"] for p in quick} <= {p["host"] for p in probes}
    assert {p["role"] for p in endpoint_probes(load(), select(), roles=["negative"])} == {"negative"}


# -- the policy on its own ------------------------------------------------------------------------------------------


def test_the_policy_round_trips():
    policy = Policy.from_config(config())
    assert Policy.from_config(json.loads(json.dumps(policy.to_config()))) == policy


@pytest.mark.parametrize("data,word", [
    (dict(allow=["chatgpt.com"], exempt=["openai.com"]), "exempt: openai.com is not in allow"), (dict(allow=["https://x.y"]), "allow, entry 1"),
    (dict(alow=[]), "unknown key alow"), (dict(allow="chatgpt.com"), "allow: it must be a list"), ([], "dictionary"),
    (dict(allow=[], media=[{"id": "x"}]), "media, entry 1"),
    (dict(allow=[], media=[dict(id="v", protocol="udp", ports=[3478], destinations=["0.0.0.0/0"], feed_date="2026-01-01")]), "too large a network"),
    (dict(allow=[], media=[dict(id="v", protocol="udp", ports=[3478], destinations=[], feed_date="2026-01-01")]), "never opened to all addresses"),
    (dict(allow=[], media=[dict(id="v", protocol="udp", ports=[0], destinations=["192.0.2.1"], feed_date="2026-01-01")]), "ports"),
    (dict(allow=[], media=[dict(id="v", protocol="icmp", ports=[1], destinations=["192.0.2.1"], feed_date="2026-01-01")]), "protocol"),
    (dict(allow=[], media=[dict(id="v", protocol="udp", ports=[1], destinations=["x"], feed_date="2026-01-01")]), "CIDR"),
])
def test_what_is_no_policy_says_why(data, word):
    with pytest.raises(PolicyError, match=word):
        Policy.from_config(data)


def test_a_child_of_an_allowed_domain_may_be_exempt():
    assert Policy.from_config({"allow": [".openai.com"], "exempt": ["api.openai.com"]}).exempt


@pytest.mark.parametrize("name,said", [("feature", "did you mean features?"), ("exempt_levels", "did you mean exempt_level?"),
                                       ("zzz", "zzz is not an option$")])
def test_an_option_that_a_lookup_has_not_is_refused(name, said):
    """Ansible passes over it, and the policy would be another one than was meant."""
    given([*OPTIONS], OPTIONS)
    with pytest.raises(CatalogueError, match=said.replace("?", "[?]")):
        given([name], OPTIONS)


@pytest.mark.parametrize("lookup", [endpoints_lookup, policy_lookup], ids=["endpoints", "policy"])
def test_each_lookup_refuses_it(lookup, monkeypatch):
    monkeypatch.setattr(lookup.LookupModule, "set_options", lambda _self, **_given: None)
    monkeypatch.setattr(lookup.LookupModule, "get_options", lambda _self: dict.fromkeys(OPTIONS))
    with pytest.raises(AnsibleLookupError, match="feature is not an option: did you mean features[?]") as refused:
        lookup.LookupModule().run([], feature=["chat"])
    # Releases of ansible-core from 2.19 on repeat the text of a cause.
    assert refused.value.__suppress_context__ and refused.value.__cause__ is None


@pytest.mark.parametrize("name", ["features", "clients", "levels", "tenancies"])
def test_a_list_that_should_limit_the_policy_is_not_empty(name, monkeypatch):
    monkeypatch.setattr(policy_lookup.LookupModule, "set_options", lambda _self, **_given: None)
    monkeypatch.setattr(policy_lookup.LookupModule, "get_options", lambda _self: dict.fromkeys(OPTIONS))
    with pytest.raises(AnsibleLookupError, match="%s is an empty list, which would select everything" % name):
        policy_lookup.LookupModule().run([], **{name: []})


# -- in Ansible -----------------------------------------------------------------------------------------------------

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars:
    chosen: '2026-03-11'
    own: [{entries: [{id: chatgpt, level: optional}]}]
  tasks:
    - netaccess.chatgpt.catalog_info: {version: latest, compare_to: 2026-03-11}
      register: shown
    - ansible.builtin.copy:
        dest: "{{ target }}"
        content: >-
          {{ {'policy': lookup('netaccess.chatgpt.policy', version=chosen, overlays=own, query='[?level==`required`]'),
              'probes': lookup('netaccess.chatgpt.endpoints', cost='quick') | map(attribute='id') | list,
              'difference': shown.difference, 'entries': shown.entries | length, 'pattern': shown.entries[0].pattern} | to_json }}
"""


def test_lookups_and_catalog_info_in_a_playbook(tmp_path):
    """Ansible hands over tagged strings, which JMESPath and the schema cannot digest."""
    (tmp_path / "p.yml").write_text(PLAYBOOK)
    target = tmp_path / "out.json"
    done = subprocess.run([str(Path(sys.executable).parent / "ansible-playbook"), str(tmp_path / "p.yml"), "-e", "target=%s" % target],
                          capture_output=True, text=True, env=dict(os.environ), check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(target.read_text())
    assert ".chatgpt.com" in seen["policy"]["retired"] and ".openai.com" in seen["policy"]["allow"]
    assert "chatgpt_trace" in seen["probes"] and seen["entries"] == 29 and seen["pattern"] == "*.auth.openai.com"
    assert (seen["difference"]["added"], seen["difference"]["removed"]) == (["*.oaistatsig.com"], GONE)
