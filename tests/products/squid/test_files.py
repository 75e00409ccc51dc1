# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others wrote stays, byte for byte: in our drop-in beside our lines, and in their own files where a line is switched off and on. No Squid runs."""
from __future__ import annotations

import os
import random
import stat
import struct

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import config as conf, files
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.control import replace_file

OURS = [files.acl("netaccess_client", "src", ["10.0.0.0/8"]), files.rule("http_access allow", ["netaccess_client"]),
        files.rule("ssl_bump peek", ["netaccess_client"])]
DROP_IN = "/etc/squid/conf.d/netaccess-chatgpt.conf"
HOW = {"http_access": "last", "ssl_bump": "first"}


def written(text, place=None):
    """The drop-in with our lines among those of others in ``text``."""
    place = place or HOW
    there = files.parse_drop_in(text or "", DROP_IN)
    rules = dict(there.rules)
    for obj in OURS[1:]:
        base = obj.ref.name.split()[0]
        others = tuple(rules.get(base, ()))
        rules[base] = (obj.ref,) + others if place[base] == "first" else others + (obj.ref,)
    objects = {**there.objects, **{obj.ref: obj for obj in OURS}}
    return files.render_drop_in(State(objects, rules), "CHG1", text)


def without(text):
    """The drop-in once ours is gone from it."""
    there = files.parse_drop_in(text, DROP_IN)
    objects = {ref: obj for ref, obj in there.objects.items() if not obj.ours}
    return files.render_drop_in(State(objects, {base: tuple(ref for ref in refs if ref in objects) for base, refs in there.rules.items()}), None, text)


TEXTS = (
    None, "", "# a placeholder, so that Squid starts\n", "# asked for by Jane\nacl mine src 10.0.0.8   # her host\n\n\thttp_access allow mine\n",
    "acl mine src 10.0.0.8\r\nhttp_access deny mine # no\r\n", "http_access deny all", "http_access deny \\\n  # why\n  all\nssl_bump bump all",
    "# page\x0ctwo \u2028 three\nhttp_access allow all\n", "\n\n\n", "http_access deny all\nhttp_access deny all\n", "# \udcff\n")


@pytest.mark.parametrize("text", TEXTS, ids=repr)
def test_without_ours_the_drop_in_is_what_it_was(text):
    for place in (HOW, {"http_access": "first", "ssl_bump": "last"}):
        ours = written(text, place)
        held = files.parse_drop_in(ours, DROP_IN)
        assert all(held.objects[obj.ref] == obj for obj in OURS)
        assert without(ours) == text
        # A second run finds it as it is, and a rule stays where it was put.
        assert files.render_drop_in(State(held.objects, {base: tuple(refs) for base, refs in held.rules.items()}), "CHG1", ours) == ours
        assert [ref.kind for ref in held.rules["http_access"]].index("rule") == (0 if place["http_access"] == "first" else len(held.rules["http_access"]) - 1)


def test_what_others_add_beside_ours_stays_when_ours_goes():
    text = written(None).replace("http_access allow", "# by hand\nacl more src 10.9.0.0/16 # and why\nhttp_access allow", 1) + "# the end"
    assert without(text) == "# by hand\nacl more src 10.9.0.0/16 # and why\n# the end"


def test_an_acl_of_thousands_of_values_is_several_lines_that_squid_can_read():
    """It reads 8,191 characters of a line, and adds up the lines of one ACL."""
    users = ["firstname.lastname%05d" % number for number in range(5000)]
    acl = files.acl("netaccess_user", "proxy_auth", users)
    text = files.render_drop_in(State({acl.ref: acl}), None)
    assert max(len(line) for line in text.split("\n")) < 2000
    assert files.parse_drop_in(text, DROP_IN).objects == {acl.ref: acl}


@pytest.mark.parametrize("networks,fewest", [
    (("10.0.0.0/8", "10.1.0.0/16"), ["10.0.0.0/8"]), (("127.0.0.2", "127.0.0.2/32"), ["127.0.0.2"]), (("10.0.0.0/9", "10.128.0.0/9"), ["10.0.0.0/8"]),
    (("10.0.0.1", "fd00::/8", "fd00::1/128"), ["10.0.0.1", "fd00::/8"]), (("192.0.2.7", "10.0.0.7"), ["10.0.0.7", "192.0.2.7"]),
    (("::ffff:10.0.0.0/104", "10.1.0.0/16"), ["10.0.0.0/8"]), (("::FFFF:192.0.2.7", "::1"), ["192.0.2.7/32", "::1"])])
def test_networks_inside_others_are_left_out(networks, fewest):
    assert list(files.collapsed(networks)) == fewest


@pytest.mark.parametrize("text", ["10.0.0.0/8\n192.0.2.7\n", "# ours\n  192.0.2.7\t# why\n10.0.0.0/8\r\n\n"])
def test_a_list_of_people_is_read_as_squid_reads_it(text):
    assert files.people_list(files.NETWORKS, conf.list_values(text)) == files.people_list(files.NETWORKS, ("10.0.0.0/8", "192.0.2.7"))


def test_two_values_on_a_line_of_a_list_are_one_that_nobody_has():
    assert conf.list_values("alice bob\n") == ["alice bob"]


