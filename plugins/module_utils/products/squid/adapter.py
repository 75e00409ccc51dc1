# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adapter for Squid: one drop-in file and its lists, included below the existing port and authentication rules.

Every managed line has the client, port 443 and, if the existing rules authenticate, their authentication ACL, so it requires what the existing rules require.
The exemption checks the name in the CONNECT request *and* in the TLS handshake: with the handshake alone, ``CONNECT evil.example`` with the SNI of an exempt
host would pass undecrypted (tried on 5.7).
"""
from __future__ import annotations

import os
import platform
from collections import Counter
from dataclasses import dataclass
from typing import Callable, Collection, Iterable, Iterator

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter, Permissions, Step, Traits, Wanted, whose
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change, apply
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import ACTIVATION, CONFLICT, REFUSED, AccessError, Overtaken
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.module import filled
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import config as conf, files
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.alike import Alike
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.columns import METHODS
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.control import Control, make_folder, replace_file, workers_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.force import InForce, digest_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.globs import real_glob
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.lock import PATIENCE, Lock
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.log import CACHE_LOG, last_loaded
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.people import People, folds_names, people
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.process import NONE, RUNS, Seen, readable, sees
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.reading import Reader
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.unfit import copied, refuse_unfit


def from_module(module: AnsibleModule) -> Adapter:
    """The adapter for an AnsibleModule's parameters. :raises AccessError:"""
    params = module.params
    program = params["squid"]
    if "/" not in program:
        program = module.get_bin_path(program, opt_dirs=["/usr/sbin", "/usr/local/sbin", "/usr/local/squid/sbin"])
    if program is None or not os.access(program, os.X_OK):
        raise AccessError(REFUSED, "squid: %r is not an executable program on this host; set the option squid to the Squid binary" % params["squid"])
    paths = {option: os.path.abspath(params[option]) for option in ("config_file", "drop_in", "list_dir")}
    settings = filled(Settings, params, params["audience"], **paths)
    needs_audience = params["state"] in ("merged", "replaced", "rendered")
    if needs_audience and not (settings.everyone or settings.networks or settings.users or settings.acls):
        raise AccessError(REFUSED, "audience is empty: set networks, users, acls, or everyone: true")
    settings.check()
    return SquidAdapter(settings, Control(program, settings.config_file, params["service_name"], params["timeout"]), params["service_name"])


#: Squid refuses an include of a missing file, so a reload by others would fail.
_NEEDS_DROP_IN = ". Squid accepts this configuration only if %s exists: create that file, empty"


