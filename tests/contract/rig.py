# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a product brings along to be held to the contract, and the faults that any adapter is put through."""
from __future__ import annotations

import contextlib
import errno
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Adapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import Journal
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.run import Run
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media, Policy
from tests.products.server import Fault as OnTheWire

ROOT = Path(__file__).resolve().parents[2]
FIRST = Policy.from_config({
    "allow": [".chatgpt.com", "*.openai.com", "js.stripe.com"], "exempt": [".chatgpt.com", "*.openai.com"]})
LATER = Policy.from_config({
    "allow": [".chatgpt.com", "*.oaistatic.com"], "exempt": [".chatgpt.com"], "retired": ["*.openai.com", "js.stripe.com"]})
WANTED = ("chatgpt.com", "api.openai.com", "js.stripe.com")
#: In no policy of the suite; evilopenai.com only ends in the same letters.
OTHERS = ("www.example.com", "claude.ai", "evilopenai.com", "cdn.oaistatic.com")
HOSTS = WANTED + OTHERS
MEMBER, STRANGER = "member", "stranger"


TYPES = {"bool": bool, "dict": dict, "int": int, "list": list, "str": str}


def documented(product: str) -> dict:
    """{key of a result: what the product's module documents of it}"""
    module = ROOT / "plugins" / "modules" / ("%s_access.py" % product)
    return yaml.safe_load(re.search(r'RETURN = r"""(.*?)"""', module.read_text(), re.DOTALL).group(1))


def of_other_type(result: dict, said: dict) -> list:
    """The keys of a result whose value, or one of whose elements, is not of the type that ``said`` documents; null is of any."""
    found = []
    for key in set(result) & set(said):
        value, one = result[key], said[key]
        parts = value if isinstance(value, list) and "elements" in one else []
        if not (value is None or isinstance(value, TYPES[one["type"]])) or not all(isinstance(part, TYPES[one["elements"]]) for part in parts):
            found.append(key)
    return found


#: Moments at which a run reads the device.
READS = ("read", "settling", "read-back")


class Killed(BaseException):
    """The process died here: nothing that catches Exception may survive it."""


@dataclass
class Fault:
    """What goes wrong at a moment of a run: at the call of that name, or at the note of the journal.

    ``kind``: refuse, drop_before, drop_after (no answer, with or without effect), swallow (accepted, no effect; of a read: what was there before the change),
    malformed (effect, and half an answer on the wire), slow (the time of the run is over by then), exception (after the effect, with a secret in its text),
    full (the disk, from there on), kill (after the effect).
    ``moment``: begin, read, write, seal, activation, read-back, close; "settling", the read after a write without an answer; of the journal "before write",
    "after write", "end"; with "undo " before it while the run takes its change back, since the first read-back failed, and "discard" there.
    ``step``: at which of them, from 0. Two kinds bring their moment along: no_activation, kill_before_activation.
    """

    kind: str = ""
    step: int = 0
    moment: str = "write"

    def __post_init__(self):
        if self.kind.endswith("_activation"):
            self.moment = "activation"


