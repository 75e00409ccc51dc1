# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is special to Squid, on the real one: who stays refused, what is not lost, and every trap of its configuration."""
from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import threading

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import files
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.control import Control
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.log import last_loaded
from tests.contract.fixtures import open_folder
from tests.contract.rig import FIRST, MEMBER, WANTED, Fault
from tests.lab.client import decide, fetch
from tests.lab.squid import free_port

OUTSIDE = "127.0.9.9"


# -- who stays refused ----------------------------------------------------------------------------------------------


def test_other_ports_stay_refused(rig):
    rig.run()
    answer = fetch("chatgpt.com", rig.squid.port, port=22)
    assert not answer.open and answer.decrypted
    assert fetch("chatgpt.com", rig.squid.port).open


def test_a_port_that_the_site_opens_is_not_opened_for_our_hosts_by_us(make):
    """Where the site carries other ports, its own denies still decide about them: our lines are about 443 alone."""
    rig = make(early="acl SSL_ports port 22\nacl Safe_ports port 22")
    rig.run()
    assert fetch("chatgpt.com", rig.squid.port).open
    answer = fetch("chatgpt.com", rig.squid.port, port=22)
    assert answer.status == 403 and answer.headers["x-squid-error"].startswith("ERR_ACCESS_DENIED")


def test_a_source_that_the_site_does_not_serve_stays_refused(rig):
    rig.run(adapter=rig.adapter(everyone=True, networks=()))
    assert decide("chatgpt.com", rig.squid.port, "127.0.0.2") == ("allow", "tunnel")
    assert decide("chatgpt.com", rig.squid.port, "127.0.0.4") == ("allow", "tunnel")
    assert decide("chatgpt.com", rig.squid.port, OUTSIDE)[0] == "block"


def test_an_unauthenticated_client_stays_refused(make):
    rig = make(auth=True)
    rig.run()
    assert "staff" in rig.squid.drop_in.read_text()
    assert fetch("chatgpt.com", rig.squid.port).connect == 407
    assert decide("chatgpt.com", rig.squid.port, user="alice") == ("allow", "tunnel")


def test_users_narrow_the_audience(make):
    rig = make(auth=True)
    rig.run(adapter=rig.adapter(users=("alice",)))
    assert decide("chatgpt.com", rig.squid.port, user="alice") == ("allow", "tunnel")
    assert decide("chatgpt.com", rig.squid.port, user="bob")[0] == "block"
    assert decide("js.stripe.com", rig.squid.port, user="alice") == ("allow", "decrypt")


def test_inspection_is_lost_for_the_audience_alone(rig):
    rig.run(policy=Policy.from_config({"allow": ["www.example.com"], "exempt": ["www.example.com"]}))
    assert decide("www.example.com", rig.squid.port, "127.0.0.2") == ("allow", "tunnel")
    assert decide("www.example.com", rig.squid.port, "127.0.0.4") == ("allow", "decrypt")


def test_inspection_is_lost_for_the_named_users_alone(make):
    rig = make(auth=True)
    rig.run(policy=Policy.from_config({"allow": ["www.example.com"], "exempt": ["www.example.com"]}), adapter=rig.adapter(users=("alice",)))
    assert decide("www.example.com", rig.squid.port, user="alice") == ("allow", "tunnel")
    assert decide("www.example.com", rig.squid.port, user="bob") == ("allow", "decrypt")


def test_the_name_of_an_exempt_host_does_not_exempt_another_one(rig):
    """CONNECT to one host with the SNI of another: inspection must not be lost by it."""
    rig.run()
    spoofed = fetch("www.example.com", rig.squid.port, sni="chatgpt.com")
    assert spoofed.issuer == "Example Inspection CA"
    # The other way round; a peek beyond step 1 would leave Squid no choice but to let it pass.
    assert fetch("chatgpt.com", rig.squid.port, sni="www.example.com").issuer == "Example Inspection CA"
    assert fetch("chatgpt.com", rig.squid.port, sni="chatgpt.com").issuer == "Lab Public Root"


