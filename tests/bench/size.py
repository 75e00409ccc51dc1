# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is long: plans of 10,000 changes and what is done with them, text of a million characters that others wrote."""
from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Callable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import change, result, target
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import Journal
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import load
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import reader, redact
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish import published
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures
from tests.bench.products import ROW

REDACTOR = redact.Redactor(load(), signatures.load())
KNOWN = ["chatgpt.com", "openai.com", "oaistatic.com"]
#: Lines that made one search begin anew at each of their characters.
REPEATED = ("a", "a.", "[", "[a](", "**a", "# #", "<p>", "<p ", "<title", "\t|", "not ", "1.", ":", "(")


def rules(count: int, ours: bool = True) -> tuple:
    """(State, its Refs): one rulebase of ``count`` rules."""
    refs = [Ref("rule", "r%05d" % number) for number in range(count)]
    return State({ref: Object(ref, {"action": "allow"}, {}, ours) for ref in refs}, {"base": tuple(refs)}), refs


def text_of(count: int) -> Callable:
    state, refs = rules(count)
    changes = [Change(ref, UPDATE, {"action": ("deny", "allow")}) for ref in refs]
    return lambda: result.text_of(state, changes)


def plan(count: int) -> Callable:
    """Rules that come, are foreseen, and are taken back."""
    state, _refs = rules(count)
    empty = State({}, {"base": ()})

    def work():
        changes = change.diff(empty, state, ["rule"])
        assert change.apply(empty, changes).rules == state.rules
        assert len(change.undo(changes, state, ["rule"])[0]) == count
    return work


def moved(count: int) -> Callable:
    """Rules whose order is turned round."""
    state, refs = rules(count)
    return lambda: change.diff(state, State(state.objects, {"base": tuple(reversed(refs))}), ["rule"])


def placed(count: int) -> Callable:
    """A few of ours, between as many rules of a site, of which each is to stay above or below."""
    state, refs = rules(count, ours=False)
    above, below = frozenset(refs[count // 2:]), frozenset(refs[:count // 2])
    wanted = [Wanted(Object(Ref("rule", "ours %d" % number), {}, {}), "base", above, below) for number in range(5)]
    return lambda: target.desired("merged", wanted, state, Options())


def gone(count: int) -> Callable:
    """All rules of a rulebase are ours and go."""
    state, _refs = rules(count)
    return lambda: target.desired("deleted", [], State(dict(reversed(state.objects.items())), state.rules), Options())


def noted(count: int) -> Callable:
    """A journal of ``count`` changes, each a step."""
    state, _refs = rules(count)
    changes = change.diff(State({}, {"base": ()}), state, ["rule"])

    def work():
        with tempfile.TemporaryDirectory() as folder:
            journal = Journal(folder, "memory", "device")
            journal.begin(changes)
            for one in changes:
                journal.sending(str(one.ref))
                journal.sent()
    return work


def redacted(part: str) -> Callable:
    def of(length: int) -> Callable:
        line = (part * length)[:length]
        headers = [{"name": name, "value": line} for name in ("via", "server", "location", "set-cookie", "x-cache", "content-type")]
        entry = {"request": {"url": "https://chatgpt.com/%s?%s" % (line, line), "headers": headers},
                 "response": {"headers": headers, "redirectURL": "https://%s/" % line, "_error": line}, "_securityDetails": {"issuer": line}}
        return lambda: REDACTOR.entry(entry)
    return of


def behind(count: int) -> Callable:
    """A HAR with an entry of so many kilobytes, for which as much more is read, and as many small entries after it."""
    text = '{"log": {"entries": [{"text": "%s"}%s]}}' % ("x" * 1100 * count, (', {"text": "%s"}' % ("x" * 1000)) * count)

    def work():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.har"
            path.write_text(text, encoding="utf-8")
            assert sum(1 for _entry in reader.Reader(path)) == count + 1
    return work


def page(part: str, html: bool) -> Callable:
    def of(length: int) -> Callable:
        line = (part * length)[:length]
        form = "<html><body><h1>Allow</h1><ul>%s</ul><p>%s</p></body></html>" if html else "# Allow\n%s\n\n%s\n"
        row = "<li>%s</li>" if html else "- %s\n"
        body = (form % ("".join(row % host for host in KNOWN), line)).encode()

        def work():
            try:
                published.read_page(body, KNOWN)
            except published.PublishedError:
                # What is on the page is not what this is about.
                return
        return work
    return of


def seconds(work: Callable) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    for words, make, count in (("text of a plan", text_of, 10_000), ("plan, foresee and undo, rules", plan, 10_000), ("rules in another order", moved, 10_000),
                               ("placing among rules", placed, 10_000), ("rules that go", gone, 10_000), ("journal, steps", noted, 10_000),
                               ("HAR: small entries behind a large one", behind, 16_000), ("HAR: redact, characters", redacted("a."), 1_000_000),
                               ("page: a line of letters", page("a", False), 1_000_000),
                               ("page: tags that stay open", page("<p>", True), 1_000_000)):
        few, many = seconds(make(count // 4)), seconds(make(count))
        print(ROW % ("%s: %d" % (words, count), "%.2f s" % many, "%.2f of the time for a quarter of it, by 4" % (many / 4 / max(few, 1e-6))))
