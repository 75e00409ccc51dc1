# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Squid on loopback. Who is a source address; decisions are made by real connections."""
from __future__ import annotations

import os
import time

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.adapter import SquidAdapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.control import Control
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.log import last_loaded
from tests.contract.rig import MEMBER, STRANGER, Killed, Rig
from tests.lab.client import decide
from tests.lab.squid import Squid

SOURCES = {MEMBER: "127.0.0.2", STRANGER: "127.0.0.4"}


#: (type of an ACL, value)
ODD = (("time", "MTWHFAS 00:00-23:59"), ("time", "M 00:00-00:01"), ("localip", "127.0.0.1"), ("localip", "192.0.2.1"), ("localport", "1-65535"),
       ("localport", "1"), ("proto", "HTTPS"), ("req_header", "Host ."), ("req_header", "X-Next-Year ."), ("browser", "Mozilla"),
       ("maxconn", "1000"), ("req_mime_type", "x"), ("peername", "nobody"), ("hier_code", "HIER_DIRECT"))


class SquidRig(Rig):
    name = "squid"
    tells_of_people = False
    #: These tests run as a user who may write; the module as another one is in tests/lab/test_module.py.
    tells = True
    release = r"Squid \d+\.\d+"

    def __init__(self, folder, internet, **options):
        super().__init__(folder)
        self.squid = Squid(folder / "squid", internet.provider, internet.public, **options).start()

    def close(self):
        self.squid.stop()

    def settings(self, audience=(MEMBER,), **changes):
        squid = self.squid
        values = dict(config_file=str(squid.config), drop_in=str(squid.drop_in), list_dir=str(squid.list_dir),
                      networks=tuple(SOURCES[who] for who in audience))
        values.update(changes)
        return Settings(**values)

    def adapter(self, audience=(MEMBER,), **changes):
        control = Control(self.squid.program, str(self.squid.config), self.squid.name, 60)
        return SquidAdapter(self.settings(audience, **changes), control, self.squid.name)

    def run(self, *args, **options):
        try:
            return super().run(*args, **options)
        except Killed:
            # The kernel releases what a process holds when that dies.
            self.meter._inner._lock.release()
            raise

    def is_write(self, request):
        return "write" in request

    def decide(self, who, host):
        return decide(host, self.squid.port, SOURCES[who])

    def force(self):
        # Squid's log has whole seconds: what a run wrote in the second of a reload counts as not read yet.
        paths = [self.squid.drop_in] + (list(self.squid.list_dir.iterdir()) if self.squid.list_dir.is_dir() else [])
        written = max((path.stat().st_ctime for path in paths if path.exists()), default=0)
        time.sleep(max(0.0, int(written) + 1.01 - time.time()))
        self.squid.reconfigure()

    def snapshot(self):
        paths = [self.squid.config] + sorted(self.squid.drop_in_dir.iterdir())
        paths += sorted(p for p in self.squid.list_dir.iterdir() if p.suffix != ".json") if self.squid.list_dir.is_dir() else []
        return {path.name: [line for line in path.read_text().splitlines() if not line.startswith("# Last change")] for path in paths}

    def _edit(self, path, edit):
        path.write_text(edit(path.read_text()))
        # As if the reload came a moment later: Squid's log has whole seconds.
        moment = time.time() - 2
        os.utime(path, (moment, moment))
        self.force()

    def drop_member(self):
        self._edit(self.squid.list_dir / "allow.domains", lambda text: text.replace(".openai.com # *.openai.com\n", ""))

    def change_field(self):
        self._edit(self.squid.drop_in, lambda text: text.replace("src 127.0.0.2", "src 127.0.0.0/8"))

    def shuffle(self):
        def swap(text):
            lines = text.splitlines()
            peek = next(i for i, line in enumerate(lines) if line.startswith("ssl_bump peek"))
            lines[peek], lines[peek + 1] = lines[peek + 1], lines[peek]
            return "\n".join(lines) + "\n"
        self._edit(self.squid.drop_in, swap)

    def add_foreign_member(self, host):
        self._edit(self.squid.list_dir / "allow.domains", lambda text: text + host + "\n")

    def foreign_members(self):
        path = self.squid.list_dir / "allow.domains"
        return set(path.read_text().split()) if path.exists() else set()

    def unmarked_object(self):
        self.squid.list_dir.mkdir()
        (self.squid.list_dir / "allow.domains").write_text("foreign.example\n")
        self.squid.reconfigure()

    def block_early(self):
        self._edit(self.squid.config, lambda text: text.replace(
            "include ", "acl threats dstdomain .chatgpt.com .claude.ai\nhttp_access deny threats\ninclude ", 1))

    def scan(self):
        self._edit(self.squid.config, lambda text: "icap_enable on\nicap_service scan respmod_precache bypass=on icap://127.0.0.1:1/scan\n"
                   "adaptation_access scan allow all\n" + text)
        return "av"

    def mystify(self, what):
        line = {"column": "acl odd time MTWHFAS 00:00-23:59\nhttp_access deny odd\n", "inspection": "acl odd time MTWHFAS 00:00-23:59\nssl_bump bump odd\n",
                "layer": "url_rewrite_program /bin/cat\n"}.get(what)
        if line is not None:
            self._edit(self.squid.config, lambda text: text.replace("include ", line + "include ", 1))
        return line and line.splitlines()[-1].partition(" /")[0]

    def quarantine(self, above):
        # A deny of the whole audience would be what ours is there for; that of hours may be about a part of it.
        acls, line = "acl sick src 127.0.0.2\nacl hours time SMTWHFA 00:00-24:00\n", "http_access deny sick\n" if above else "http_access deny sick hours\n"
        self._edit(self.squid.config, lambda text: text.replace("include ", acls + line + "include ", 1) if above else
                   text.replace("/*.conf\n", "/*.conf\n" + acls + line, 1))
        return "sick"

    def lift(self):
        # The place of the include is the site's own.
        return False

    def left_open(self):
        # Files are written, and nothing is signed in to.
        return []

    def deck(self):
        # There is no schema: types of ACLs that the collection does not read, of which each holds for all that is asked here, or for nothing.
        return [(kind, name, value) for kind in ("http_access", "ssl_bump") for name, value in ODD]

    def by_chance(self, dice, hand) -> list:
        def hosts() -> str:
            # Squid refuses a list in which one entry covers another one.
            return " ".join(dice.choice(some) for some in dice.sample([
                [".chatgpt.com", "ab.chatgpt.com"], [".openai.com", "api.openai.com"], ["js.stripe.com"], [".claude.ai"], ["www.example.com"]], 2))

        def rules() -> list:
            found = []
            for _number in range(dice.randint(0, 3)):
                people = dice.choice(["", "", "somebody", "!somebody"])
                if dice.random() < .6:
                    found.append("http_access %s %s %s" % (dice.choice(["deny", "deny", "allow"]), dice.choice(["feed", "feed", "!feed", "ai_hosts"]), people))
                else:
                    action, hosts_ = dice.choice(["bump", "splice", "terminate"]), dice.choice(["feed_sni", "feed_sni", "!feed_sni"])
                    found.append("ssl_bump %s %s %s" % (action, hosts_, people))
            return found

        acls = ["acl feed dstdomain %s" % hosts(), "acl feed_sni ssl::server_name %s" % hosts(),
                "acl somebody src %s" % dice.choice(["127.0.0.2", "127.0.0.4", "127.0.0.2-127.0.0.9", "127.0.0.7"])]
        before, after = rules(), rules()
        for kind in ("http_access", "ssl_bump"):
            for number, more in enumerate(hand.of(kind)):
                name = "odd_%s_%d" % (kind, number)
                acls.append("acl %s %s" % (name, " ".join(*more.items())))
                action = dice.choice(["deny", "deny", "allow"] if kind == "http_access" else ["bump", "splice", "terminate"])
                about = dice.choice(["", "", {"http_access": "feed", "ssl_bump": "feed_sni"}[kind]])
                dice.choice([before, before, after]).append("%s %s %s %s%s" % (kind, action, about, dice.choice(["", "", "!"]), name))

        def edit(text):
            head, line, rest = text.partition("include ")
            first, _newline, rest = rest.partition("\n")
            return "%s%s\n%s%s\n%s\n%s" % (head, "\n".join(acls + before), line, first, "\n".join(after), rest)
        self._edit(self.squid.config, edit)
        return acls + before + ["include"] + after

    def foreign_pending(self):
        self.squid.config.write_text(self.squid.config.read_text() + "# edited by somebody\n")
        # Squid's log has whole seconds; an edit of the same second cannot be told apart.
        later = last_loaded(str(self.squid.folder / "cache.log"))[1] + 60
        os.utime(self.squid.config, (later, later))

    def reset(self):
        """The site as it was delivered, everything of ours gone, and in force."""
        squid = self.squid
        squid.config.write_text(squid.site)
        now = time.time()
        os.utime(squid.config, (now, now))
        for path in list(squid.drop_in_dir.iterdir()) + (list(squid.list_dir.iterdir()) if squid.list_dir.is_dir() else []):
            if path.name != "empty.conf":
                path.unlink()
        if squid.list_dir.is_dir():
            squid.list_dir.rmdir()
        self.force()


#: Sites by chance, in tests/contract/test_chance.py.
BY_CHANCE = ("squid",)