def test_an_address_does_not_get_in_by_its_reverse_name(make):
    """Whoever owns an address can give it any name in reverse DNS."""
    with open_folder() as folder:
        (folder / "names").write_text("192.0.2.55 chatgpt.com\n")
        rig = make(early="hosts_file %s/names" % folder)
        before = fetch("192.0.2.55", rig.squid.port)
        rig.run()
        assert fetch("chatgpt.com", rig.squid.port).open
        after = fetch("192.0.2.55", rig.squid.port)
    assert before.headers["x-squid-error"] == after.headers["x-squid-error"] == "ERR_ACCESS_DENIED 0"


def test_an_apex_outside_the_policy_stays_shut(rig):
    rig.run(policy=Policy.from_config({"allow": ["*.openai.com"], "exempt": ["*.openai.com"]}))
    assert rig.decide(MEMBER, "api.openai.com") == ("allow", "tunnel")
    assert rig.decide(MEMBER, "openai.com")[0] == "block"


def test_an_apex_outside_the_exemption_stays_inspected_whichever_of_the_two_names_it_is(rig):
    rig.run(policy=Policy.from_config({"allow": [".openai.com"], "exempt": ["*.openai.com"]}))
    seen = {(host, sni): fetch(host, rig.squid.port, sni=sni).issuer for host in ("openai.com", "api.openai.com") for sni in ("openai.com", "api.openai.com")}
    assert [pair for pair, issuer in seen.items() if issuer == "Lab Public Root"] == [("api.openai.com", "api.openai.com")]


# -- cookies and WebSocket ------------------------------------------------------------------------------------------


def test_cookies_are_lifted_for_allowed_hosts_and_stripped_from_others(rig):
    def cookies(host):
        answer = fetch(host, rig.squid.port, path="/__echo", headers={"Cookie": "a=b"})
        return json.loads(answer.body)["headers"].get("cookie"), "set-cookie" in answer.headers
    rig.run()
    assert cookies("chatgpt.com") == cookies("js.stripe.com") == ("a=b", True)
    assert cookies("www.example.com") == (None, False)


def test_websocket_works_after_the_exemption(rig):
    rig.run()
    assert fetch("ws.chatgpt.com", rig.squid.port, upgrade=True).status == 101


def test_no_cookie_rule_is_added_where_the_site_has_none(rig):
    rig._edit(rig.squid.config, lambda text: text.replace("request_header_access Cookie deny all\nreply_header_access Set-Cookie deny all\n", ""))
    rig.run()
    # A lone "allow" would make Squid deny the header to everybody else.
    assert "header_access" not in rig.squid.drop_in.read_text()
    assert "set-cookie" in fetch("www.example.com", rig.squid.port).headers


# -- the site's configuration ---------------------------------------------------------------------------------------


def claimed(result) -> dict:
    return {row["pattern"]: (row["allowed"], row["exempt"]) for row in result["coverage"]}


def test_a_line_that_terminates_shuts_what_is_exempt_and_what_is_not(make):
    rig = make(before="acl reset ssl::server_name .chatgpt.com js.stripe.com\nssl_bump terminate reset")
    result = rig.run()
    conflict, = result["conflicts"]
    assert (conflict["effect"], conflict["certain"], sorted(conflict["hosts"])) == ("deny", True, [".chatgpt.com", "js.stripe.com"])
    assert claimed(result) == {".chatgpt.com": ("no", "yes"), "*.openai.com": ("yes", "yes"), "js.stripe.com": ("no", "not wanted")}
    assert [rig.decide(MEMBER, host)[0] for host in WANTED] == ["block", "allow", "block"]
    assert rig.run(unblock=(conflict["id"],))["conflicts"] == [] and [rig.decide(MEMBER, host)[0] for host in WANTED] == ["allow"] * 3


