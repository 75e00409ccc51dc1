# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own Squid files as objects and back: the drop-in with its ACLs and rules. Pure text in, pure text out.

A line is ours when it defines or uses an ACL whose name starts with ``netaccess_``. Lines that somebody else put into the drop-in
are kept, in their order, as objects of kind ``line``.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.netaccess.chatgpt.plugins.module_utils.change import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.errors import CONFLICT, AccessError

PREFIX = "netaccess_"
MARK = "# Managed by netaccess.chatgpt. Change the playbook, not this file."
#: Directives whose lines are read in order, and how many words name a rule before its ACLs.
RULEBASES = {"ssl_bump": 1, "request_header_access": 2, "reply_header_access": 2, "http_access": 1}


@dataclass
class DropIn:
    """The content of the drop-in: ``objects`` by Ref, ``rules`` by directive in the order of the file."""

    objects: dict = field(default_factory=dict)
    rules: dict = field(default_factory=dict)


def acl(name: str, kind: str, values, options=()) -> Object:
    """One ``acl`` line of ours. ``values`` are compared as a set."""
    return Object(Ref("acl", name), {"type": kind, "options": sorted(options), "values": sorted(values)}, ours=True)


def rule(name: str, acls) -> Object:
    """One rule line of ours; ``name`` is the directive with its action, for example ``http_access allow``."""
    return Object(Ref("rule", name), {"acls": list(acls)}, ours=True)


def parse_drop_in(text: str, path: str) -> DropIn:
    """Read the drop-in. :raises AccessError: conflict, when one of our rules stands in it twice."""
    found = DropIn()
    for number, line in enumerate(_logical_lines(text), 1):
        words = line.split()
        if words[0] == "acl" and len(words) > 2 and words[1].startswith(PREFIX):
            _add_acl(found, words)
            continue
        ref = _rule_ref(words)
        if ref is None:
            ref = _fresh(found, line)
            found.objects[ref] = Object(ref, {"text": line})
        elif ref in found.objects:
            raise AccessError(CONFLICT, "%s holds the rule %r twice (line %d): remove one, since their order decides" % (path, ref.name, number))
        else:
            found.objects[ref] = rule(ref.name, words[1 + RULEBASES[words[0]]:])
        if words[0] in RULEBASES:
            found.rules.setdefault(words[0], []).append(ref)
    return found


def _logical_lines(text: str):
    """Lines as Squid joins them: a backslash at the end continues, comments and blank lines go."""
    held = ""
    for raw in text.splitlines():
        line = held + raw.strip()
        held = ""
        if line.endswith("\\") and not line.startswith("#"):
            held = line[:-1]
        elif line and not line.startswith("#"):
            yield " ".join(line.split())
    if held.strip():
        yield " ".join(held.split())


def _add_acl(found: DropIn, words: list) -> None:
    options = [w for w in words[3:] if w.startswith("-") and w != "--"]
    values = [w for w in words[3:] if w not in options]
    ref = Ref("acl", words[1])
    earlier = found.objects.get(ref)
    if earlier is not None:
        values += earlier.fields["values"]
        options = sorted(set(options + earlier.fields["options"]))
    found.objects[ref] = acl(words[1], words[2], values, options)


def _rule_ref(words: list):
    """The Ref of a rule of ours, or None."""
    named = RULEBASES.get(words[0])
    if named is None or not any(w.lstrip("!").startswith(PREFIX) for w in words[1 + named:]):
        return None
    return Ref("rule", " ".join(words[:1 + named]))


def _fresh(found: DropIn, line: str) -> Ref:
    count, name = 1, line
    while Ref("line", name) in found.objects:
        count += 1
        name = "%s #%d" % (line, count)
    return Ref("line", name)


def render_drop_in(state: State, comment: str | None) -> str | None:
    """The text of the drop-in for ``state``; None when there is nothing to hold."""
    ordered = {ref for refs in state.rules.values() for ref in refs}
    acls = [obj for ref, obj in sorted(state.objects.items()) if ref.kind == "acl"]
    loose = [obj for ref, obj in state.objects.items() if ref.kind == "line" and ref not in ordered]
    lines = [_acl_text(obj) for obj in acls] + [obj.fields["text"] for obj in loose]
    for base in RULEBASES:
        lines += [_rule_text(state.objects[ref]) for ref in state.rules.get(base, ()) if ref in state.objects]
    if not lines:
        return None
    head = [MARK] + (["# Last change: %s" % " ".join(comment.split())] if comment else [])
    return "\n".join(head + lines) + "\n"


def _acl_text(obj: Object) -> str:
    fields = obj.fields
    return " ".join(["acl", obj.ref.name, fields["type"]] + fields["options"] + fields["values"])


def _rule_text(obj: Object) -> str:
    if obj.ref.kind == "line":
        return obj.fields["text"]
    return " ".join([obj.ref.name] + obj.fields["acls"])
