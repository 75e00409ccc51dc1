# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make demo``: the main job on a real Squid, then behind the twin of a product with an API.

Shut and decrypted before; open and untouched after; nothing to do again; as before after the rollback. Exits 0 only if every one of these was seen from
the managed hosts. ``make demo PRODUCTS=all`` shows every product, ``PRODUCTS="squid panos"`` some, ``PRODUCTS=squid SQUID=7.7`` another release of Squid.
"""
from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import tests.conftest  # pylint: disable=unused-import  # puts the collection on the path

import yaml

from tests.lab.device import devices
from tests.lab.lab import ROOT, Lab
from tests.lab.releases import INSTALLED, asked_for
from tests.lab.twinlab import TwinLab


#: What a first look at the collection needs: the real proxy, and a product whose API is answered in no time.
FIRST = ("squid", "fortios")
ALL = "all"
#: One host of the audience, one that is not in it, and one outside: each further host costs a look in every playbook.
LOOK = ("branch1", "stranger", "outside")


def chosen(names: list) -> list:
    """The products to show. :raises LookupError: for a name that is none."""
    known = ["squid", *devices()]
    unknown = [name for name in names if name not in (ALL, *known)]
    if unknown:
        raise LookupError("The demo knows no product %s. It knows: %s; or %s" % (", ".join(unknown), ", ".join(known), ALL))
    return known if ALL in names else list(dict.fromkeys(names)) or list(FIRST)


def main(names: list) -> int:
    # A reader sees each line when it is said, also behind a pipe.
    sys.stdout.reconfigure(line_buffering=True)
    release, version = INSTALLED, os.environ.get("SQUID")
    try:
        products = chosen(names)
        if "squid" in products and version:
            print("Looking for Squid %s; one that is not there yet is unpacked below .build (about 40 s)" % version)
            release = asked_for(version)
    except LookupError as error:
        print(error)
        return 1
    if "squid" in products and release.missing():
        print("The demo needs a real Squid: %s (Debian: apt-get install squid-openssl)." % release.missing())
        return 1
    named = " and ".join(products) if len(products) < 3 else "%d products" % len(products)
    print("This shows %s and takes about %d seconds on two idle cores. The times below are for such a machine." % (named, 50 * len(products)))
    began, claims, failed, kept = time.monotonic(), 0, [], []
    for product in products:
        results = ROOT / ".build" / "demo" / (product if product != "squid" or release is INSTALLED else "squid-" + release.version())
        demo = shown(product, release, results)
        claims += len(demo.claims)
        failed += ["%s: %s" % (product, text) for text in demo.failed()]
        kept.append(near(results))
    seconds = time.monotonic() - began
    print("\n%d of %d claims proven in %.0f s%s" % (claims - len(failed), claims, seconds, "" if not failed else "; NOT: " + "; ".join(failed)))
    print("""
These folders hold the inventory (inventory.yml), what each playbook printed (ansible.log) and found, and the report (first/report/report.html):
%s
Other products:  make demo PRODUCTS=all (some 10 minutes), or PRODUCTS="..." with any of
                 %s
Devices that stay up:  make lab
An inventory of your own:  ansible-playbook netaccess.chatgpt.new_site -e products=%s -e dest=inventory""" % (
        "\n".join("  " + path for path in kept), " ".join(["squid", *devices()]), ",".join(products[:2])))
    return 1 if failed else 0


def shown(product: str, release, results: Path) -> Demo:
    """The demo of one product, after it was run."""
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    real = product == "squid"
    name = "Squid %s" % release.version() if real else "%s, as a simulator of its API with a gateway that does what it decides" % devices()[product].title
    print("\n== %s\n" % name)
    say("Starting a small internet and a company that blocks AI hosts and decrypts everything", 2)
    began = time.monotonic()
    with Lab(release=release, vantages=LOOK) if real else TwinLab(product, vantages=LOOK) as lab:
        print("  up after %.1f s" % (time.monotonic() - began))
        demo = (ByHand if getattr(lab, "person", None) else Demo)(lab, results)
        demo.run()
    return demo


def say(what: str, seconds: float) -> None:
    print("%s (about %d s) ..." % (what, seconds))


def hosts(names: list) -> str:
    return "%d host%s" % (len(names), "s" * (len(names) != 1))


def near(path: Path) -> str:
    """A path as a reader at the top of the checkout writes it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