def test_of_a_line_that_shuts_one_host_and_a_part_of_another_the_certain_one_is_named(make):
    rig = make(before="acl reset ssl::server_name ab.chatgpt.com js.stripe.com\nssl_bump terminate reset")
    result = rig.run(check=True)
    assert [(one["hosts"], one["certain"]) for one in result["conflicts"]] == [(("js.stripe.com",), True)]
    assert claimed(result)[".chatgpt.com"] == ("unchecked", "yes")


def test_behind_our_lines_terminate_shuts_only_what_is_not_exempt(make):
    rig = make()
    rig._edit(rig.squid.config, lambda text: text.replace("ssl_bump bump all", "acl reset ssl::server_name .chatgpt.com js.stripe.com\n"
                                                          "ssl_bump terminate reset\nssl_bump bump all", 1))
    assert claimed(rig.run()) == {".chatgpt.com": ("yes", "yes"), "*.openai.com": ("yes", "yes"), "js.stripe.com": ("no", "not wanted")}
    assert [rig.decide(MEMBER, host)[0] for host in WANTED] == ["allow", "allow", "block"]


@pytest.mark.parametrize("line,expected", [
    ("http_access deny part", ("unchecked", "yes")), ("ssl_bump bump part_sni", ("yes", "unchecked")), ("ssl_bump bump whole_sni", ("yes", "no")),
    ("http_access deny whole part_of_lan", ("unchecked", "yes")), ("http_access deny whole", ("no", "yes"))])
def test_what_is_about_a_part_leaves_it_unchecked(make, line, expected):
    acls = ("acl part dstdomain ab.chatgpt.com\nacl part_sni ssl::server_name ab.chatgpt.com\nacl whole dstdomain .chatgpt.com\n"
            "acl whole_sni ssl::server_name .chatgpt.com\nacl part_of_lan src 127.0.0.3\n")
    rig = make(before=acls + line)
    result = rig.run(adapter=rig.adapter(networks=("127.0.0.2/31",)))
    assert claimed(result)[".chatgpt.com"] == expected and claimed(result)["*.openai.com"] == ("yes", "yes")
    assert (" blocks " in result["coverage"][0]["note"]) is (expected[0] != "yes")


def test_an_include_that_comes_too_late_is_a_conflict(make):
    rig = make(include="late")
    result = rig.run()
    assert {(c["effect"], c["text"]) for c in result["conflicts"]} >= {("deny", "http_access deny ai_hosts"), ("decrypt", "ssl_bump bump all")}
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    assert [(c["allowed"], c["exempt"]) for c in result["coverage"] if c["pattern"] == ".chatgpt.com"] == [("no", "no")]


def test_a_deny_info_of_the_rule_is_named(make):
    rig = make(include="late", before="deny_info TCP_RESET ai_hosts")
    assert "http_access deny ai_hosts (answers with deny_info TCP_RESET)" in [c["text"] for c in rig.run(check=True)["conflicts"]]


def test_a_missing_include_is_said(make):
    rig = make(include="none")
    result = rig.run(check=True)
    assert any("does not include" in text for text in result["manual"])
    assert {c["allowed"] for c in result["coverage"]} == {"no"}


def test_without_a_peek_of_the_site_ours_comes_first(make):
    rig = make(peek=False)
    rig.run()
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
    assert rig.decide(MEMBER, "www.example.com") == ("allow", "decrypt")


@pytest.mark.parametrize("line,text", [
    ("request_header_add ChatGPT-Allowed-Workspace-Id abc all", "workspace"),
])
def test_tenant_control_is_refused_kept_or_overridden(make, line, text):
    rig = make(before=line)
    with pytest.raises(Failed, match=text):
        rig.run()
    assert rig.meter.writes == 0
    kept = rig.run(tenant_control="keep")
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt") and any("macOS" in w for w in kept["warnings"])
    rig.run(tenant_control="override", comment="CHG1")
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_losses_are_reported_and_can_be_refused(make):
    rig = make(before="icap_enable on\nicap_service scan respmod_precache bypass=on icap://127.0.0.1:1/scan\nadaptation_access scan allow all")
    result = rig.run(check=True)
    assert {loss["control"] for loss in result["losses"]} == {"av", "dlp"}
    with pytest.raises(Failed, match="refuse_losses"):
        rig.run(refuse_losses=("av",))
    assert rig.meter.writes == 0


