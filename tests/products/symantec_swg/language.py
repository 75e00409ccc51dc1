# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPL as an Edge SWG of the twin compiles it and decides by it.

What does not compile is a CompileError. A word that the vendor's reference knows and that is not modelled compiles, and a decision that depends on it is a
NotImplementedError, unless the test says how it turns out: ``truth`` of a flow.
"""
from __future__ import annotations

import functools
import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml

KNOWN = yaml.safe_load((Path(__file__).parent / "columns.yml").read_text(encoding="utf-8"))
HOST_TRIGGERS = ("url.domain", "server_url.domain", "url.host", "url.host.exact", "url.host.suffix", "category", "server.certificate.hostname")
#: Confirmed in <SSL-Intercept>; anything else only with ``ssl_takes_all``.
SSL_TRIGGERS = ("client.address", "condition", "url.domain", "category")
MODELLED = HOST_TRIGGERS + ("condition", "group", "user", "client.address", "url.port")
#: Layers in the order in which a request meets them; <Admin> and <Exception> are not asked for one that goes through.
ORDER, ASIDE = ("proxy", "ssl", "ssl-intercept"), ("admin", "exception")
QUIET = ("ok", "access_log", "response.icap_service", "request.icap_service")


class CompileError(Exception):
    pass


@dataclass
class Compiled:
    """``layers``: [(kind, [rules])], a rule its words, those of the guards around it first; ``conditions`` and ``categories``: {name: [words]}."""

    layers: list = field(default_factory=list)
    conditions: dict = field(default_factory=dict)
    categories: dict = field(default_factory=dict)
    subnets: dict = field(default_factory=dict)
    actions: dict = field(default_factory=dict)
    policies: dict = field(default_factory=dict)


def split(line: str) -> list:
    """Words of a line: blanks inside quotes or brackets separate nothing, and a semicolon behind a blank begins a comment."""
    return re.findall(r"(?:\"[^\"]*\"|\([^)]*\)|[^\s\"(])+", re.sub(r"(\A|\s);[^\"]*$", "", line))


def is_test(word: str) -> bool:
    return "=" in word.split("(")[0]


@functools.lru_cache(maxsize=8)
def compile_cpl(text: str, ssl_takes_all: bool, knows: tuple = ()) -> Compiled:
    """``knows``: words of a later release. :raises CompileError:"""
    compiler = _Compiler(ssl_takes_all, knows)
    for line in re.sub(r"[ \t]\\\r?\n", " ", text).splitlines():
        words = split(line)
        if words:
            compiler.line(line.strip(), words)
    return compiler.finish()


class _Compiler:
    def __init__(self, ssl_takes_all: bool, knows: tuple):
        self.found, self._ssl_takes_all, self._knows = Compiled(), ssl_takes_all, knows
        self._kind, self._rules, self._guard, self._section, self._pattern = None, None, [], [], ""
        self._block, self._called, self._conditional, self._used = None, None, 0, []

    def line(self, line: str, words: list) -> None:
        head = words[0].lower()
        if head.startswith("#"):
            if head not in ("#if", "#endif", "#else"):
                raise CompileError("directive %s" % head)
            self._conditional += {"#if": 1, "#endif": -1}.get(head, 0)
        elif self._block is not None:
            if head == "end":
                self._block = None
            else:
                self._block(words)
        elif head == "end" and self._called is not None:
            self._kind, self._rules, self._guard, self._section, self._pattern = self._called
            self._called = None
        elif head == "define":
            self._define(words)
        elif line.startswith("<"):
            inside, _bracket, guard = line[1:].partition(">")
            self._open(inside.split()[0].lower(), split(guard), self.found.layers)
        elif line.startswith("["):
            inside, _bracket, guard = line[1:].partition("]")
            name = inside.split()[0].lower()
            if name not in KNOWN["sections"] or self._rules is None:
                raise CompileError("section [%s]" % name)
            self._section, self._pattern = split(guard), KNOWN["sections"][name]
        elif self._rules is None:
            raise CompileError("a rule outside of a layer: %s" % line)
        else:
            own = ["%s=%s" % (self._pattern, words[0])] + words[1:] if self._pattern else words
            self._rules.append(_merged(_merged(self._guard, self._section), own) + ["#if=yes"] * bool(self._conditional))
            self._used.append((self._kind, self._rules[-1]))

    def _open(self, kind: str, guard: list, layers: list) -> None:
        self._kind, self._rules, self._guard, self._section, self._pattern = kind, [], guard, [], ""
        layers.append((kind, self._rules))

    def _define(self, words: list) -> None:
        what, name = " ".join(words[1:-1]).lower(), words[-1].strip("\"")
        if what.endswith("policy"):
            self._called = self._kind, self._rules, self._guard, self._section, self._pattern
            layers = self.found.policies.setdefault(name.lower(), [])
            self._open(what[:-6].strip() or "proxy", [], layers)
        elif what == "subnet":
            self._block = self.found.subnets.setdefault(name, []).extend
        elif what == "action":
            self._block = self.found.actions.setdefault(name.lower(), []).append
        else:
            held = self.found.categories if what == "category" else self.found.conditions
            if what not in KNOWN["definitions"] or name in held:
                raise CompileError("definition of %s" % name)
            trigger = "url.domain" if what == "category" else what[:-9].strip()
            rows = held.setdefault(name, [])
            self._block = lambda row: rows.append(["%s=%s" % (trigger, row[0])] + row[1:] if trigger and not is_test(row[0]) else row)

    def finish(self) -> Compiled:
        if self._block is not None or self._called is not None:
            raise CompileError("a definition has no end")
        for kind, words in self._used:
            if kind not in KNOWN["layers"] and "<%s>" % kind not in self._knows:
                raise CompileError("layer <%s>" % kind)
            for word in words:
                self._check(kind, word, ())
        return self.found

    def _check(self, kind: str, word: str, inside: tuple) -> None:
        if not is_test(word):
            name = re.sub(r"\A(action|policy)\..*", r"\1.NAME", word.lower().split("(")[0])
            if name not in KNOWN["properties"] and name not in self._knows:
                raise CompileError("unknown word: %s" % word)
            return
        name, values = _parts(word)[:2]
        named = next((known for known in KNOWN["triggers"] if known.endswith("Name") and name.startswith(known[:-4].lower())), name)
        if name not in MODELLED + self._knows + ("#if",) and named not in map(str.lower, KNOWN["triggers"]) and named == name:
            raise CompileError("unknown condition: %s" % word)
        if kind == "ssl-intercept" and name not in SSL_TRIGGERS and not self._ssl_takes_all:
            raise CompileError("not allowed in <SSL-Intercept>: %s" % word)
        for value in values if name == "condition" and "not_defined" not in values else ():
            if value not in self.found.conditions or value in inside:
                raise CompileError("undefined condition, or one of itself: %s" % value)
            for inner in (inner for row in self.found.conditions[value] for inner in row):
                self._check(kind, inner, inside + (value,))


def _merged(outer: list, inner: list) -> list:
    """The words of a guard and of what stands in it; a property that both set is that of the inner one, and allow and deny are one property."""
    said = {_property(word) for word in inner if not is_test(word)}
    return [word for word in outer if is_test(word) or _property(word) not in said or word.lower().startswith("force_")] + inner


def _property(word: str) -> str:
    name = word.lower().split("(")[0]
    return "allow" if name in ("deny", "exception", "force_deny", "force_exception") else name


def _parts(word: str) -> tuple:
    """(name, values, negated)"""
    name, _equals, rest = word.partition("=")
    negated = name.startswith("!") or rest.startswith("!")
    rest = rest.lstrip("!")
    if "&&" in rest or "!" in rest:
        raise NotImplementedError("the pattern %s" % word)
    parts = re.findall(r"\"[^\"]*\"|[^\s,\"]+", rest[1:-1]) if rest.startswith("(") else [rest]
    return name.lstrip("!").lower(), [part.strip("\"") for part in parts], negated


# -- deciding ------------------------------------------------------------------------------------------------------


def decided(flow: dict) -> dict:
    """A flow with its verdict. Layers in their order: in each the first rule that matches counts, and a later layer sets its properties over an earlier one."""
    for wanted in ORDER:
        _run([layer for layer in flow["policy"].layers if layer[0] == wanted], flow)
    for kind, rules in flow["policy"].layers:
        if kind in ORDER + ASIDE or not rules:
            continue
        if "<%s>" % kind not in flow["truth"]:
            raise NotImplementedError("layer <%s>" % kind)
        if flow["truth"]["<%s>" % kind]:
            _run([(kind, rules)], flow)
    return flow


def _run(layers: list, flow: dict) -> None:
    for _kind, rules in layers:
        for words in rules:
            said = [true(word, flow) for word in words if is_test(word)]
            if all(said):
                for word in words:
                    if not is_test(word):
                        _act(word, flow)
                break


def true(word: str, flow: dict) -> bool:
    """Whether a test holds for a flow. :raises NotImplementedError: for one that is not modelled, and whose truth the test does not say."""
    name, values, negated = _parts(word)
    if name in flow["truth"]:
        return flow["truth"][name] != negated
    if name not in MODELLED:
        raise NotImplementedError("the condition %s" % word)
    found = [_one(name, value, flow) for value in values]
    return any(found) != negated


def _one(name: str, value: str, flow: dict) -> bool:
    host, person = flow["host"], flow["person"]
    bare = re.sub(r"^([a-z]+:)?//", "", value.lower()).split("/")[0]
    if name == "condition":
        if value not in flow["policy"].conditions:
            raise NotImplementedError("the condition %s" % value)
        return _defined(flow["policy"].conditions[value], flow)
    if name in ("url.domain", "server_url.domain"):
        return host == bare.lstrip(".") or host.endswith("." + bare.lstrip("."))
    if name == "server.certificate.hostname":
        return host.endswith(value) or "." + host == value if value.startswith(".") else host == value
    if name in ("url.host", "url.host.exact"):
        return host == bare
    if name == "url.host.suffix":
        return host.endswith(bare)
    if name == "category":
        return _defined(flow["policy"].categories[value], flow) if value in flow["policy"].categories else category_of(flow["categories"], host) == value
    if name == "url.port":
        low, dots, high = value.partition("..")
        if not (low + high).isdigit():
            raise NotImplementedError("the port %s" % value)
        return int(low or 0) <= flow["port"] <= int(high or (65535 if dots else low))
    if name == "client.address":
        networks = flow["policy"].subnets.get(value, [value])
        return any(ipaddress.ip_address(person.address) in ipaddress.ip_network(one, strict=False) for one in networks)
    # Who somebody is, is known only where the proxy asked.
    return flow["realm"] != "no" and value in (person.groups if name == "group" else (person.user,))


def _defined(rows: list, flow: dict) -> bool:
    found = [[true(word, flow) for word in row] for row in rows]
    return any(map(all, found))


def category_of(table: dict, host: str):
    while host:
        if host in table:
            return table[host]
        host = host.partition(".")[2]
    return None


def _act(word: str, flow: dict) -> None:
    name, _bracket, value = word.lower().partition("(")
    value = value.rstrip(")")
    if name in ("authenticate", "ssl.forward_proxy"):
        flow["realm" if name == "authenticate" else "intercept"] = value
    elif (name == "allow" or (name, value) == ("exception", "no")) and not flow["forced"]:
        flow["verdict"] = "allow"
    elif name in ("deny", "force_deny", "exception", "force_exception"):
        flow["verdict"] = "deny"
        flow["forced"] = flow["forced"] or name.startswith("force_")
    elif name.startswith("policy.") and name[7:] in flow["policy"].policies:
        _run(flow["policy"].policies[name[7:]], flow)
    elif name.startswith("action.") and name[7:] in flow["policy"].actions:
        _steps(flow["policy"].actions[name[7:]] if value == "yes" else [], flow)
    elif name in flow["truth"]:
        flow["shut"] = flow["shut"] or flow["truth"][name]
    elif name not in QUIET + ("allow",):
        raise NotImplementedError("the property %s" % word)


def _steps(steps: list, flow: dict) -> None:
    for step in steps:
        if step[0].startswith("redirect("):
            flow["shut"] = True
        elif not step[0].startswith(("log_message(", "set(request.header.")):
            raise NotImplementedError("the action %s" % step[0])