class Demo:
    """The steps, each judged by what the managed hosts saw."""

    def __init__(self, lab, results: Path, few: bool = False, **variables):
        """``few``: hosts look at little; ``variables``: more of them for each playbook. The inventory is kept with the results: the lab goes."""
        self._lab, self._results, self._variables, self._shut = lab, results, variables, 1 if few else 10
        self.claims: list = []
        #: The hosts that look.
        self.names = list(yaml.safe_load(lab.inventory.read_text())["all"]["children"]["netaccess_vantages"]["hosts"])
        self._branches = [name for name in self.names if name.startswith("branch")]
        self._inventory = results / "inventory.yml"
        shutil.copyfile(lab.inventory, self._inventory)
        #: Arguments of every playbook.
        self.more: list = []

    def failed(self) -> list:
        return [text for proven, text in self.claims if not proven]

    def run(self) -> None:
        for step in (self.open_up, self.again, self.revert):
            if not self.failed():
                step()

    def open_up(self) -> None:
        rc, last = self.change()
        before, after = self._seen("first", "before"), self._seen(last, "after")
        branch = before["branch1"]["checks"]
        print("BEFORE, from branch1:")
        for line in self._examples(branch):
            print("   " + line)
        shut = Counter(c["blocked_by"]["product"] for c in branch if c["role"] == "wanted" and c["blocked_by"])
        product = self._lab.product
        self._claim(shut[product] > self._shut, "before: %d wanted checks blocked, by %s" % (shut[product], product))
        self._claim(any("decrypted" in c["flags"] for c in branch), "before: what is not blocked is decrypted by the company's CA")
        if product == "Squid":
            self._claim(any("cookie_stripped" in c["flags"] for c in branch), "before: cookies are stripped")
        if "outside" in before:
            self._claim(before["outside"]["summary"]["verdict"] == "pass", "the service itself is fine, seen from outside")
        print("AFTER:")
        self._claim(rc == 0, "the playbook succeeds")
        for name in self._branches:
            summary = after[name]["summary"]
            # The report has the rest.
            self._claim(summary["verdict"] == "pass", "after: %s: %s" % (name, summary["message"].partition(". ")[0]))
            self._claim(summary["exemption"] == "proven", "after: %s: the exemption is %s (other sites are still inspected)" % (name, summary["exemption"]))
            # Names and HTTP/3 have no certificate.
            exempt = [c["interception"] for c in after[name]["checks"] if c["entry"] in ("chatgpt", "openai", "oaiusercontent") and c["interception"]]
            self._claim(exempt and set(exempt) == {"not_intercepted"}, "after: %s: OpenAI's hosts show the origin's own certificate" % name)
        self._unchanged("after: the negative set is unchanged", before, after, lambda c: c["role"] == "negative", self._branches)
        if "stranger" in before:
            self._unchanged("after: nothing changed for a host outside the audience", before, after, lambda c: True, ("stranger",))

    def change(self) -> tuple:
        """(exit code, the folder with what was seen in the end)"""
        say("Opening ChatGPT for %s, and looking from %s before and after" % (" and ".join(self._branches), hosts(self.names)), 5 + 4 * len(self.names))
        return self.play("site", "first")[0], "first"

    def again(self) -> None:
        say("Running it again: there is nothing to do, and the hosts behind the device prove it", 4 + 2 * len(self.names))
        # Hosts have nothing new to see.
        self.play("site", "second", "--limit", "netaccess_devices", "-e", json.dumps({"netaccess_preflight": False}))
        access = json.loads((self._results / "second" / "proxy1-access.json").read_text())
        self._claim(not access["changed"] and access["requests"]["writes"] == 0, "again: %s, %d writes" % (access["summary"], access["requests"]["writes"]))

    def revert(self) -> None:
        journal = json.loads((self._results / "first" / "proxy1-access.json").read_text())["journal"]
        say("Rolling it back from its journal, and looking whether all is as before", 1 + 2 * len(self.names))
        rc, _seconds, _out = self.play("rollback", "revert", "-e", "netaccess_journal=" + journal)
        self._claim(rc == 0, "the playbook rollback.yml succeeds")
        self.reverted()

    def reverted(self) -> None:
        say("Looking once more from %s" % hosts(self.names), 2 * len(self.names))
        self.play("baseline", "reverted")
        before, after = self._seen("first", "before"), self._seen("reverted", "before")
        self._unchanged("reverted: every host sees what it saw before", before, after, lambda c: True, tuple(before))

    def play(self, playbook: str, folder: str, *arguments, loud=True) -> tuple:
        """(exit code, seconds, what was printed) of a playbook whose results go to ``folder``."""
        target, settings = self._results / folder, self._results / (folder + ".json")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        reports = {"netaccess_report_dir": str(target / "report")} if playbook == "site" else {}
        settings.write_text(json.dumps(dict(self._variables, verify_report_dir=str(target), access_report_dir=str(target), **reports), indent=1))
        command = ["ansible-playbook", "-i", near(self._inventory), "netaccess.chatgpt." + playbook, "-e", "@" + near(settings), *arguments, *self.more]
        print("  $ " + shlex.join(command))
        began = time.monotonic()
        tree = ROOT / ".build" / "collections"
        done = subprocess.run(
            [str(Path(sys.executable).parent / command[0]), *command[1:]], cwd=ROOT,
            env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=os.environ.get("DEMO_COLLECTIONS_PATH", str(tree)), ANSIBLE_NOCOLOR="1",
                     # The hosts of a company trust its inspection CA.
                     SSL_CERT_FILE=str(self._lab.trust)),
            capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        (target / "ansible.log").write_text(done.stdout + done.stderr)
        print("  done after %.1f s, exit code %d\n" % (seconds, done.returncode))
        if done.returncode and loud:
            print(done.stdout[-6000:] + done.stderr[-3000:])
        return done.returncode, seconds, done.stdout

    def _seen(self, folder: str, when: str) -> dict:
        return {name: json.loads((self._results / folder / ("%s-%s.json" % (name, when))).read_text()) for name in self.names}

    @staticmethod
    def _examples(checks) -> list:
        first = {}
        for check in checks:
            key = check["failure"] or ("decrypted" if "decrypted" in check["flags"] else None)
            if check["role"] == "wanted" and key:
                first.setdefault(key, check["message"])
        return list(first.values())

    def _unchanged(self, text, before, after, choose, names) -> None:
        def view(results):
            return {(name, c["id"]): (c["state"], c["failure"] if c["role"] == "wanted" else None, c["interception"])
                    for name in names for c in results[name]["checks"] if choose(c)}
        old, new = view(before), view(after)
        changed = sorted(key for key in old if old[key] != new.get(key))
        self._claim(bool(old) and not changed, text + (" (%d checks)" % len(old) if not changed else ": %s" % changed[:5]))

    def _claim(self, proven: bool, text: str) -> None:
        self.claims.append((proven, text))
        print("   %s %s" % ("[proven]" if proven else "[FAILED]", text))


