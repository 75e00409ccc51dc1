# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes in from others and goes out to people: passwords in URLs, control characters, names that would be paths or lines."""
from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.netaccess.chatgpt.plugins.action import catalog_refresh, reachability_info
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import module as edge
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import clean
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import host, options, tunnel
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.urls import without_user
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import CatalogueError, load
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import device, record
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish.published import PublishedError

PASSWORDS = ("S3CRET", "S3C@RET", "S3C/RET", "S3C@/RET?#", "S3C:RET")


@pytest.mark.parametrize("word", PASSWORDS)
@pytest.mark.parametrize("form", ["http://me:%s@proxy.example.com:3128", "me:%s@proxy.example.com:3128", "https://me:%s@proxy.example.com:3128/p.pac?key=S3C"])
def test_no_part_of_a_password_is_shown(word, form):
    shown = without_user(form % word)
    assert "S3C" not in shown and "RET" not in shown and "me" not in shown.replace("example", "") and "proxy.example.com:3128" in shown


@pytest.mark.parametrize("text", ["http://proxy.example.com:3128", "proxy.example.com:3128", "https://h/p", ""])
def test_other_urls_stay_as_they_are(text):
    assert without_user(text) == text


@pytest.mark.parametrize("word", PASSWORDS)
def test_a_proxy_of_the_environment_is_the_one_behind_the_last_at(word, monkeypatch, tmp_path):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:%s@proxy.example.com:3128" % word)
    monkeypatch.setenv("https_proxy", "http://me:%s@proxy.example.com:3128" % word)
    assert host.facts((), None, 1, str(tmp_path))["proxies"]["https"] == "http://proxy.example.com:3128"
    found = tunnel.parse_proxy("http://me:%s@proxy.example.com:3128" % word)
    assert str(found) == "http://proxy.example.com:3128" and found.credentials == tunnel.with_credentials(found, "me", word).credentials


@pytest.mark.parametrize("option,value", [("proxy", "http://me:S3C/RET@p:1"), ("pac_url", "http://me:S3CRET@p/p.pac")])
def test_a_user_in_a_url_never_comes_to_a_module(option, value):
    """Ansible shows what a module was called with."""
    params = dict.fromkeys(("proxy", "pac_url"))
    with pytest.raises(options.OptionError) as caught:
        options.refuse_users(dict(params, **{option: value}))
    assert "S3C" not in str(caught.value) and str(caught.value).startswith(option)
    look = reachability_info.ActionModule.__new__(reachability_info.ActionModule)
    look._task = type("Task", (), {"args": {"probes": [], option: value}})()
    look.validate_argument_spec = lambda argument_spec: (None, dict({"path": None, "signatures": []}))
    with pytest.raises(AnsibleActionFail, match=option):
        look.judged({})


@pytest.mark.parametrize("proxy", ["http://me:S3C@RET@p:1", "http://me:S3C/RET@p:1", "http://me:S3C:RET@:1", "http://p:S3CRET", "http://"])
def test_a_proxy_that_requests_would_misread_is_refused_and_not_repeated(proxy):
    with pytest.raises(AccessError, match="access_proxy.*%40, %2F and %3A") as caught:
        Transport(Connection("https://fw.example.com", proxy=proxy))
    assert caught.value.failure == "refused" and "S3C" not in str(caught.value)


def test_a_user_in_the_url_of_an_api_is_refused_and_not_repeated():
    with pytest.raises(AccessError, match="contains credentials") as caught:
        Transport(Connection("https://me:S3CRET@api.example.com"))
    assert caught.value.failure == "refused" and "S3CRET" not in str(caught.value)
    assert Transport(Connection("https://fw.example.com", proxy="http://me:S3%40C@p:1")).connection.proxy


def test_ansible_masks_the_proxy_of_an_access_module():
    assert edge.connection_spec()["proxy"]["no_log"] is True


def test_a_page_that_is_none_is_named_without_password_and_query():
    def fail():
        raise PublishedError("it is no list")

    with pytest.raises(AnsibleActionFail, match="page https://pages.example.com/list: it is no list") as caught:
        catalog_refresh._named("page", {"page": "https://me:S3C/RET@pages.example.com/list?token=S3CRET"}, fail)
    assert "S3C" not in str(caught.value)


