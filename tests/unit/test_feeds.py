# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Feeds, each read as its product reads it: the hosts that match are those of the policy, or the header says otherwise."""
from __future__ import annotations

import ipaddress
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings, strategies as st

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import Selection, load, policy_config
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish import feeds
from tests.products.panos.twin.policy import url_matches

ABOUT = feeds.About("0.1.0", "2026-07-25", (("levels", ["required"]),), wanted="PROXY proxy.example.com:8080", others="DIRECT")
MEDIA = [{"id": "voice", "protocol": "udp", "ports": [3478], "destinations": ["8.8.4.0/28", "2600:1900::/48"], "feed_date": "2026-10-10"}]
SMALL = {"allow": ["a.example.com", "*.b.example.com", ".c.example.com"], "exempt": [".c.example.com"], "media": MEDIA, "version": "union"}
DEFAULT = policy_config(load(), Selection())


def rendered(config, name, about=ABOUT):
    return feeds.render(Policy.from_config(config), [name], about)


def lines(text, mark="#"):
    return [line for line in text.splitlines() if line.strip() and not line.strip().startswith(mark)]


# -- how each product reads it -------------------------------------------------------------------------------------


def read_panos(files, word):
    entries = lines(files["panos-url-%s.txt" % word], "\0")

    def matches(host):
        # With and without the ending token that newer releases put at entries: ours do not depend on it.
        found = [url_matches_any(entries, host, token) for token in (False, True)]
        assert found[0] == found[1], (entries, host)
        return found[0]
    return matches


def url_matches_any(entries, host, token):
    return any(url_matches(entry, host + "/", token) for entry in entries)


def read_cpl(files, word):
    inside, found = False, []
    for line in lines(files["symantec-local.cpl"], ";"):
        if line.startswith("define condition"):
            inside = line == "define condition netaccess_chatgpt_%s" % word
        elif inside and not line.startswith("end"):
            found.append(line.strip().split("=", 1))
    tests = {"url.host.exact": lambda host, value: host == value, "url.host.suffix": lambda host, value: host.endswith(value),
             "url.domain": lambda host, value: host == value or host.endswith("." + value)}
    return lambda host: any(tests[trigger](host, value) for trigger, value in found)


def read_squid(files, word):
    """dstdomain: .x is x and all below it; names after # are words."""
    def load_file(name):
        return [line.split("#")[0].strip() for line in lines(files[name])]
    domains, exceptions = load_file("squid-%s.txt" % word), load_file("squid-%s-except.txt" % word)

    def hit(entries, host):
        return any(("." + host).endswith(entry) if entry.startswith(".") else host == entry for entry in entries)
    return lambda host: hit(domains, host) and not hit(exceptions, host)


def read_plain(files, word):
    return lambda host: any(parse(line).matches(host) for line in lines(files["plain-%s.txt" % word]))


def read_json(files, word):
    data = json.loads(files["chatgpt.json"])["policy"][word]
    return lambda host: any(parse(one).matches(host) for one in data)


EXACT_READERS = {"panos": read_panos, "cpl": read_cpl, "squid": read_squid, "plain": read_plain, "json": read_json}
labels = st.text("abcxyz019", min_size=1, max_size=4)
names = st.lists(labels, min_size=1, max_size=3).map(lambda parts: ".".join(parts) + ".example")
patterns = st.builds(lambda form, name: form % name, st.sampled_from(["%s", "*.%s", ".%s"]), names)


def around(texts):
    """Hosts that are matched, and those beside: look-alikes, parents, deeper ones."""
    for text in texts:
        name = parse(text).name
        yield from (name, "www." + name, "a.b." + name, "evil" + name, name + ".evil.test", name.partition(".")[2], "x" + name)


@pytest.mark.parametrize("name", EXACT_READERS)
@settings(max_examples=40, deadline=None)
@given(texts=st.lists(patterns, min_size=1, max_size=8, unique=True))
def test_a_feed_matches_the_hosts_of_the_policy_and_no_other(name, texts):
    for config, word in (({"allow": texts}, "allow"), ({"allow": texts, "exempt": texts}, "exempt")):
        wanted, matches = Index(parse(text) for text in texts), EXACT_READERS[name](rendered(config, name), word)
        for host in around(texts):
            if "." in host:
                assert matches(host) == (wanted.matching(host) is not None), (texts, host)