class SquidAdapter(Adapter):
    """One Squid on the host where the module runs."""

    traits = Traits(product="squid", kinds=("list", "acl", "line", "rule", "directive"), exclusive="a lock on the folder of config_file")

    def __init__(self, settings: Settings, control: Control, service_name: str | None = None):
        self._settings, self._control = settings, control
        self._reader, self._seen = Reader(settings, service_name), Seen(NONE)
        self._in_force, self._waiting = InForce(settings.list_dir), []
        self._lock = Lock(settings.config_file)
        self._doubtful: list = []
        self._decrypts, self._release = True, ""
        self._shut_out: list = []
        #: (a Site, the audience of the task on it)
        self._asked: tuple | None = None
        self._counts = Counter()
        #: Names of hosts that were in a list.
        self._names: frozenset = frozenset()

    def begin_cleanup(self, undo: bool = False) -> None:
        super().begin_cleanup(undo)
        self._control.begin_cleanup(undo)

    def close(self) -> None:
        self._control.close()
        if self.undoing and not self._holds_ours():
            self._in_force.withdraw()
        self._lock.release()

    @property
    def _site(self) -> conf.Site:
        return self._reader.site

    @property
    def device(self) -> str:
        return "%s:%s" % (platform.node(), self._settings.config_file)

    def permissions(self) -> Permissions:
        """Files are replaced as a whole, so their folders count; for a folder that does not exist yet, the nearest one above it."""
        shut, log = [], self._site.last("cache_log", CACHE_LOG)
        for path in (os.path.dirname(os.path.realpath(self._settings.drop_in)), os.path.realpath(self._settings.list_dir)):
            while not os.path.isdir(path):
                path = os.path.dirname(path)
            if not os.access(path, os.W_OK | os.X_OK):
                shut.append(path)
        if workers_of(self._site) > 1 and not os.access(log, os.R_OK):
            return Permissions(False, "this user cannot read %s, the only source that shows whether each worker has reloaded: run as a user who can (become)"
                               % log)
        if shut:
            return Permissions(False, "this user cannot write to %s: run as a user who can (become)" % " and ".join(sorted(set(shut))))
        if not os.access(self._lock.folder, os.R_OK):
            return Permissions(False, "this user cannot read %s, which a run locks: run as a user who can (become)" % self._lock.folder)
        if self._unreachable():
            return Permissions(False, self._unreachable())
        return Permissions(True, "this user can write to the folders of the managed files")

    def requests(self) -> dict[str, int]:
        return {"reads": self._counts["reads"], "writes": self._counts["writes"], "commands": self._control.commands}

    # -- reading

    def blank(self) -> State:
        return State()

    def read(self) -> State:
        first = not self._release
        if first:
            self._control.begin()
        self._reader.load()
        if first:
            build = self._control.build()
            self._decrypts, self._release = build.decrypts, "Squid %s" % build.number
        text = self._reader.drop_in
        drop_in = files.parse_drop_in(text or "", self._settings.drop_in)
        objects = dict(drop_in.objects)
        for ref in files.LISTS:
            text, *exceptions = [self._reader.own_text(path) for path in self._paths(ref)]
            if text is not None:
                objects[ref] = self._list(ref, text, *exceptions)
        objects.update(self._reader.switches)
        self._counts["reads"] += self._reader.files.reads
        # Lists that no managed line uses have no effect.
        unread = () if any(obj.ours for obj in drop_in.objects.values()) else self._own_paths()[1:]
        pending = self._pending(unread)
        if first:
            # An include of our file alone is what we recommend, and fatal for Squid until the file exists.
            self._control.check_site({self._settings.drop_in: ""} if self._reader.drop_in is None and self._site.positions else {}, real_glob)
        return State(objects, {base: tuple(refs) for base, refs in drop_in.rules.items()}, pending, release=self._release)

    def _list(self, ref: Ref, text: str, exceptions: str | None = None) -> Object:
        marked = text.startswith(files.MARK)
        if ref in (files.NETWORKS, files.USERS):
            return files.people_list(ref, conf.list_values(text), marked)
        members = files.parse_list(text, self._names)
        self._names |= {name for name in members["hosts"] - self._names if name[0] not in "*."}
        others, off = files.parse_exceptions(conf.list_values(exceptions or ""), exceptions or "", members["hosts"])
        return Object(ref, dict(off, marked=marked), dict(members, exceptions=others) if others else members, ours=marked)

    def _paths(self, ref: Ref) -> list:
        return files.paths_of(self._settings.list_dir, ref)

    def _pending(self, unread: Collection[str]) -> str | None:
        self._seen = self._control.look(self._site)
        loaded = last_loaded(self._site.last("cache_log", CACHE_LOG), self._seen.zone)
        self._waiting, self._doubtful = self._in_force.waiting(self._reader.files, self._seen, loaded, unread)
        found = {ours for _path, ours in self._waiting}
        return whose(True in found, False in found)

    def _unreachable(self) -> str:
        """Why the running Squid is unknown, or cannot be reloaded; "" if neither, or if no Squid runs."""
        seen = self._seen
        if seen.answer == RUNS and not seen.signalled:
            return "process %d, the running Squid, belongs to another user, so this user cannot reload it: run as root or as that user (become)" % seen.pid
        return "the running process is not the Squid of this task, or it cannot be identified: %s" % seen.why if seen.why else ""

    # -- wanting

    def target(self, policy: Policy, state: State) -> list[Wanted]:
        prefix = self._settings.prefix
        refuse_unfit(self._site, self._settings, self._own_paths()[1:])
        audience = self._audience(state)
        wanted = [self._wanted_list(files.ALLOW, policy.allow, state)]
        wanted += [Wanted(obj) for obj in audience.objects.values()]
        wanted += [Wanted(self._list_acl("allow_host", "dstdomain", files.ALLOW)), Wanted(self._list_acl("allow_except", "dstdomain", files.ALLOW, True))]
        hosts = [prefix + "allow_host", "!" + prefix + "allow_except"]
        if policy.exempt and self.bumps():
            wanted += [self._wanted_list(files.EXEMPT, policy.exempt, state), *self._exemption(audience)]
        for directive, header in files.COOKIE_RULES.items():
            if any(d.args[0].lower() == header.lower() and d.args[1] == "deny" for d in self._site.after(directive) if len(d.args) > 1):
                name = "%s %s allow" % (directive, header)
                wanted.append(Wanted(files.rule(name, audience.words + [prefix + "port"] + hosts), directive))
        # Methods of browsers and apps, inside a decrypted connection too, and none that administers the proxy.
        wanted.append(Wanted(files.acl(prefix + "method", "method", METHODS if self.bumps() else ["CONNECT"])))
        words = audience.words + [prefix + "port", prefix + "method"] + hosts + audience.auth
        wanted.append(Wanted(files.rule(files.ALLOW_RULE.name, words), "http_access"))
        self._shut_out = self._leaves_out(audience, state)
        return wanted

    def _leaves_out(self, audience: _Audience, state: State) -> list:
        """Users and networks that have access by this drop-in now, and will not after this run."""
        if not self._settings.names_somebody:
            return []
        found = []
        for name in ("client", "user"):
            ref = Ref("acl", self._settings.prefix + name)
            now, old = ([] if ref not in some else files.named_by(some[ref], some, self._settings.list_dir) for some in (audience.objects, state.objects))
            gone = sorted(set(old) - set(now)) if ref in audience.objects else []
            if gone:
                found.append("this drop-in already allows %s, which this task does not include and would lock out: set all of them in one task, or "
                             "use a separate drop_in and list_dir for each" % ", ".join(gone[:5] + (["and %d more" % (len(gone) - 5)] if gone[5:] else [])))
        return found

    def _wanted_list(self, ref: Ref, patterns: Iterable[Pattern], state: State) -> Wanted:
        fields, members = files.put_right(state.objects.get(ref))
        hosts = frozenset(map(str, patterns))
        # Names accepted here need no check when they are read back.
        if not hosts <= self._names:
            self._names |= {text for text in hosts if text[0] not in "*."}
        return Wanted(Object(ref, dict(fields, marked=True), dict(members, hosts=hosts)))

    def _exemption(self, audience) -> list:
        prefix = self._settings.prefix
        wanted = [
            Wanted(files.acl(prefix + "step1", "at_step", ["SslBump1"])),
            Wanted(self._list_acl("exempt_host", "dstdomain", files.EXEMPT)),
            Wanted(self._list_acl("exempt_except", "dstdomain", files.EXEMPT, True)),
            Wanted(self._list_acl("exempt_sni", "ssl::server_name", files.EXEMPT)),
            Wanted(self._list_acl("exempt_sni_except", "ssl::server_name", files.EXEMPT, True)),
        ]
        named = prefix + "exempt_host"
        if self._site.intercepting:
            # An intercepted CONNECT has only an address; Squid itself checks that the name in the handshake resolves to it.
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
        # -n: no reverse lookup, because the owner of an address can claim any name. --client-requested: not the names in the server's certificate.
        option = "-n" if kind == "dstdomain" else "--client-requested"
        return files.acl(self._settings.prefix + name, kind, ['"%s"' % self._paths(ref)[exceptions]], [option])

    def _named(self, acl: Object, ref: Ref, state: State) -> list:
        """The objects for users or networks: an ACL, and its list if there are many or the list exists already."""
        there = state.objects.get(ref)
        if len(acl.fields["values"]) <= files.IN_LINE and (there is None or not there.ours):
            return [acl]
        path, = self._paths(ref)
        if there is not None and not there.ours:
            raise AccessError(REFUSED, "%s exists and was not created by this collection, and everyone listed in it would get access: remove it, or "
                                       "set another list_dir"
                              % path)
        return [files.people_list(ref, acl.fields["values"]), files.acl(acl.ref.name, acl.fields["type"], ['"%s"' % path])]

    def _audience(self, state: State) -> _Audience:
        wanted, prefix, found = self._settings, self._settings.prefix, self._people()
        objects, words = [files.acl(prefix + "port", "port", ["443"])], []
        if wanted.networks:
            objects += self._named(files.acl(prefix + "client", "src", files.collapsed(wanted.networks)), files.NETWORKS, state)
            words.append(prefix + "client")
        unknown = [name for name in wanted.acls + ((wanted.auth_acl,) if wanted.auth_acl else ()) if self._site.acl(name) is None]
        if unknown and self._site.files:
            raise AccessError(REFUSED, "audience: the configuration has no ACL named %s" % ", ".join(unknown))
        hosts = [name for name in wanted.acls if found.judge.names_destination([name])]
        if hosts:
            raise AccessError(REFUSED, "audience.acls: %s is about hosts and not about clients" % ", ".join(hosts))
        if found.problem and wanted.names_somebody:
            raise AccessError(REFUSED, found.problem)
        words += [*found.clients, *wanted.acls]
        auth = list(found.sign_in)
        if wanted.users:
            if not auth and self._site.files:
                raise AccessError(REFUSED, "audience.users: this Squid has no proxy_auth ACL, so it cannot identify users")
            names = wanted.users + (tuple(name.lower() for name in wanted.users) if folds_names(self._site) else ())
            objects += self._named(files.acl(prefix + "user", "proxy_auth", set(names)), files.USERS, state)
            auth = [name for name in auth if not found.judge.takes_any_user(name)] + [prefix + "user"]
        return _Audience({obj.ref: obj for obj in objects}, words, auth)

    def bumps(self) -> bool:
        """Whether this Squid decrypts anything."""
        return self._decrypts and (not self._site.files or bool(self._site.bumping))

    # -- assessing

    def assess(self, policy: Policy, state: State) -> Assessment:
        alike = Alike(self._site, policy, state)
        found = alike.spread(Assessor(self._settings, self._site, self.bumps(), self._people(), alike.policy, state).assess())
        found.warnings += self._shut_out
        found.warnings += ["%s: a copy of the drop-in keeps its rules in force, whatever this run does: remove it" % text
                           for text in copied(self._site, self._settings)[:1]]
        if self._seen.why:
            found.warnings.append(self._unreachable())
        theirs = sorted(path for path, ours in self._waiting if not ours)
        if theirs:
            needless = self._reader.drop_in is not None or not self._site.positions or not self._included_alone()
            found.warnings.append("%s contains changes by others that Squid may not have loaded yet: reload Squid, or have it reloaded, before this "
                                  "run does%s" % (", ".join(theirs), "" if needless else _NEEDS_DROP_IN % self._settings.drop_in))
        if self._doubtful:
            found.warnings.append("it is unknown whether Squid has loaded the current %s: the file was replaced, or its owner or mode was changed, "
                                  "since the last reload. Changes by others in it take effect with this run" % ", ".join(self._doubtful))
        return found

    def _people(self) -> People:
        if self._asked is None or self._asked[0] is not self._site:
            self._asked = self._site, people(self._settings, self._site)
        return self._asked[1]

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
        yield Step("check the new configuration with squid -k parse", {"check": final}, harmless=True)
        for path, texts in writes:
            yield Step("write %s" % path, {"write": texts})

    def _file_of(self, ref: Ref, state: State) -> str:
        if ref.kind == "list":
            return self._paths(ref)[0]
        if ref.kind == "directive":
            return state.objects[ref].native["file"]
        return self._settings.drop_in

    def _texts(self, path: str, state: State) -> dict:
        if path == self._settings.drop_in:
            text = files.render_drop_in(state, self._settings.comment, self._reader.drop_in, prefix=self._settings.prefix)
            return {path: "" if text is None and self._included_alone() else text}
        for ref in files.LISTS:
            if path == self._paths(ref)[0]:
                return dict(zip(self._paths(ref), files.texts_of(ref, state.objects.get(ref))))
        return {path: self._site_text(path, state)}

    def _included_alone(self) -> bool:
        """Whether the only file of an include would be missing, with which Squid does not start."""
        return any(not set(real_glob(pattern)) - {self._settings.drop_in} for pattern in self._site.reach)

    def _site_text(self, path: str, state: State) -> str:
        text = self._site.texts[path]
        for ref, obj in state.objects.items():
            if ref.kind == "directive" and obj.native["file"] == path:
                text = conf.switched(text, obj.native["line"], obj.fields["enabled"])
        return text

    def begin(self) -> bool:
        may = self.permissions()
        if not may.write:
            # Otherwise the first files would be written and undone, and the folder of the lists would stay.
            raise AccessError(REFUSED, may.why)
        waited = self._lock.take(min(PATIENCE, self._control.left))
        # A run that ended before the lock was taken was not waited for.
        return waited or any(digest_of(path) != self._reader.files.digests.get(path) for path in {*self._reader.files.digests, *self._own_paths()})

    def held_by(self) -> list[str]:
        return self._lock.held_by()

    def send(self, request: dict) -> object:
        if "check" in request:
            self._control.check_candidate(request["check"], real_glob)
            self._note(request["check"])
            return
        self._note(request["write"])
        self._as_read(request["write"])
        for path, text in request["write"].items():
            self._counts["writes"] += 1
            self._as_read([path])
            replace_file(path, text, self._seen.reader)
            self._reader.files.digests[path] = digest_of(path)

    def _note(self, texts: dict) -> None:
        """One note for all writes of a run, because each waits for the disk. Earlier changes by others stay recorded as theirs."""
        make_folder(self._settings.list_dir, self._seen.reader)
        self._in_force.note({path: text for path, text in texts.items() if (path, False) not in self._waiting})

    def _as_read(self, paths: Iterable, failure: Callable = Overtaken) -> None:
        """:raises: ``failure``, if someone else changed one of these files since it was read."""
        for path in paths:
            if digest_of(path) != self._reader.files.digests.get(path):
                raise failure("someone else changed %s during this run: run again" % path)

    def seal(self) -> None:
        """Changes by others since the read would take effect with our reload."""
        self._as_read(list(self._reader.files.digests), lambda text: AccessError(CONFLICT, text))

    def activate(self) -> list[dict]:
        self._refuse_unreadable()
        before = dict(self._reader.files.digests)
        self._in_force.reloading()
        done = self._control.reconfigure(self._site)
        unopened = sorted(set(self._own_paths()) & set(self._control.unopened))
        if unopened:
            raise AccessError(ACTIVATION, "the running Squid could not open %s, as its cache_log says, so its rules lack what is listed there: check what "
                                          "confines it, such as AppArmor or SELinux, or choose another list_dir" % ", ".join(unopened))
        if self._holds_ours():
            make_folder(self._settings.list_dir, self._seen.reader)
            # A change around the time of the reload may have been read or not.
            self._in_force.keep(self._control.look(self._site), {path: digest for path, digest in before.items() if digest_of(path) == digest})
        else:
            self._in_force.forget()
        return [done]

    def _refuse_unreadable(self) -> None:
        """For Squid a list that it cannot open is an empty ACL."""
        seen, there = self._seen, [path for path in self._own_paths() if os.path.exists(path)]
        hidden = [path for path in there if seen.pid is not None and not sees(seen.pid, path)]
        if hidden:
            raise AccessError(ACTIVATION, "process %d, the running Squid, does not see %s, so it was not reloaded: it has mounts of its own, for example by "
                                          "PrivateTmp or ProtectHome of its service; choose other paths" % (seen.pid, ", ".join(hidden)))
        shut = [path for path in there if seen.reader and not readable(path, seen.reader)]
        if shut:
            raise AccessError(ACTIVATION, "the running Squid (user %d) cannot read %s, so it was not reloaded: grant it read permission" % (
                seen.reader[0], ", ".join(shut)))

    def _holds_ours(self) -> bool:
        """Whether a managed list, or a managed line in the drop-in, exists."""
        drop_in, *lists = self._own_paths()
        held = files.parse_drop_in(self._reader.own_text(drop_in) or "", drop_in).objects.values()
        return any(obj.ours for obj in held) or any(os.path.exists(path) for path in lists)

    def _own_paths(self) -> list:
        return [self._settings.drop_in] + [path for ref in files.LISTS for path in self._paths(ref)]


@dataclass(frozen=True)
class _Audience:
    """Managed objects by Ref, the ACL words for the client, and those that make it authenticate."""

    objects: dict
    words: list
    auth: list