# -- control characters


BAD = "a\x1b]0;x\x07\x9b31m\ud800\u202eb\r\n\tc"


def test_what_a_terminal_would_carry_out_is_replaced_and_layout_stays():
    found = clean({BAD: [BAD, ("\x00",), 5, None, True], "good": "\u00e9 \U0001f600 \n"})
    assert found == {"a\ufffd]0;x\ufffd\ufffd31m\ufffd\ufffdb\ufffd\n\tc": ["a\ufffd]0;x\ufffd\ufffd31m\ufffd\ufffdb\ufffd\n\tc", ["\ufffd"], 5, None, True],
                     "good": "\u00e9 \U0001f600 \n"}
    json.dumps(found, ensure_ascii=False).encode("utf-8")


class Module:
    """What the edge uses of an AnsibleModule."""

    check_mode, _diff, argument_spec = True, False, {}

    def __init__(self):
        self.params = dict({name: spec.get("default") for name, spec in edge.argument_spec().items()}, config=None, state="gathered", audience=None)
        self.left, self.warned = None, []

    def warn(self, text):
        self.warned.append(text)

    def exit_json(self, **left):
        self.left = left
        raise SystemExit

    fail_json = exit_json


@pytest.mark.parametrize("outcome", [{"summary": BAD, "warnings": [BAD], "changes": [{"name": BAD}]}, AccessError("refused", BAD),
                                     Failed(BAD, {"failure": {"class": BAD}})], ids=["result", "refused", "failed"])
def test_nothing_leaves_an_access_module_as_the_device_wrote_it(outcome, monkeypatch):
    class Run:
        def __init__(self, *_arguments):
            """It has nothing to keep."""

        def execute(self):
            if isinstance(outcome, Exception):
                raise outcome
            return dict(outcome)

    monkeypatch.setattr(edge, "Run", Run)
    module = Module()
    with pytest.raises(SystemExit):
        edge.run(module, lambda: None)
    said = json.dumps([module.left, module.warned], ensure_ascii=False)
    assert "\ufffd" in said and not [c for c in "\x1b\x9b\ud800\u202e" if c in said or json.dumps(c)[1:-1] in said]


@pytest.mark.parametrize("state", ["merged", "replaced", "rendered"])
def test_a_policy_that_opens_nothing_is_refused(state, monkeypatch):
    monkeypatch.setattr(edge, "Run", None)
    module = Module()
    for config in ({"allow": []}, {"allow": [], "retired": ["old.openai.com"], "version": "union"}):
        module.params.update(state=state, config=config, audience={"everyone": True})
        with pytest.raises(SystemExit):
            edge.run(module, lambda: None)
        assert module.left == {"msg": "config: allow and media are empty, so nothing would be opened; to remove everything, use state deleted"}


def test_a_name_on_a_device_makes_up_no_line():
    said = device.lines("fw", {"summary": "create rule x\nfw2: compliant", "manual": ["a\nb"]}, False, "x")
    assert said == ["fw: create rule x fw2: compliant", "fw: manual step: a b"]
    assert device.lines("fw", {"summary": "x\ny"}, False, None, reverted=True) == ["fw: rolled back: x y"]


@pytest.mark.parametrize("name", ["../../odd", "/etc/passwd", "a/b", "..", "", "\ud800", "fw1\n"])
def test_the_name_of_a_host_is_no_path(name, tmp_path):
    record.write(tmp_path / "in", name, "-after.json", {})
    assert len(list((tmp_path / "in").iterdir())) == 1 and [path.name for path in tmp_path.iterdir()] == ["in"]


def test_what_is_encrypted_is_not_read_as_text(tmp_path):
    path = tmp_path / "overlay.yml"
    path.write_text("$ANSIBLE_VAULT;1.1;AES256\n30623039\n")
    with pytest.raises(CatalogueError, match="overlay.yml is encrypted with Ansible Vault.*vars_files"):
        load([str(path)])
