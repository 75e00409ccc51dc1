# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adapter for Squid: one drop-in file and two lists, read below the site's port and authentication rules.

Every line of ours carries the client, port 443 and, where the site authenticates, its authentication ACL: it opens nothing that the
site's own rules would not carry. The exemption asks for the name in the CONNECT request *and* the name in the TLS handshake: with the
handshake alone, ``CONNECT evil.example`` with the SNI of an exempt host would pass undecrypted (tried on 5.7).
"""
from __future__ import annotations

import hashlib
import json
import os
import platform
from collections import Counter
from dataclasses import dataclass, replace
from typing import Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import (
    BOTH, FOREIGN, OURS, Adapter, Permissions, Step, Traits, Wanted,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change, apply
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import write_atomically
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import config as conf, files
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.control import (
    Control, last_loaded, replace_file,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.judge import Assessor

_SWITCHABLE = ("http_access", "ssl_bump", "request_header_access", "reply_header_access")
_AUTH_TYPES = ("proxy_auth", "proxy_auth_regex")


def from_module(module: AnsibleModule) -> Adapter:
    """The adapter for an AnsibleModule's parameters. :raises AccessError:"""
    params = module.params
    program = params["squid"]
    if "/" not in program:
        program = module.get_bin_path(program, opt_dirs=["/usr/sbin", "/usr/local/sbin", "/usr/local/squid/sbin"])
    if program is None or not os.access(program, os.X_OK):
        raise AccessError(REFUSED, "squid: no program %r that can be run on this host; name it with the option squid" % params["squid"])
    paths = {option: os.path.abspath(params[option]) for option in ("config_file", "drop_in", "list_dir")}
    settings = filled(Settings, params, params["audience"], **paths)
    needs_audience = params["state"] in ("merged", "replaced", "rendered")
    if needs_audience and not (settings.everyone or settings.networks or settings.users or settings.acls):
        raise AccessError(REFUSED, "audience names nobody: give networks, users, acls, or everyone: true")
    settings.check()
    return SquidAdapter(settings, Control(program, settings.config_file, params["service_name"], params["timeout"]), params["service_name"])