class Meter:
    """Carries every call to the adapter, counts what really changes the device, and breaks it where the Fault says.

    ``met``: whether the fault came; ``kind``: which it is. ``after_write``: is called after each write.
    """

    def __init__(self, inner: Adapter, rig: Rig, fault: Fault, after_write=lambda: None):
        self._inner, self._rig, self._fault, self._after_write = inner, rig, fault, after_write
        self._counts, self.sends, self.sent, self.met, self.kind = Counter(), 0, [], not fault.kind, fault.kind
        self._dead, self._taking_back, self._sealed, self._unanswered, self._full, self._before = False, "", False, False, False, None

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def _of(self, name: str) -> int:
        return self._counts[name] + self._counts["undo " + name]

    @property
    def writes(self) -> int:
        return self._of("write")

    @property
    def seals(self) -> int:
        return self._of("seal")

    @property
    def activations(self) -> int:
        return self._of("activation")

    def _due(self, name: str) -> str:
        """The kind of fault that this moment meets."""
        moment, fault = self._taking_back + name, self._fault
        number = self._counts[moment]
        self._counts[moment] += 1
        if (moment, number) == (fault.moment, fault.step if "write" in moment else 0):
            self.met = True
            return fault.kind
        # What has to go wrong before.
        if moment == "read-back" and fault.moment.startswith("undo "):
            return "refuse"
        return "drop_after" if (moment, number) == ("write", fault.step) and fault.moment == "settling" else ""

    def _carry(self, name: str, call):
        kind = self._due(name)
        if kind == "refuse":
            raise AccessError(REFUSED, "the device refuses this %s" % name)
        if kind == "no_activation":
            raise AccessError(ACTIVATION, "the activation failed")
        if kind == "drop_before":
            raise self._lost(name)
        if kind == "kill_before_activation":
            self._die()
        reply = None if kind == "swallow" and name != "activation" else self._rig.in_weather(kind, call)
        if kind == "drop_after":
            raise self._lost(name)
        if kind == "exception":
            raise KeyError(self._rig.secrets()[0])
        if kind == "kill":
            self._die()
        return reply

    @staticmethod
    def _lost(name: str) -> AccessError:
        """A read without an answer did nothing in any case."""
        return AccessError(UNREACHABLE, "no answer to the %s" % name) if name in READS else OutcomeUnknown("no answer to the %s" % name)

    def _die(self):
        self._dead = True
        raise Killed()

    def begin(self):
        return self._carry("begin", self._inner.begin)

    def read(self):
        name = "settling" if self._unanswered else "read-back" if self._sealed else "read"
        self._unanswered = False
        state = self._carry(name, self._inner.read)
        if not self._counts[self._taking_back + "write"]:
            self._before = state
        return self._before if state is None else state

    def send(self, request):
        self.sends += 1
        if not self._rig.is_write(request):
            return self._inner.send(request)

        def send():
            self.sent.append(request)
            return self._inner.send(request)
        try:
            return self._carry("write", send)
        except OutcomeUnknown:
            self._unanswered = True
            raise
        finally:
            self._after_write()

    def seal(self):
        self._sealed = True
        return self._carry("seal", self._inner.seal)

    def activate(self):
        return self._carry("activation", self._inner.activate) or []

    def begin_cleanup(self, undo=False):
        if undo:
            self._taking_back, self._sealed = "undo ", False
        self._inner.begin_cleanup(undo)

    def discard(self):
        return self._carry("discard", self._inner.discard)

    def close(self):
        if not self._dead:
            self._carry("close", self._inner.close)

    @contextlib.contextmanager
    def noting(self):
        """While notes of the journal meet their fault."""
        put = Journal._put

        def noted(journal, note, lasting):
            name = "end" if "ended" in note else "after write" if "steps_done" in note else "before write" if note.get("step_in_flight") else "other note"
            kind = self._due(name)
            self._full |= kind == "full"
            # The line is in the file then, and nobody knows whether it is on the disk.
            with mock.patch("os.fsync", side_effect=OSError(errno.ENOSPC, "No space left on device")) if self._full else contextlib.nullcontext():
                put(journal, note, lasting)
            if kind == "kill":
                self._die()
        with mock.patch.object(Journal, "_put", noted):
            yield


#: Voice, for products that can express it: published addresses, and packets inside and outside of what is published.
MEDIA = (Media("voice", "udp", (3478,), destinations=("203.0.113.0/28", "198.51.100.7/32"), feed_date="2026-07-25"),)
PACKETS = (("203.0.113.5", 3478), ("198.51.100.7", 3478), ("203.0.113.5", 3479), ("198.51.100.8", 3478))
PUBLISHED = PACKETS[:2]


#: No schema has it.
NEXT_YEAR = "column_of_next_year"


class Hand:
    """What the rules of a site by chance have beyond the ordinary. ``cards``: (kind of rule or object, column, value)."""

    def __init__(self, dice, cards=()):
        self._dice, self._cards, self._asked = dice, tuple(cards), set()

    def of(self, kind: str, plain: int = 0) -> list:
        """[{column: value}] for the rules of a kind: one for each of its cards, and ``plain`` ones with nothing more, in an order by chance."""
        self._asked.add(kind)
        found = [{column: value} for one, column, value in self._cards if one == kind] + [{} for _number in range(plain)]
        self._dice.shuffle(found)
        return found

    def unplayed(self) -> list:
        """The cards for which the rig has no place."""
        return [card for card in self._cards if card[0] not in self._asked]

    def __str__(self):
        return "hand: %s" % (self._cards,)