class ByHand(Demo):
    """A product whose API writes no policy: site.yml hands out a plan, a person carries it out, and verify.yml says whether that opened it."""

    def change(self) -> tuple:
        say("Asking what has to be done, since no API writes it, and looking from %s" % hosts(self.names), 5 + 2 * len(self.names))
        rc, _seconds, _out = self.play("site", "first", loud=False)
        access = self._plan("first")
        print("PLAN for a person:")
        for line in access["manual"][:2]:
            print("   " + (line if len(line) < 160 else line[:157] + "..."))
        self._claim(rc != 0 and not access["changed"] and access["requests"]["writes"] == 0, "the playbook writes nothing, and fails while it is shut")
        self._carry_out(access)
        say("Doing that by hand, and looking whether it opened ChatGPT", 5 + 4 * len(self.names))
        return self.play("site", "opened")[0], "opened"

    def revert(self) -> None:
        say("Asking what has to be done to take it back", 3 + 2 * len(self.names))
        rc, _seconds, _out = self.play("site", "revert", "--check", "-e", "access_state=deleted")
        self._claim(rc == 0, "a rollback is a plan, too")
        self._carry_out(self._plan("revert"))
        self.reverted()

    def _plan(self, folder: str) -> dict:
        return json.loads((self._results / folder / "proxy1-access.json").read_text())

    def _carry_out(self, access: dict) -> None:
        self.more = ["-e", json.dumps(self._lab.person(self._lab.device, access["rendered"]))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