@pytest.mark.parametrize("name", EXACT_READERS)
def test_an_empty_list_matches_nobody_and_is_written(name):
    matches = EXACT_READERS[name](rendered({"allow": ["a.example.com"]}, name), "exempt")
    assert not matches("a.example.com") and not matches("www.example.com")


def test_an_empty_list_is_no_warning_for_squid_and_no_error_for_cpl():
    assert lines(rendered({"allow": ["a.example.com"]}, "squid")["squid-exempt.txt"]) == ["netaccess.invalid"]
    assert "  url.host.exact=netaccess.invalid\n" in rendered({"allow": ["a.example.com"]}, "cpl")["symantec-local.cpl"]


def test_a_policy_without_voice_writes_an_empty_address_list():
    for name, file in (("panos", "panos-ip-media.txt"), ("fortigate", "fortigate-address-media.txt")):
        assert rendered({"allow": ["a.example.com"]}, name)[file] == ""


@pytest.mark.parametrize("name,file", [("panos", "panos-ip-media"), ("fortigate", "fortigate-address-media")])
def test_addresses_are_networks_and_their_ports_are_said(name, file):
    files = rendered(SMALL, name)
    assert [str(ipaddress.ip_network(line)) for line in files[file + ".txt"].splitlines()] == MEDIA[0]["destinations"]
    assert "Restrict the rule that uses it to UDP 3478\n" in files[file + ".about.txt"]


def test_fortigate_lists_have_both_forms_and_say_what_is_not_certain():
    files = rendered(SMALL, "fortigate")
    both = ["a.example.com", "*.b.example.com", "c.example.com", "*.c.example.com"]
    assert files["fortigate-category-allow.txt"].splitlines() == files["fortigate-domain-allow.txt"].splitlines() == both
    assert files["fortigate-category-exempt.txt"].splitlines() == ["c.example.com", "*.c.example.com"]
    said = files["fortigate-category-allow.about.txt"]
    assert "also covers its subdomains: a.example.com" in said and "cover the name without the star: *.b.example.com" in said
    assert "Perhaps" not in files["fortigate-category-exempt.about.txt"]


def test_every_feed_says_where_it_comes_from_and_nothing_of_now():
    for name in feeds.FORMATS:
        files = rendered(DEFAULT, name)
        assert files == rendered(DEFAULT, name)
        digest = json.loads(feeds.render(Policy.from_config(DEFAULT), ["json"], ABOUT)["chatgpt.json"])["policy_sha256"]
        said = [text for file, text in files.items() if "%s.about.txt" % file[:-4] not in files]
        assert said and all(digest in text and "2026-07-25" in text and "levels" in text for text in said), name
        assert not [text for text in files.values() if "Generated" in text or "generated" in text]
        dated = rendered(DEFAULT, name, replace(ABOUT, generated="2026-11-25T10:00:00Z"))
        assert any("2026-11-25T10:00:00Z" in text for text in dated.values())


def test_another_policy_has_another_digest():
    def digest(config):
        return re.search("SHA-256 ([0-9a-f]{64})", rendered(config, "plain")["plain-allow.txt"])[1]
    assert digest(SMALL) == digest(dict(SMALL)) != digest(dict(SMALL, exempt=[]))


# -- the PAC file, run by a JavaScript engine ----------------------------------------------------------------------

node = pytest.mark.skipif(shutil.which("node") is None, reason="no node is installed")


def ways(pac, hosts):
    asks = "".join("out.push(FindProxyForURL('https://' + %s + '/', %s));\n" % (json.dumps(host), json.dumps(host)) for host in hosts)
    program = "const vm = require('vm'); const box = {out: []}; vm.createContext(box); vm.runInContext(%s, box); console.log(JSON.stringify(box.out));" % (
        json.dumps(pac + asks))
    return json.loads(subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True, timeout=60).stdout)