def test_a_list_of_people_is_marked_one_a_line_and_of_an_acl_its_values():
    users = files.people_list(files.USERS, ("bob", "alice"))
    assert files.texts_of(files.USERS, users) == (files.MARK + "\nalice\nbob\n",)
    acl = files.acl("netaccess_user", "proxy_auth", ['"/lists/audience.users"', "mallory"])
    assert files.named_by(acl, {files.USERS: users}, "/lists") == ["alice", "bob", "mallory"]
    assert files.named_by(acl, {}, "/lists") == ["mallory"] and files.named_by(acl, {files.USERS: users}, "/other") == acl.fields["values"]


LINES = ("http_access deny ai", "\t  http_access deny ai   # by policy 7", "http_access deny ai \\\n    CONNECT",
         "http_access \\\n# why\n\n deny \\\n\tai # so",
         "http_access deny ai\r", "http_access deny ai \\\r\n CONNECT\r", "  http_access deny ai")


@pytest.mark.parametrize("line", LINES, ids=repr)
@pytest.mark.parametrize("end", ["\n", ""], ids=["line feed", "no end"])
def test_a_line_that_is_switched_off_comes_back_as_it_was_and_keeps_its_name(line, end):
    text = "# page\x0ctwo \u2028\nacl ai dstdomain .example.com\n%s%s" % (line, end and "\nhttp_access allow all\n")

    def read(shown):
        site = conf.load("squid.conf", DROP_IN, lambda _path: shown, lambda _pattern: [])
        return next(directive for directive in site.directives if directive.args[:1] == ("deny",))
    before = read(text)
    off = conf.switched(text, before.line, False)
    now = read(off)
    assert (before.enabled, now.enabled) == (True, False) and now.identity == before.identity and now.line == before.line
    # To Squid, it is nothing but comments.
    assert [words for _number, words in conf.logical_lines(off) if not words.startswith(conf.DISABLED)] == [
        words for _number, words in conf.logical_lines(text) if "deny" not in words]
    assert conf.switched(off, now.line, True) == text


def test_what_an_earlier_release_switched_off_comes_back():
    off = "acl ai dstdomain .example.com\n%shttp_access deny ai # 7\n" % conf.DISABLED
    assert conf.switched(off, 2, True) == "acl ai dstdomain .example.com\nhttp_access deny ai # 7\n"


def test_a_file_keeps_its_access_control_list(tmp_path):
    """Else the mask of the list would become the mode of the group."""
    path = tmp_path / "allow.domains"
    path.write_text("old")
    # Version 2; owner rw, user 65534 r, group nothing, mask r, others nothing.
    rows = ((1, 6, -1), (2, 4, 65534), (4, 0, -1), (16, 4, -1), (32, 0, -1))
    entries = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *row) for row in rows)
    try:
        os.setxattr(path, "system.posix_acl_access", entries)
    except OSError:
        pytest.skip("this file system has no access control lists")
    replace_file(str(path), "new")
    assert path.read_text() == "new" and os.getxattr(path, "system.posix_acl_access") == entries and path.stat().st_mode & 0o777 == 0o640


def test_lists_of_all_kinds_are_read_as_they_are_written():
    dice = random.Random(7)
    names = ["a.com", "b.a.com", "c.b.a.com", "d.com", "x.d.com", "ba.com", "z.org", "q.z.org"]
    for _number in range(300):
        hosts = frozenset(dice.choice(["", "*.", "."]) + dice.choice(names) for _count in range(dice.randint(1, 8)))
        domains, exceptions = files.render_list({"hosts": hosts})
        assert files.parse_list(domains)["hosts"] == hosts
        active = [line.split()[0] for line in domains.split("\n") if line and not line.startswith("#")]
        out = {line.split()[0] for line in exceptions.split("\n") if line and not line.startswith("#")}
        # As Squid reads both: no entry inside another one, and exactly the hosts that are meant.
        assert not any(other != entry and other.startswith(".") and ("." + entry.lstrip(".")).endswith(other) for entry in active for other in active)
        for host in names + ["www." + name for name in names]:
            held = any(host == entry.lstrip(".") or (entry.startswith(".") and host.endswith(entry)) for entry in active) and host not in out
            meant = any(host == text or (text[0] == "." and ("." + host).endswith(text)) or (text[0] == "*" and host.endswith(text[1:])) for text in hosts)
            assert held == meant, (sorted(hosts), host)


@pytest.mark.parametrize("umask,reader,modes", [
    (0o022, None, (0o755, 0o644)), (0o077, None, (0o755, 0o644)), (0o022, (0, (0,)), (0o755, 0o644)), (0o077, (0, (0,)), (0o700, 0o600)),
    (0o027, (os.geteuid() or 4711, (os.getegid(),)), (0o750, 0o640)), (0o077, (4711, (os.getegid(),)), (0o750, 0o640))])
def test_a_new_file_is_open_to_whom_squid_reads_as_and_to_nobody_else(tmp_path, umask, reader, modes):
    old = os.umask(umask)
    try:
        replace_file(str(tmp_path / "lists" / "allow.domains"), ".example.com\n", reader)
    finally:
        os.umask(old)
    assert [oct(stat.S_IMODE(path.stat().st_mode)) for path in (tmp_path / "lists", tmp_path / "lists" / "allow.domains")] == [oct(mode) for mode in modes]