def test_protected_rules_are_never_offered(rig):
    rig.block_early()
    conflict, = rig.run(check=True)["conflicts"]
    again, = rig.run(check=True, adapter=rig.adapter(protected=(conflict["where"],)))["conflicts"]
    assert again["remedy"] == [] and conflict["remedy"]
    with pytest.raises(Failed, match="cannot be resolved automatically; resolve it by hand"):
        rig.run(unblock=(conflict["id"],), adapter=rig.adapter(protected=(conflict["where"],)))


def test_secrets_of_the_site_are_never_shown(make):
    rig = make(before="cachemgr_passwd canary-77 info\nurl_rewrite_program /bin/cat canary-77")
    result = rig.run()
    assert "canary-77" not in json.dumps(result, default=str)
    assert [c["effect"] for c in result["conflicts"]] == ["rewrite"]


def test_lines_of_others_in_our_drop_in_stay(rig):
    rig.run()
    rig._edit(rig.squid.drop_in, lambda text: text + "acl mine src 127.0.0.8\nhttp_access allow mine\n")
    rig.run("replaced")
    rig.run("deleted")
    assert [line for line in rig.squid.drop_in.read_text().splitlines() if not line.startswith("#")] == ["acl mine src 127.0.0.8", "http_access allow mine"]


def test_a_rule_of_ours_that_stands_twice_is_an_error(rig):
    rig.run()
    line = next(line for line in rig.squid.drop_in.read_text().splitlines() if line.startswith("http_access allow"))
    rig.squid.drop_in.write_text(rig.squid.drop_in.read_text() + line + "\n")
    with pytest.raises(Failed, match="twice"):
        rig.run()


# -- validation and reload ------------------------------------------------------------------------------------------


def test_a_candidate_with_a_new_problem_never_reaches_the_disk(rig):
    site = rig.snapshot()
    rig.run()
    adapter = rig.adapter()
    adapter.read()
    with pytest.raises(AccessError, match="new problems"):
        adapter.send({"check": {str(rig.squid.drop_in): "http_access allow no_such_acl\n"}})
    rig.run("deleted")
    assert rig.snapshot() == site


def test_a_missing_list_file_is_noticed_although_squid_exits_with_0(rig):
    missing = str(rig.squid.list_dir / "gone.domains")
    control = Control(rig.squid.program, str(rig.squid.config), rig.squid.name, 60)
    with pytest.raises(AccessError, match="gone.domains"):
        control.check_candidate({str(rig.squid.drop_in): 'acl netaccess_x dstdomain "%s"\n' % missing},
                                lambda pattern: [str(rig.squid.drop_in_dir / "empty.conf")])


def test_old_warnings_of_the_site_are_no_failure(make):
    rig = make(before="acl doubled dstdomain .example.org www.example.org")
    done = subprocess.run(rig.squid.command("-k", "parse"), capture_output=True, text=True, check=False)
    assert "WARNING" in done.stderr + done.stdout
    assert rig.run()["changed"]


def test_entries_that_squid_rejects_together_are_accepted(rig):
    """In any order: parent and child, apex and subdomains, which Squid itself answers with warnings or a fatal error."""
    policy = Policy.from_config({"allow": ["chat.openai.com", ".openai.com", "*.openai.com", "openai.com", "*.chat.openai.com", "x.other-ai.example"]})
    rig.run(policy=policy)
    done = subprocess.run(rig.squid.command("-k", "parse"), capture_output=True, text=True, check=False)
    ours = [line for line in (done.stderr + done.stdout).splitlines() if "netaccess" in line.lower() or "domains" in line]
    assert done.returncode == 0 and not [line for line in ours if "WARNING" in line or "ERROR" in line]
    assert not rig.run(policy=policy)["changed"]


