# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole configurations by chance on each release: what a run says of a site is what its Squid then does, and the way back is the whole way.

``NETACCESS_SEED`` rolls others, and ``NETACCESS_SITES=17:18`` looks at one of them alone.
"""
from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from tests.contract.rig import wider
from tests.products.squid import whole
from tests.products.squid.whole import COLLEAGUE, MEMBER, OUTSIDER, USERS

INSIDE = {".chatgpt.com": ("chatgpt.com", "ab.chatgpt.com"), "*.openai.com": ("api.openai.com", "setup.auth.openai.com"), "js.stripe.com": ("js.stripe.com",)}
HOSTS = tuple(host for hosts in INSIDE.values() for host in hosts)
OTHERS = ("www.example.com", "claude.ai", "evilopenai.com")
#: (host, port, name in the handshake) that ours must not open: another port, and another host than the one that was asked for.
ODD = (("chatgpt.com", 8443, None), ("www.example.com", 443, "chatgpt.com"))
LIE = ("chatgpt.com", 443, "evilopenai.com")
#: (options of the audience, the addresses that it is); the last two need people who sign in.
AUDIENCES = (({"networks": (MEMBER,)}, (MEMBER,)),) * 12 + (
    ({"networks": (), "acls": ("lan",)}, (MEMBER, COLLEAGUE)), ({"networks": (), "everyone": True}, (MEMBER, COLLEAGUE)),
    ({"networks": (MEMBER,), "users": ("alice",)}, (MEMBER,)), ({"networks": (), "users": ("alice",)}, (MEMBER, COLLEAGUE)))
FEW, MANY = 3, 300


class _Ended(Exception):
    """Squid is no more."""


class Bench:
    """One Squid that takes one site after the other. ``faults``: what was said of a site and is not so; ``counts``: how the sites ended."""

    def __init__(self, rig, folder):
        self.rig, self.squid, self._runs = rig, rig.squid, folder
        self.faults, self.counts, self.doing = [], Counter(), ""
        self._head = self.squid.site.partition("acl lan src")[0] + "hosts_file {folder}/hosts\ndns_nameservers 127.0.0.1\ndns_timeout 1 second\n"
        for name, text in whole.HELPERS.items():
            (self.squid.folder / name).write_text("#!/bin/sh\n%s\n" % text)
            (self.squid.folder / name).chmod(0o755)
        names = "".join("%s pc%s.example.com\n" % (address, address[8:]) for address in (MEMBER, COLLEAGUE, OUTSIDER))
        (self.squid.folder / "hosts").write_text("192.0.2.7 %s\n%s" % (whole.EVERY, names))

    def hold(self, seed: str, at: int) -> None:
        """Put the site of that number through."""
        dice = random.Random("%s %d" % (seed, at))
        site = whole.Maker(dice, self.squid.folder, self.squid.port, self._head).site()
        options, addresses = dice.choice(AUDIENCES if site.scheme else AUDIENCES[:-2])
        self.rig.folder = self._runs / str(at)
        self._story = "site %d: %s\naudience: %s\n%s" % (at, site.story, options, "".join(
            "--- %s\n%s" % (name, text.decode("utf-8", "replace").replace(self._head.replace("{folder}", str(self.squid.folder)), ""))
            for name, text in site.files.items()))
        faults = list(self.faults)
        try:
            self._put(site)
            end = _Case(self, site, dice, options, addresses).look_alive()
        except _Ended as ended:
            # Squid itself does not bear this site; what was asked of a dead one is no fault of ours.
            end, self.faults = "Squid ends: %s" % ended, faults
        finally:
            self._clear()
        self.counts[end.partition(":")[0]] += 1
        print("site %d: %s" % (at, end), flush=True)

    def fault(self, kind: str, *said) -> None:
        self.faults.append("%s: %s\n%s" % (kind, " ".join(map(str, said)), self._story))
        print(self.faults[-1], flush=True)

    def _put(self, site) -> None:
        for name, text in site.files.items():
            path = self.squid.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text)
            # As if the reload came a moment later: Squid's log has whole seconds.
            os.utime(path, (time.time() - 2,) * 2)

    def _clear(self) -> None:
        for name in ("site.d", "lists-of-site", "lists", "conf.d"):
            shutil.rmtree(self.squid.folder / name, ignore_errors=True)
        self.squid.drop_in_dir.mkdir()

    def force(self) -> None:
        """Have Squid read the site. :raises _Ended: when it does not survive that, or what was asked of it before."""
        try:
            self.squid.reconfigure()
        except (OSError, RuntimeError) as error:
            self.still_alive()
            raise AssertionError("%s\n%s\n%s" % (error, self.squid.log()[-1500:], self._story)) from error

    def still_alive(self) -> None:
        """:raises _Ended: when it is not; another one is there then."""
        if self._gone():
            last = [line for line in self.squid.log().splitlines() if "assertion" in line or "FATAL" in line]
            self.squid.stop()
            # What is ours names ACLs of a site that is no longer there.
            self._clear()
            self.squid.config.write_text(self.squid.site)
            (self.squid.drop_in_dir / "empty.conf").touch()
            (self.squid.folder / "cache.log").unlink()
            self.squid.start()
            raise _Ended("%s, %s" % (self.doing, last[-1] if last else "no word"))

    def _gone(self) -> bool:
        """Whether Squid has ended or is about to: it says so first, and closes its connections. The shell that guards it ends a moment later."""
        if re.search("dying|assertion failed", self.squid.log()):
            return True
        try:
            return Path("/proc/%s/stat" % (self.squid.folder / "squid.pid").read_text().strip()).read_text().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            return True

    def content(self) -> dict:
        """Every byte that belongs to the configuration."""
        folder = self.squid.folder
        paths = [self.squid.config, *(path for name in ("conf.d", "site.d", "lists-of-site", "lists") for path in sorted((folder / name).glob("*")))]
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths if path.suffix != ".json"}

    def against(self) -> list:
        """What Squid itself has to say against the configuration; nothing when it takes it."""
        done = subprocess.run(self.squid.command("-k", "parse"), capture_output=True, check=False, text=True, errors="surrogateescape")
        said = [line.rpartition("| ")[2].strip() for line in done.stderr.splitlines() if re.search("FATAL|ERROR|Bungled|unrecognized", line)]
        return [] if done.returncode == 0 else said or ["squid -k parse exits with %d" % done.returncode]


class _Case:
    """One site, and what is asked of it."""

    def __init__(self, bench: Bench, site, dice, options: dict, addresses: tuple):
        self._bench, self._rig, self._site, self._dice, self._options, self._addresses = bench, bench.rig, site, dice, options, addresses
        self._challenged: set = set()
        self._people = whole.People(bench.squid.port, site.scheme)
        users = (None, *USERS) if site.scheme else (None,)
        self._asked = [((MEMBER, user), question) for user in users for question in (*HOSTS, *OTHERS)]
        self._asked += [((address, user), question) for address in (COLLEAGUE, OUTSIDER) for user in users[:2]
                        for question in (dice.sample(HOSTS, 2) + dice.sample(OTHERS, 1))]
        self._asked += [((MEMBER, users[-1]), question) for question in (*ODD, LIE)]

    def look_alive(self) -> str:
        """How it ended, in a word. :raises _Ended:"""
        try:
            return self._look()
        except Failed as failed:
            self._bench.still_alive()
            self._bench.fault("failed", failed)
            return "failed"

    def _look(self) -> str:
        bench, squid_says = self._bench, self._bench.against()
        held = bench.content()
        if squid_says:
            return self._refused(squid_says, held)
        bench.doing = "the site alone"
        bench.force()
        before, bench.doing = self._looks(self._asked), "with ours"
        try:
            # What stands in the way for sure is taken out of it, or left there.
            found = [one["id"] for one in self._run(check=True)["conflicts"] if one["remedy"]] if self._dice.random() < .7 else []
            result = self._run(unblock=tuple(found))
        except Failed as failed:
            if failed.result["failure"]["class"] not in ("refused", "conflict") or "does not parse" in str(failed):
                raise
            self._untouched(held)
            return "refused: %s" % failed
        after, then, bench.doing = self._looks(self._asked), bench.content(), "later"
        self._rows(result, before, after)
        again = self._run(unblock=tuple(found))
        if again["changed"]:
            bench.fault("again", again["summary"])
        self._back(result, held, before)
        self._others(result, self._by_hand(held, then) if found else before, after)
        if any(row["allowed"] == "unchecked" or row["exempt"] == "unchecked" for row in result["coverage"]):
            return "unchecked: %s" % [row["note"] for row in result["coverage"]]
        return "compliant" if all(row["allowed"] == "yes" and row["exempt"] in ("yes", "not wanted") for row in result["coverage"]) else "conflicts"

    def _refused(self, squid_says: list, held: dict) -> str:
        """A site that does not parse: Squid goes on with the last one, and nothing is written."""
        try:
            self._bench.fault("a run on what Squid does not take", squid_says, self._run()["summary"])
        except Failed as failed:
            if failed.result["failure"]["class"] != "refused" or not any(line in str(failed) for line in squid_says):
                self._bench.fault("not in Squid's words", failed, "|", squid_says)
        self._untouched(held)
        return "broken"

    def _untouched(self, held: dict) -> None:
        if self._bench.content() != held or self._bench.squid.list_dir.exists():
            self._bench.fault("a refused run wrote", sorted(self._bench.content()))

    def _run(self, state: str = "merged", **options) -> dict:
        return self._rig.run(state, adapter=self._rig.adapter(**self._options), accept_wider_audience=True, **options)

    def _looks(self, asked: list) -> dict:
        def one(asked) -> tuple:
            person, question = asked
            host, port, name = question if isinstance(question, tuple) else (question, 443, None)
            return self._people.ask(person, host, port, name)
        # Most of it is waiting.
        with ThreadPoolExecutor(8) as several:
            found = dict(zip(asked, several.map(one, asked)))
        self._bench.still_alive()
        return found

    def _by_hand(self, held: dict, then: dict) -> dict:
        """What Squid does with the lines out of the way that were taken out, and with nothing of ours."""
        for content in (then, held):
            for name in held:
                if not name.endswith("netaccess-chatgpt.conf"):
                    (self._bench.squid.folder / name).write_bytes(content[name])
            self._bench.force()
            seen = seen if content is held else self._looks(self._asked)
        return seen

    def _in_audience(self, person: tuple) -> bool:
        users = self._options.get("users") or (None, *USERS)
        return person[0] in self._addresses and person[1] in users and (person[1] is not None or person[0] not in self._challenged)

    def _rows(self, result: dict, before: dict, after: dict) -> None:
        """What coverage says of the audience. Who is asked for a login and has none is not of it."""
        bench = self._bench
        self._challenged = {source for seen in (before, after) for ((source, user), _question), answer in seen.items() if user is None and answer[2]}
        for row in result["coverage"]:
            seen = {key: after[key][:2] for key in after if self._in_audience(key[0]) and key[1] in INSIDE[row["pattern"]]}
            words, hows = {one[0] for one in seen.values()}, {one[1] for one in seen.values() if one[1]}
            if row["allowed"] == "yes" and words - {"allow"}:
                bench.fault("said yes", row, seen)
            # What the site opens by itself, where it does not include ours, is none of our doing.
            if row["allowed"] == "no" and words == {"allow"} and not result["manual"]:
                bench.fault("said no", row, seen)
            if row["exempt"] == "yes" and hows - {"tunnel"}:
                bench.fault("said exempt", row, seen)
            if row["exempt"] == "no" and hows - {"decrypt"}:
                bench.fault("said not exempt", row, seen)

    @staticmethod
    def _lied(person: tuple, after: dict) -> bool:
        """Whether a handshake that names another host escapes from an inspection that there is: that of a wanted host which is not exempt."""
        return after[person, LIE][1] == "tunnel" and after[person, "js.stripe.com"][1] == "decrypt"

    def _others(self, result: dict, before: dict, after: dict) -> None:
        """Everybody else, and every other host, is as before."""
        bench, changed = self._bench, {key: (before[key][:2], after[key][:2]) for key in before if before[key][:2] != after[key][:2]}
        theirs = {key: pair for key, pair in changed.items() if not (self._in_audience(key[0]) and key[1] in HOSTS)}
        opened = {key: pair for key, pair in theirs.items() if wider(pair[1], pair[0]) and (key[1] != LIE or self._lied(key[0], after))}
        told = {host for row in result["coverage"] for host in INSIDE[row["pattern"]] if row["allowed"] == "unchecked"}
        other = {key: pair for key, pair in theirs.items() if key not in opened and key[1] != LIE and key[1] not in told}
        if opened and not result["audience_widened"]:
            bench.fault("opened", opened)
        if other:
            bench.fault("changed for others", other, result["audience_widened"])
        # at_step is made for ssl_bump: what http_access makes of it changes with what becomes of a connection, and the coverage says that it is not known.
        excused = told if self._site.steps else set()
        lost = {key: pair for key, pair in changed.items() if key not in theirs and pair[1][0] == "block" and key[1] not in excused}
        if lost:
            bench.fault("shut", lost)

    def _back(self, result: dict, held: dict, before: dict) -> None:
        bench = self._bench
        if result["changed"] and self._dice.random() < .6:
            self._run("reverted", journal=result["journal"])
        else:
            self._run("deleted")
        if bench.content() != held:
            bench.fault("the way back", sorted(name for name in {**held, **bench.content()} if held.get(name) != bench.content().get(name)))
        some = self._dice.sample(self._asked, 6)
        now = self._looks(some)
        if any(now[key][:2] != before[key][:2] for key in some):
            bench.fault("answers after the way back", {key: (before[key], now[key]) for key in some if now[key][:2] != before[key][:2]})


def put_through(rig, folder, number: int) -> None:
    """So many sites on one Squid. Of many that it takes more than half have to be all that is wanted in the end, or too little is tried."""
    seed, bench = os.environ.get("NETACCESS_SEED", "20261130"), Bench(rig, folder)
    first, _colon, last = os.environ.get("NETACCESS_SITES", "0:%d" % number).partition(":")
    for at in range(int(first), int(last)):
        bench.hold(seed, at)
    print("\n%s" % dict(bench.counts))
    assert not bench.faults, "%d of %s\n%s" % (len(bench.faults), dict(bench.counts), "\n\n".join(bench.faults))
    taken = sum(bench.counts.values()) - bench.counts["broken"] - bench.counts["Squid ends"]
    assert taken < MANY / 2 or bench.counts["compliant"] > taken / 2, bench.counts


def test_a_few_whole_sites(make, tmp_path):
    put_through(make(), tmp_path, FEW)


@pytest.mark.exhaustive
@pytest.mark.timeout(7200)
def test_whole_sites(make, tmp_path):
    put_through(make(), tmp_path, MANY)