class SquidAdapter(Adapter):
    """One Squid on the host where the module runs."""

    traits = Traits(product="squid", kinds=("list", "acl", "line", "rule", "directive"))

    def __init__(self, settings: Settings, control: Control, service_name: str | None = None):
        self._settings, self._control, self._service_name = settings, control, service_name
        self._site = conf.Site()
        self._decrypts, self._release = True, ""
        self._counts = Counter()

    def begin_cleanup(self, undo: bool = False) -> None:
        self._control.begin_cleanup(undo)

    @property
    def device(self) -> str:
        return "%s:%s" % (platform.node(), self._settings.config_file)

    def permissions(self) -> Permissions:
        """Files are replaced as a whole, so it is their folders that count; the one of a file that is yet to be made is the nearest that there is."""
        shut = []
        for path in (os.path.dirname(os.path.realpath(self._settings.drop_in)), os.path.realpath(self._settings.list_dir)):
            while not os.path.isdir(path):
                path = os.path.dirname(path)
            if not os.access(path, os.W_OK | os.X_OK):
                shut.append(path)
        if self._workers > 1 and not os.access(self._cache_log, os.R_OK):
            return Permissions(False, "this user may not read %s, which alone tells whether each worker has reloaded: run as one who may (become)"
                               % self._cache_log)
        if shut:
            return Permissions(False, "this user may not write to %s: run as one who may (become)" % " and ".join(sorted(set(shut))))
        return Permissions(True, "this user may write to the folders of our files")

    def requests(self) -> dict[str, int]:
        return {"reads": self._counts["reads"], "writes": self._counts["writes"], "commands": self._control.commands}

    # -- reading

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        if not self._counts["reads"]:
            number, self._decrypts = self._control.build()
            self._release = "Squid %s" % number
        self._load_site()
        drop_in = files.parse_drop_in(self._own_text(self._settings.drop_in) or "", self._settings.drop_in)
        objects = dict(drop_in.objects)
        for ref in (files.ALLOW, files.EXEMPT):
            text = self._own_text(self._path(ref))
            if text is not None:
                marked = text.startswith(files.MARK)
                objects[ref] = Object(ref, {"marked": marked}, files.parse_list(text), ours=marked)
        for directive in self._site.directives:
            if directive.name in _SWITCHABLE:
                ref = Ref("directive", directive.identity)
                objects[ref] = Object(ref, {"enabled": directive.enabled}, borrowed={} if directive.enabled else {"enabled": True},
                                      native={"file": directive.file, "line": directive.line})
        return State(objects, {base: tuple(refs) for base, refs in drop_in.rules.items()}, self._pending(), release=self._release)

    def _load_site(self) -> None:
        try:
            self._site = conf.load(self._settings.config_file, self._settings.drop_in, self._text, conf.real_glob, self._service_name)
        except (OSError, UnicodeDecodeError) as error:
            raise AccessError(REFUSED, "Squid's configuration cannot be read: %s. Run as a user who may (become), or name config_file" % error) from error

    def _last(self, name: str, default: str) -> str:
        """The word of a directive of which the last one counts."""
        return ([d.args[0] for d in self._site.named(name) if d.args] or [default])[-1]

    @property
    def _cache_log(self) -> str:
        return self._last("cache_log", "/var/log/squid/cache.log")

    @property
    def _workers(self) -> int:
        """How many processes serve clients."""
        number = self._last("workers", "1")
        return int(number) if number.isdigit() else 1

    def _text(self, path: str) -> str:
        self._counts["reads"] += 1
        with open(path, encoding="utf-8", errors="surrogateescape") as source:
            return source.read()

    def _own_text(self, path: str) -> str | None:
        try:
            return self._text(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise AccessError(REFUSED, "%s cannot be read: %s" % (path, error.strerror)) from error

    def _path(self, ref: Ref, exceptions: bool = False) -> str:
        return os.path.join(self._settings.list_dir, "%s.%s" % (ref.name, "except" if exceptions else "domains"))

    # Our files as they were when they were last brought into force; Squid itself cannot be asked what it runs.

    @property
    def _stamp(self) -> str:
        return os.path.join(self._settings.list_dir, "in-force.json")

    def _own_paths(self) -> list:
        return [self._settings.drop_in] + [self._path(ref, e) for ref in (files.ALLOW, files.EXEMPT) for e in (False, True)]

    def _on_disk(self) -> dict:
        """What of ours is on disk: a digest for each file, of ours or with a directive that we disabled."""
        found = {}
        for path in self._own_paths():
            text = self._own_text(path)
            if text is not None:
                found[path] = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        for directive in self._site.disabled:
            found[directive.file] = hashlib.sha256((found.get(directive.file, "") + directive.identity).encode("utf-8", "surrogateescape")).hexdigest()
        return found

    def _pending(self) -> str | None:
        loaded = last_loaded(self._cache_log)
        in_force, on_disk = self._digests(self._stamp), self._on_disk()
        touched = {d.file for d in self._site.disabled}
        # The log has whole seconds: only what is surely newer than the last load counts as somebody else's edit ...
        if loaded is not None and any(os.stat(path).st_mtime > loaded + 1 for path in self._site.files if path not in touched):
            return FOREIGN
        # ... and only what is surely older as brought into force by somebody else's reload.
        changed = [path for path in set(in_force) | set(on_disk) if in_force.get(path) != on_disk.get(path)]
        waiting = [path for path in changed if loaded is None or not os.path.exists(path) or os.stat(path).st_mtime >= loaded]
        # Our own files can be edited by hand as well: ours is what is as we wrote it, and the rest counts as above.
        written = self._written()
        mine = [path for path in waiting if path not in self._own_paths() or (path in written and written[path] == on_disk.get(path))]
        theirs = [path for path in waiting if path not in mine and loaded is not None and os.path.exists(path) and os.stat(path).st_mtime > loaded + 1]
        return BOTH if mine and theirs else OURS if mine else FOREIGN if theirs else None

    @property
    def _notes(self) -> str:
        return os.path.join(self._settings.list_dir, "written.json")

    def _written(self) -> dict:
        """{path: digest of the text that we wrote last, None where we removed the file}"""
        return self._digests(self._notes)

    def _digests(self, path: str) -> dict:
        """What an earlier run kept at ``path``; empty where there is nothing. :raises AccessError: refused, for what no run wrote."""
        text = self._own_text(path)
        try:
            return dict(json.loads(text)) if text else {}
        except (RecursionError, TypeError, ValueError):
            raise AccessError(REFUSED, "%s is not as a run wrote it, so whose edits wait is not known: see what waits, and remove that file"
                              % path) from None

    def _note(self, path: str, text: str | None) -> None:
        """Before it is written: a run that is killed in between leaves a file that is as it was."""
        os.makedirs(self._settings.list_dir, mode=0o755, exist_ok=True)
        digest = None if text is None else hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
        write_atomically(self._notes, json.dumps(dict(self._written(), **{path: digest}), sort_keys=True))

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        audience = self._audience()
        wanted = [Wanted(Object(files.ALLOW, {"marked": True}, {"hosts": frozenset(str(p) for p in policy.allow)}))]
        wanted += [Wanted(obj) for obj in audience.acl_objects]
        wanted += [Wanted(self._list_acl("allow_host", "dstdomain", files.ALLOW)), Wanted(self._list_acl("allow_except", "dstdomain", files.ALLOW, True))]
        hosts = [files.PREFIX + "port", files.PREFIX + "allow_host", "!" + files.PREFIX + "allow_except"]
        if policy.exempt and self.bumps():
            wanted += self._exemption(policy, audience)
        for directive, header in files.COOKIE_RULES.items():
            if any(d.args[:2] == (header, "deny") for d in self._site.after(directive)):
                name = "%s %s allow" % (directive, header)
                wanted.append(Wanted(files.rule(name, audience.words + hosts), directive))
        wanted.append(Wanted(files.rule(files.ALLOW_RULE.name, audience.words + hosts + audience.auth), "http_access"))
        return wanted

    def _exemption(self, policy, audience) -> list:
        prefix = files.PREFIX
        wanted = [
            Wanted(Object(files.EXEMPT, {"marked": True}, {"hosts": frozenset(str(p) for p in policy.exempt)})),
            Wanted(files.acl(prefix + "step1", "at_step", ["SslBump1"])),
            Wanted(self._list_acl("exempt_host", "dstdomain", files.EXEMPT)),
            Wanted(self._list_acl("exempt_except", "dstdomain", files.EXEMPT, True)),
            Wanted(self._list_acl("exempt_sni", "ssl::server_name", files.EXEMPT)),
            Wanted(self._list_acl("exempt_sni_except", "ssl::server_name", files.EXEMPT, True)),
        ]
        named = prefix + "exempt_host"
        if self._site.intercepting:
            # An intercepted CONNECT has an address only; there Squid itself checks that the name in the handshake belongs to that address.
            wanted.append(Wanted(files.acl(prefix + "intercepted", "myportname", [conf.port_name(d) for d in self._site.intercepting])))
            wanted.append(Wanted(files.acl(prefix + "named", "any-of", [named, prefix + "intercepted"])))
            named = prefix + "named"
        words = audience.words + [prefix + "port", named, "!" + prefix + "exempt_except"]
        splice = words + [prefix + "exempt_sni", "!" + prefix + "exempt_sni_except"] + audience.auth
        return wanted + [
            Wanted(files.rule(files.PEEK_RULE.name, [prefix + "step1"] + words), "ssl_bump", above=frozenset([files.SPLICE_RULE])),
            Wanted(files.rule(files.SPLICE_RULE.name, splice), "ssl_bump"),
        ]

    def _list_acl(self, name: str, kind: str, ref: Ref, exceptions: bool = False) -> Object:
        # -n: no reverse lookup of an address, whose owner could claim any name. --client-requested: not the names in the server's certificate.
        option = "-n" if kind == "dstdomain" else "--client-requested"
        return files.acl(files.PREFIX + name, kind, ['"%s"' % self._path(ref, exceptions)], [option])

    def _audience(self) -> _Audience:
        wanted, auth = self._settings, self._auth_acls()
        acls, words = [files.acl(files.PREFIX + "port", "port", ["443"])], []
        if wanted.networks:
            acls.append(files.acl(files.PREFIX + "client", "src", wanted.networks))
            words.append(files.PREFIX + "client")
        unknown = [name for name in wanted.acls + ((wanted.auth_acl,) if wanted.auth_acl else ()) if name not in self._site.acls]
        if unknown and self._site.files:
            raise AccessError(REFUSED, "audience: the site has no ACL named %s" % ", ".join(unknown))
        words += wanted.acls
        if not wanted.networks and not any(self._judge_type(name) == "src" for name in wanted.acls):
            words = self._client_acls() + words
        if wanted.users:
            if not auth and self._site.files:
                raise AccessError(REFUSED, "audience.users: this Squid has no proxy_auth ACL, so it does not know who its users are")
            acls.append(files.acl(files.PREFIX + "user", "proxy_auth", wanted.users))
            auth = [files.PREFIX + "user"]
        return _Audience(acls, words, auth)

    def _judge_type(self, name: str) -> str | None:
        found = self._site.acls.get(name)
        return found[0].type if found else None

    def _client_acls(self) -> list:
        """The client ACLs of the site's own allow rules: what "everyone" means here."""
        found = []
        for directive in self._site.named("http_access"):
            names = [word for word in directive.args[1:] if self._judge_type(word) == "src"]
            known = [word for word in directive.args[1:] if self._judge_type(word) in ("src",) + _AUTH_TYPES]
            if directive.args[0] == "allow" and names and len(known) == len(directive.args) - 1:
                found += [tuple(names)]
        if len(set(found)) == 1:
            return list(found[0])
        if not self._site.files:
            return ["localnet"]
        several = "more than one client ACL (%s)" % ", ".join(" ".join(names) for names in sorted(set(found)))
        raise AccessError(REFUSED, "audience: the site's own http_access allow rules name %s; say whom to open it for with networks or acls"
                          % (several if found else "no client ACL"))

    def _auth_acls(self) -> list:
        """The ACL that makes a client authenticate, for our allow line; empty when the site does not authenticate."""
        if self._settings.auth_acl:
            return [self._settings.auth_acl]
        used = {word.lstrip("!") for d in self._site.named("http_access") for word in d.args[1:] if self._judge_type(word.lstrip("!")) in _AUTH_TYPES}
        required = sorted(name for name in used if any("REQUIRED" in acl.values for acl in self._site.acls[name]))
        if len(required) == 1:
            return required
        if used:
            raise AccessError(REFUSED, "the site authenticates with several ACLs (%s): name the one that our rule has to carry with auth_acl"
                              % ", ".join(sorted(used)))
        return []

    def bumps(self) -> bool:
        """Whether this Squid decrypts anything at all."""
        return self._decrypts and (not self._site.files or any("ssl-bump" in d.args for d in self._site.ports))

    # -- assessing

    def assess(self, policy: Policy, state: State) -> Assessment:
        return Assessor(self._settings, self._live_site(state), self.bumps(), self._auth_acls(), policy, state).assess()

    def _live_site(self, state: State) -> conf.Site:
        """The site with its directives enabled and disabled as ``state`` has them."""
        enabled = {ref.name: obj.fields["enabled"] for ref, obj in state.objects.items() if ref.kind == "directive"}
        return replace(self._site, directives=[replace(d, enabled=enabled.get(d.identity, d.enabled)) for d in self._site.directives])

    # -- writing

    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        if not changes:
            return
        planned, now = [], state
        for change in changes:
            now = apply(now, [change])
            path = self._file_of(change.ref, state)
            if planned and planned[-1][0] == path:
                planned[-1][1] = now
            else:
                planned.append([path, now])
        writes = [(path, self._texts(path, then)) for path, then in planned]
        final: dict = {}
        for _path, texts in writes:
            final.update(texts)
        yield Step("have squid parse the configuration as it will be", {"check": final})
        for path, texts in writes:
            yield Step("write %s" % path, {"write": texts})

    def _file_of(self, ref: Ref, state: State) -> str:
        if ref.kind == "list":
            return self._path(ref)
        if ref.kind == "directive":
            return state.objects[ref].native["file"]
        return self._settings.drop_in

    def _texts(self, path: str, state: State) -> dict:
        if path == self._settings.drop_in:
            return {path: files.render_drop_in(state, self._settings.comment)}
        for ref in (files.ALLOW, files.EXEMPT):
            if path == self._path(ref):
                obj = state.objects.get(ref)
                domains, exceptions = files.render_list(obj.members, obj.fields["marked"]) if obj else (None, None)
                return {path: domains, self._path(ref, True): exceptions}
        return {path: self._site_text(path, state)}

    def _site_text(self, path: str, state: State) -> str:
        lines = self._site.texts[path].splitlines(keepends=True)
        for ref, obj in state.objects.items():
            if ref.kind == "directive" and obj.native["file"] == path:
                index = obj.native["line"] - 1
                bare = lines[index].replace(conf.DISABLED, "", 1)
                lines[index] = bare if obj.fields["enabled"] else conf.DISABLED + bare.lstrip()
        return "".join(lines)

    def send(self, request: dict) -> object:
        if "check" in request:
            self._control.check_candidate(request["check"], conf.real_glob)
            return
        for path, text in request["write"].items():
            self._counts["writes"] += 1
            if path in self._own_paths():
                self._note(path, text)
            replace_file(path, text)

    def activate(self) -> list[dict]:
        done = self._control.reconfigure(self._site.port_numbers, self._workers, self._cache_log)
        self._load_site()
        on_disk = self._on_disk()
        if not on_disk:
            replace_file(self._stamp, None)
            replace_file(self._notes, None)
            if os.path.isdir(self._settings.list_dir) and not os.listdir(self._settings.list_dir):
                os.rmdir(self._settings.list_dir)
        else:
            os.makedirs(self._settings.list_dir, mode=0o755, exist_ok=True)
            write_atomically(self._stamp, json.dumps(on_disk, sort_keys=True))
        return [done]


@dataclass(frozen=True)
class _Audience:
    """ACL objects of ours, the ACL words that name the client, and the words that make it authenticate."""

    acl_objects: list
    words: list
    auth: list