def test_the_policy_is_in_force_when_the_task_returns(rig):
    for _attempt in range(3):
        rig.run()
        assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
        rig.run("deleted")
        assert rig.decide(MEMBER, "chatgpt.com")[0] == "block"


def test_a_squid_that_takes_its_time_is_waited_for(rig):
    """Stopped, Squid keeps its sockets and handles no signal: as one that is busy with a long list."""
    pid = int((rig.squid.folder / "squid.pid").read_text())
    gone_on = threading.Event()

    def go_on():
        gone_on.set()
        os.kill(pid, signal.SIGCONT)

    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(1.5, go_on)
    timer.start()
    try:
        rig.run()
        assert gone_on.is_set()
    finally:
        timer.join()


def test_a_squid_that_is_not_running_is_no_failure_and_is_said(make):
    rig = make()
    rig.squid.stop()
    result = rig.run()
    assert "not running" in result["activation"][0]["status"]


def test_files_that_may_not_be_written_are_named(rig):
    if os.getuid() == 0:
        blocked = rig.squid.folder / "file"
        blocked.write_text("")
        adapter = rig.adapter(list_dir=str(blocked / "lists"))
    else:
        rig.squid.drop_in_dir.chmod(0o555)
        adapter = rig.adapter()
    with pytest.raises(Failed, match="cannot be (written|read)"):
        rig.run(adapter=adapter)
    rig.squid.drop_in_dir.chmod(0o755)


@pytest.mark.parametrize("name", ["in-force.json", "written.json"])
def test_a_damaged_note_of_an_earlier_run_is_named(rig, name):
    rig.run()
    (rig.squid.list_dir / name).write_text("{")
    with pytest.raises(Failed, match="%s was altered" % name) as caught:
        rig.run(check=True)
    assert caught.value.result["failure"]["class"] == "refused"


def test_requests_are_counted_and_few(rig):
    first = rig.run()["requests"]
    again = rig.run()["requests"]
    # Lists and exceptions, two files each, and the drop-in; -v, parse of the site and of the candidate, reconfigure.
    assert (first["writes"], first["commands"]) == (5, 4)
    assert (again["writes"], again["commands"]) == (0, 2)


@pytest.mark.parametrize("bad", [
    dict(networks=("10.0.0.0/33",)), dict(users=("alice\nhttp_access allow all",)), dict(acls=("lan http_access",)), dict(list_dir="/etc/with space"),
    dict(users=("-i",)), dict(users=('"/etc/shadow"',)), dict(users=("alice", "REQUIRED")), dict(users=("zed\\",)), dict(acls=("lan\\",)),
    dict(list_dir="/etc/squid's"), dict(list_dir="/etc/${service_name}"), dict(drop_in="/etc/squid's.conf"),
])
def test_nothing_can_be_smuggled_into_the_configuration(rig, bad):
    with pytest.raises(AccessError):
        rig.settings(**bad).check()


def test_a_comment_stays_a_comment(rig):
    adapter = rig.adapter(comment="CHG1\nhttp_access allow all")
    rig.run(adapter=adapter)
    assert "\nhttp_access allow all" not in rig.squid.drop_in.read_text()
    assert "# Last change: CHG1 http_access allow all" in rig.squid.drop_in.read_text()


@pytest.mark.parametrize("site,options,says", [
    ({"auth": True, "before": "acl bosses proxy_auth boss\nhttp_access allow bosses"}, {}, "several ACLs .bosses, staff.*auth_acl"),
    ({}, {"users": ("alice",)}, "so it cannot identify users"),
    ({}, {"acls": ("nosuch",)}, "no ACL named nosuch"),
    ({"before": "acl guests src 127.0.9.0/24\nhttp_access allow guests"}, {"networks": (), "everyone": True}, "more than one client ACL .guests, lan."),
])
def test_an_audience_that_cannot_be_told_is_refused_with_the_way_out(make, site, options, says):
    rig = make(**site)
    with pytest.raises(Failed, match=says) as caught:
        rig.run(adapter=rig.adapter(**options))
    assert caught.value.result["failure"]["class"] == "refused" and not rig.squid.drop_in.exists()