class Rig:
    """One product under test. A subclass brings the device; everything else of the suite is the same for all."""

    name = ""
    #: Whether an activation leaves waiting edits of others where they are.
    isolating = False
    #: Whether each write is in force at once.
    live = False
    #: Whether what is written can wait for a later activation.
    stageable = True
    #: Whether an activation waits for others who have edits that wait.
    queues = False
    #: Whether an object of somebody else can stand where ours would.
    adoptable = True
    #: Whether what is ours has an order that can be wrong.
    ordered = True
    #: What coverage says of a host that is open, and of one that is exempt: "unchecked" where the product tells nobody what uses our lists.
    claims = ("yes", "yes")
    #: A pattern for what the device says that it runs, as results have it.
    release = ""
    #: Whether edits that wait are seen and brought into force by their own session alone.
    private = False
    #: Whether what is written has to be sealed before others see it.
    sealed = False
    #: Whether what ``block_early`` puts in the way is certain, so that a run can take it away.
    resolves = True
    #: Whether a rule about people that names no host is a conflict that is not certain; otherwise it is told beside the coverage at most.
    tells_of_people = True

    def __init__(self, folder):
        self.folder = folder
        self.meter = None

    # What a product brings.

    def adapter(self, **changes) -> Adapter:
        """A new adapter, as a new process would have it; ``audience`` may be changed."""
        raise NotImplementedError

    def natives(self, pattern: str) -> set:
        """The entries of a list of this product that stand for a pattern."""
        return {pattern}

    def is_write(self, request) -> bool:
        raise NotImplementedError

    def decide(self, who: str, host: str) -> tuple:
        """("allow" or "block", "tunnel" or "decrypt" or None), as the device itself decides what is in force."""
        raise NotImplementedError

    def force(self) -> None:
        """Bring into force whatever is written: the worst moment for somebody else to activate."""
        raise NotImplementedError

    def settle(self) -> None:
        """What comes about by itself some time after a process died."""

    def snapshot(self) -> object:
        """Everything that bears policy on the device, ours and others', read without the adapter."""
        raise NotImplementedError

    # Edits by hand, brought into force.

    def drop_member(self) -> None:
        raise NotImplementedError

    def change_field(self) -> None:
        raise NotImplementedError

    def shuffle(self) -> None:
        """Put two rules of ours in the wrong order."""
        raise NotImplementedError

    def add_foreign_member(self, host: str) -> None:
        raise NotImplementedError

    def foreign_members(self) -> set:
        raise NotImplementedError

    def unmarked_object(self) -> None:
        """An object of our name that somebody else made, holding ``foreign.example``."""
        raise NotImplementedError

    def block_early(self) -> None:
        """A rule of the site that denies chatgpt.com (and claude.ai) before anything of ours is asked."""
        raise NotImplementedError

    def foreign_pending(self) -> None:
        """An edit of somebody else that waits for activation."""
        raise NotImplementedError

    def scan(self) -> str | None:
        """Have the site look into the decrypted traffic of chatgpt.com; the control's word in ``losses``. None: the product tells of none."""
        raise NotImplementedError

    def mystify(self, what: str) -> str | None:
        """Put one thing that nobody can understand in the way of chatgpt.com, before anything of ours is asked; what results name it by.

        ``what``: a rule of the site that shuts it and that a "column" limits which no schema has; one whose "action" is no word that is known; something
        in another "layer" than these rules; a rule of "inspection" that decrypts it and that a column limits which no schema has. None: no such thing.
        """
        raise NotImplementedError

    def quarantine(self, above: bool) -> str | None:
        """A rule of the site that blocks every host, or all wanted ones, for a part of the audience in which MEMBER is; what results name it by.

        ``above``: it is asked before the first rule that blocks the whole audience. Otherwise it is asked after that, and a rule of ours would
        pass it. None: the product has no such rule, or no rule of ours that could pass one.
        """
        raise NotImplementedError

    def lift(self) -> bool:
        """Put our rule that opens at the very top, by hand. Whether rules of ours have a place among those of the site."""
        raise NotImplementedError

    def left_open(self) -> list:
        """Sessions, locks and drafts of ours that the device holds now, in words."""
        raise NotImplementedError

    def deck(self) -> list:
        """(kind of rule or object, column, value): each column by which the vendor's schema or a newer one may limit something, at each value that it may
        have: that limits, that is written out and does not, that nobody knows.

        Asked of the rigs that ``BY_CHANCE`` of the product's ``rig`` module names.
        """
        raise NotImplementedError

    def by_chance(self, dice, hand: Hand) -> list:
        """Put rules of a company into the site as it was delivered, and what ``hand`` has for them; what they are, for messages."""
        raise NotImplementedError

    #: What the product tells of an account that may write; None: it does not tell.
    tells = None

    def may_only_read(self) -> bool:
        """Take the right to write from the account. Whether the product can be asked about that."""
        return False

    # The same for all.

    #: Media that every policy of this rig has.
    media = ()

    def run(self, state: str = "merged", policy: Policy = FIRST, check: bool = False, fault: Fault | None = None, adapter=None, **options) -> dict:
        options.setdefault("journal", str(self.folder / "journals"))
        self.meter = Meter(adapter or self.adapter(), self, fault or Fault(), self.after_write)
        held = self.left_open()
        try:
            with self.meter.noting():
                return Run(self.meter, replace(policy, media=policy.media or self.media), Options(state=state, **options), check).execute()
        except Killed:
            # At a write or at any other request: what dies cannot clean up.
            held = None
            raise
        finally:
            # However else a run ends, it leaves no session and no lock.
            assert held is None or self.stormy() or set(self.left_open()) <= set(held)

    def overtaken(self):
        """An adapter for a run that has read and planned when another run carries out the same."""
        adapter = self.adapter()
        begin = adapter.begin

        def begun():
            self.run()
            return begin()
        adapter.begin = begun
        return adapter

    def after_write(self) -> None:
        """Called after each write of a run."""

    def secrets(self) -> list:
        """What the adapter signs in with and gets for it, none of which may be told to anybody."""
        return ["canary-8fe1"]

    def in_weather(self, kind: str, call) -> object:
        """What ``call`` returns, when its first request meets ``kind``. What is swallowed is here an activation: who settles it looks at the device itself."""
        return None if kind == "swallow" else call()

    def stormy(self) -> bool:
        """Whether the weather may keep a run from signing out."""
        return False

    def journals(self) -> list:
        """What runs so far left on disk."""
        return [Journal.load(str(path)) for path in sorted((self.folder / "journals").glob("*.json"))]

    def decisions(self) -> dict:
        return {(who, host): self.decide(who, host) for who in (MEMBER, STRANGER) for host in HOSTS}