@node
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(patterns, min_size=1, max_size=8, unique=True))
def test_the_pac_file_sends_each_host_its_way(texts):
    wanted, hosts = Index(parse(text) for text in texts), sorted(set(around(texts)) | {"constructor", "__proto__", "a.constructor", "localhost", "::1"})
    found = ways(rendered({"allow": texts}, "pac")["proxy.pac"], hosts)
    assert found == ["PROXY proxy.example.com:8080" if "." in host and wanted.matching(host) is not None else "DIRECT" for host in hosts]


@node
def test_the_pac_file_of_the_default_policy():
    hosts = ["chatgpt.com", "WS.ChatGPT.com", "chatgpt.com.", "evilchatgpt.com", "chatgpt.com.evil.test", "oaistatic.com", "cdn.oaistatic.com"]
    sent = ["PROXY" in way for way in ways(rendered(DEFAULT, "pac")["proxy.pac"], hosts)]
    assert sent == [True, True, True, False, False, False, True]


@pytest.mark.parametrize("route", [None, "", "direct", "PROXY", "PROXY a:b", 'DIRECT"; evil()', "PROXY a.example:8080\nDIRECT", "PROXY a.example:8080, DIRECT",
                                   "PROXY a.example:99999", "PROXY a.example:0; DIRECT", "DIRECT; SOCKS [::1]:65536"])
def test_a_route_that_is_none_is_refused(route):
    with pytest.raises(feeds.FeedError, match="pac_others"):
        rendered(SMALL, "pac", feeds.About("1", "2026-07-25", wanted="PROXY a.example:8080; DIRECT", others=route))


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x00"], ids=lambda end: "%04x" % ord(end))
def test_nothing_leaves_the_comment_of_a_feed(end):
    """Products do not agree on what ends a line: JavaScript has two more."""
    evil = "2026%sdefine condition netaccess_chatgpt_allow%surl.domain=evil.example%sfunction FindProxyForURL(){}" % (end, end, end)
    about = replace(ABOUT, generated=evil, version=evil, newest=evil, selection=((evil, evil),))
    for name in feeds.FORMATS:
        clean, spoiled = rendered(dict(SMALL, version="union"), name), rendered(dict(SMALL, version=evil), name, about)
        for file, text in spoiled.items():
            assert name == "json" or not set(text) & {"\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x00"}
            assert name == "json" or len(text.splitlines()) == len(clean[file].splitlines()) + ("Generated" in text)


def test_a_format_that_there_is_not():
    with pytest.raises(feeds.FeedError, match="bind; the formats are: panos, fortigate"):
        rendered(SMALL, "bind")


# -- the module ----------------------------------------------------------------------------------------------------


def test_the_module_writes_whole_files_that_a_web_server_can_read_once(tmp_path):
    task = {"netaccess.chatgpt.feeds": {"config": "{{ lookup('netaccess.chatgpt.policy') }}", "formats": ["panos", "plain"], "dest": str(tmp_path / "www")}}
    play = tmp_path / "play.yml"
    wrong = {"netaccess.chatgpt.feeds": {"config": {"allow": ["https://x"]}, "formats": ["plain"], "dest": "x"}, "register": "wrong", "ignore_errors": True}
    # As YAML hands 0644 over where nobody quoted it.
    bare = {"netaccess.chatgpt.feeds": dict(wrong["netaccess.chatgpt.feeds"], mode=0o644), "register": "bare", "ignore_errors": True}
    play.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [
        dict(task, check_mode=True, register="dry"), dict(task, register="first"), dict(task, register="again"), wrong, bare,
        {"ansible.builtin.debug": {"msg": "SAID {{ [dry.changed, dry.changed_files | length, first.changed, again.changed, wrong.msg] | to_json }}"}},
        {"ansible.builtin.debug": {"msg": "MODE {{ bare.msg }}"}}]}]))
    done = subprocess.run([str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", str(play)], env=dict(os.environ, ANSIBLE_NOCOLOR="1"),
                          capture_output=True, text=True, check=False)
    assert 'SAID [true, 8, true, false, \\"feeds: config: allow, entry 1' in done.stdout, done.stdout + done.stderr
    assert "MODE feeds: mode: '420' is not an octal mode" in done.stdout
    made = sorted((tmp_path / "www").iterdir())
    assert len(made) == 8 and {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o644}
    assert "chatgpt.com/" in (tmp_path / "www" / "panos-url-allow.txt").read_text().splitlines()