def test_a_named_authentication_acl_settles_it(make):
    rig = make(auth=True, before="acl bosses proxy_auth boss\nhttp_access allow bosses")
    rig.run(adapter=rig.adapter(auth_acl="staff"))
    assert decide("chatgpt.com", rig.squid.port, user="alice") == ("allow", "tunnel")


def test_a_file_that_was_there_keeps_its_owner_and_mode(rig):
    rig.squid.drop_in.write_text("# of the site\n")
    rig.squid.drop_in.chmod(0o640)
    if os.getuid() == 0:
        shutil.chown(rig.squid.drop_in, "nobody")
    # Else it is an edit of somebody else that waits.
    rig.squid.reconfigure()
    before = rig.squid.drop_in.stat()
    rig.run()
    after = rig.squid.drop_in.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert "netaccess_client" in rig.squid.drop_in.read_text()


def test_another_device_s_journal_is_refused(rig):
    journal = rig.run()["journal"]
    other = rig.adapter()
    other._settings = dataclasses.replace(other._settings, config_file=str(rig.squid.drop_in_dir / "empty.conf"))
    with pytest.raises(Failed, match="belongs to squid .*, but this task runs on squid "):
        rig.run("reverted", journal=journal, adapter=other)


def test_dead_lines_are_kept_and_stay_dead(rig):
    rig.run()
    rig.add_foreign_member("*.example.com")
    result = rig.run(policy=Policy.from_config({"allow": [str(p) for p in FIRST.allow] + ["extra.example.net"], "exempt": [".chatgpt.com"]}))
    assert {"object": "list allow", "path": "dead", "entry": "*.example.com"} in result["foreign"]
    text = (rig.squid.list_dir / "allow.domains").read_text()
    assert files.parse_list(text)["dead"] == {"*.example.com"} and "\n*.example.com" not in text


def test_a_kill_while_writing_leaves_no_half_file(rig):
    with pytest.raises(BaseException):
        rig.run(fault=Fault("kill", 0))
    for path in rig.squid.list_dir.iterdir():
        assert path.name.startswith(("allow.", "exempt.", "written.json"))
        if path.suffix != ".json":
            files.parse_list(path.read_text())


def test_an_edit_by_hand_of_our_own_files_is_not_called_ours(rig):
    rig.run(activate=False)
    assert rig.run("gathered")["pending"] == "ours"
    rig.run()
    assert rig.run("gathered")["pending"] is None
    allow = rig.squid.list_dir / "allow.domains"
    allow.write_text(allow.read_text() + ".evil.example\n")
    # Squid's log has whole seconds; an edit of the same second cannot be told apart.
    later = last_loaded(str(rig.squid.folder / "cache.log"))[1] + 60
    os.utime(allow, (later, later))
    assert rig.run("gathered")["pending"] == "foreign"


def test_a_site_that_authenticates_is_told_that_intercepted_clients_cannot(make):
    port = "127.0.0.1:%d" % free_port()
    said = {auth: [line for line in make(auth=auth, early="http_port %s intercept" % port).run(check=True)["manual"] if "cannot authenticate" in line]
            for auth in (True, False)}
    assert len(said[True]) == 1 and port in said[True][0] and said[False] == []


@pytest.mark.parametrize("shut", ["conf.d", "."])
def test_where_one_of_the_folders_may_not_be_written_to_nothing_is(rig, monkeypatch, shut):
    """Nor is the folder of the lists made, which comes first."""
    folder, access = str((rig.squid.folder / shut).resolve()), os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != folder and access(path, mode))
    with pytest.raises(Failed, match="this user cannot write to %s: run as a user who can" % folder) as caught:
        rig.run()
    assert caught.value.result["failure"]["class"] == "refused" and not rig.squid.list_dir.exists()