class TwinRig(Rig):
    """A product whose device is a twin. ``twin`` is made by the subclass."""

    twin = None

    def stormy(self) -> bool:
        return bool(self.twin.faults)

    def puts_into_force(self, request) -> bool:
        """Whether this request of an activation puts something into force."""
        return request.method != "GET"

    def secrets(self):
        raise NotImplementedError

    def in_weather(self, kind, call):
        if kind == "slow":
            self.transport._clock.sleep(self.transport.connection.timeout + 1)
        if kind not in ("malformed", "swallow"):
            return call()
        # Of an activation that looks first, the request that puts into force is what is swallowed.
        fault = OnTheWire(kind, when=self.puts_into_force if kind == "swallow" else None)
        self.twin.faults.append(fault)
        try:
            return call()
        finally:
            self.twin.faults.remove(fault)
            self.meter.met = fault.times == 0

    def is_write(self, request) -> bool:
        return True

    def decide(self, who: str, host: str) -> tuple:
        verdict, inspection = self.twin.decide(who, host)
        return verdict, inspection if verdict == "allow" else None

    def passes(self, who: str, address: str, port: int) -> bool:
        """Whether a UDP packet gets through."""
        return self.twin.decide(who, address, port, protocol="udp")[0] == "allow"

    def decisions(self) -> dict:
        packets = {(who, "%s:%d" % packet): ("allow" if self.passes(who, *packet) else "block", None)
                   for who in (MEMBER, STRANGER) for packet in PACKETS} if self.media else {}
        return {**super().decisions(), **packets}

    def snapshot(self) -> object:
        return self.twin.snapshot()


def wider(now: tuple, limit: tuple) -> bool:
    """Whether a decision lets more through, or looks at less, than ``limit``."""
    opened = now[0] == "allow" and limit[0] == "block"
    return opened or (now[0] == "allow" and now[1] == "tunnel" and limit[1] != "tunnel")


__all__ = ["FIRST", "HOSTS", "LATER", "MEDIA", "MEMBER", "NEXT_YEAR", "OTHERS", "PACKETS", "PUBLISHED", "STRANGER", "UNREACHABLE", "WANTED", "Fault",
           "Hand", "Killed", "Meter", "Rig", "TwinRig", "wider"]
