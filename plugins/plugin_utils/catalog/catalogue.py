# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of what ChatGPT needs: load it, apply overlays, and select from it. Controller only."""
from __future__ import annotations

import datetime
import json
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, SUBDOMAINS, Index, Pattern, PatternError, parse,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import idle
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.schema import SchemaError, check

try:
    import idna
    import jmespath
except ImportError as error:
    _MISSING = error.name
else:
    _MISSING = None

#: The beginning of an encrypted file.
VAULT = "$ANSIBLE_VAULT;"
_FOLDER = Path(__file__).parent
_SECTIONS = ("entries", "extras", "media", "negative", "control")
_OTHERS = ("versions", "companions", "remove")
_EXEMPT_LEVELS = {"openai": ("must",), "core": ("must", "should"), "all": ("must", "should", "may")}
_RETIRE_AFTER = datetime.timedelta(days=365)


class CatalogueError(ValueError):
    """An invalid overlay or an impossible selection. The message names file, entry and field, or the option."""


@dataclass
class Catalogue:
    """The data of chatgpt.yml with every overlay applied; ``gone`` are entries that an overlay removed."""

    versions: list
    entries: list
    extras: list
    media: list
    companions: list
    negative: list
    control: list
    gone: list = field(default_factory=list)

    def version_names(self) -> list:
        return [v["version"] for v in self.versions]


@dataclass
class Selection:
    """The operator's selection; the options of the lookups, with the same names."""

    version: str = "union"
    features: list = field(default_factory=list)
    exclude_features: list = field(default_factory=list)
    clients: list = field(default_factory=list)
    levels: list = field(default_factory=list)
    tenancies: list = field(default_factory=list)
    query: str | None = None
    exempt_level: str = "openai"
    exclude_exempt: list = field(default_factory=list)
    withhold_shared: bool = False
    widen_challenges: bool = False
    media: bool = True
    media_max_age_days: int = 365
    today: datetime.date = field(default_factory=datetime.date.today)


def plain(value):
    """Ansible's tagged data as plain Python: JMESPath, YAML and the schema want real strings."""
    return json.loads(json.dumps(value, default=str))


def lacking() -> str | None:
    """What to install when a Python package is missing beside ansible-core."""
    wanted = Path(__file__).parents[3] / "requirements.txt"
    return "the Python package %s is missing on the controller: run %s" % (
        _MISSING, shlex.join([sys.executable, "-m", "pip", "install", "-r", str(wanted)])) if _MISSING else None


def load(overlays=()) -> Catalogue:
    """The shipped catalogue under ``overlays``: paths of YAML files, or dictionaries. :raises CatalogueError:"""
    if _MISSING:
        raise CatalogueError(lacking())
    schema = json.loads((_FOLDER / "schema.json").read_text(encoding="utf-8"))
    data = yaml_load((_FOLDER / "chatgpt.yml").read_text(encoding="utf-8"))
    gone = []
    for number, overlay in enumerate(overlays, 1):
        name, content = _overlay(number, overlay)
        _lay_over(name, content, data, schema, gone)
    return Catalogue(gone=gone, **{key: data[key] for key in ("versions", "entries", "extras", "media", "companions", "negative", "control")})


def _overlay(number: int, overlay) -> tuple:
    if isinstance(overlay, dict):
        return "overlay %d" % number, plain(overlay)
    try:
        text = Path(str(overlay)).expanduser().read_text(encoding="utf-8")
        if text.startswith(VAULT):
            raise CatalogueError("overlay %s is encrypted with Ansible Vault: load it with vars_files and pass the variable as the overlay" % overlay)
        content = yaml.safe_load(text)
    except OSError as error:
        raise CatalogueError("overlay %s cannot be read: %s" % (overlay, error.strerror)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogueError("overlay %s is not YAML: %s" % (overlay, " ".join(str(error).split()))) from error
    return str(overlay), plain(content)


def _lay_over(name: str, content, data: dict, schema: dict, gone: list) -> None:
    sections = ", ".join(_SECTIONS + _OTHERS)
    if not isinstance(content, dict):
        raise CatalogueError("%s: it must be a dictionary with at least one of %s" % (name, sections))
    unknown = sorted(set(content) - set(_SECTIONS + _OTHERS))
    if unknown:
        raise CatalogueError("%s: unknown section %s; the sections are: %s" % (name, ", ".join(unknown), sections))
    for number, item in enumerate(_list_of(name, content, "versions"), 1):
        _checked(name, "versions", number, item, schema)
        data["versions"] = [known for known in data["versions"] if known["version"] != item["version"]] + [item]
    for section in _SECTIONS:
        for number, item in enumerate(_list_of(name, content, section), 1):
            _merge_item(name, section, number, item, data, schema)
    for number, item in enumerate(_list_of(name, content, "companions"), 1):
        _checked(name, "companions", number, item, schema)
        data["companions"].append(item)
    for wanted in _list_of(name, content, "remove"):
        hit = [(s, item) for s in _SECTIONS for item in data[s] if item["id"] == wanted]
        if not hit:
            raise CatalogueError("%s, remove: no entry has the id %r" % (name, wanted))
        for section, item in hit:
            data[section].remove(item)
            if section in ("entries", "extras"):
                gone.append(item)


def _list_of(name, content, section) -> list:
    value = content.get(section, [])
    if not isinstance(value, list):
        raise CatalogueError("%s, %s: it must be a list" % (name, section))
    return value


def _merge_item(name, section, number, item, data, schema) -> None:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        raise CatalogueError("%s, %s, entry %d: field id is missing" % (name, section, number))
    base = next((known for known in data[section] if known["id"] == item["id"]), None)
    merged = dict(base or {}, **item)
    if section in ("entries", "extras"):
        for key, default in (("until", None), ("marks", []), ("probes", []), ("apex", False), ("ports", [443])):
            merged.setdefault(key, default)
        _encode(name, section, merged)
    _checked(name, section, number, merged, schema)
    if base is None:
        data[section].append(merged)
    else:
        data[section][data[section].index(base)] = merged


def _encode(name, section, entry) -> None:
    """Internationalised names as A-labels, by IDNA 2008: the standard codec implements IDNA 2003 and produces other domains."""
    text = entry.get("pattern")
    if not isinstance(text, str):
        return
    prefix = "*." if text.startswith("*.") else "." if text.startswith(".") else ""
    rest = text[len(prefix):]
    try:
        if not rest.isascii():
            rest = idna.encode(rest, uts46=True).decode("ascii")
        entry["pattern"] = str(parse(prefix + rest))
    except (idna.IDNAError, PatternError) as error:
        raise CatalogueError("%s, %s, entry %s, field pattern: %s" % (name, section, entry.get("id"), error)) from error


def _checked(name, section, number, item, schema) -> None:
    try:
        check(item, schema["properties"][section]["items"], schema)
    except SchemaError as error:
        label = item.get("id", item.get("pattern", item.get("version", number))) if isinstance(item, dict) else number
        raise CatalogueError("%s, %s, entry %s, field %s" % (name, section, label, error)) from error


# -- selecting -----------------------------------------------------------------------------------------------------


@dataclass
class Selected:
    """``entries`` (and extras) that are wanted, ``withheld`` shared ones, ``retired`` ones that some version or overlay had."""

    version: str
    entries: list
    withheld: list
    retired: list
    media: list


def resolve_version(catalogue: Catalogue, version: str) -> str:
    """"union", or the date for ``version`` (a date or "latest"). :raises CatalogueError:"""
    names = catalogue.version_names()
    if version == "latest":
        return max(names)
    if version != "union" and version not in names:
        raise CatalogueError("version: %r is not union, latest or one of %s" % (version, ", ".join(names)))
    return version


def in_version(item: dict, version: str, today: datetime.date) -> bool:
    """Whether ``item`` was listed at the date ``version``; "union": listed by any version, and not retired for more than a year."""
    if version == "union":
        return item["until"] is None or datetime.date.fromisoformat(item["until"]) + _RETIRE_AFTER > today
    return item["since"] <= version and (item["until"] is None or item["until"] > version)


def select(catalogue: Catalogue, want: Selection) -> Selected:
    """Apply ``want``. :raises CatalogueError: for a word that is not in the catalogue."""
    version = resolve_version(catalogue, want.version)
    _known("features", want.features + want.exclude_features, {f for e in catalogue.entries + catalogue.extras + catalogue.media for f in e["features"]})
    _known("clients", want.clients, {"web", "ios", "android", "macos", "windows"})
    _known("levels", want.levels, {"required", "optional", "telemetry"})
    _known("tenancies", want.tenancies, {"first_party", "dedicated", "shared"})
    _known("exempt_level", [want.exempt_level], set(_EXEMPT_LEVELS))
    everything = catalogue.entries + catalogue.extras
    listed = [e for e in everything if in_version(e, version, want.today)]
    chosen = _queried([e for e in listed if _fits(e, want)], want.query)
    withheld = [e for e in chosen if want.withhold_shared and e["tenancy"] == "shared" and e["pattern"].startswith(("*.", "."))]
    chosen = [e for e in chosen if e not in withheld]
    retired = [e for e in everything if e not in chosen and e not in withheld] + catalogue.gone
    media = [m for m in catalogue.media if want.media and in_version(m, version, want.today) and _fits_features(m, want)]
    for feed in media:
        age = (want.today - datetime.date.fromisoformat(feed["feed_date"])).days
        if age > want.media_max_age_days:
            raise CatalogueError("media %s: the address feed of %s is %d days old; refresh the catalogue, raise media_max_age_days (%d), or set media to false"
                                 % (feed["id"], feed["feed_date"], age, want.media_max_age_days))
    return Selected(version=version, entries=chosen, withheld=withheld, retired=retired, media=media)


def _known(option: str, words, allowed) -> None:
    for word in words:
        if word not in allowed:
            raise CatalogueError("%s: %r is not one of %s" % (option, word, ", ".join(sorted(allowed))))


def _fits_features(item, want) -> bool:
    features = set(item["features"])
    # An entry is removed only if everything it serves is excluded: *.openai.com serves more than the API.
    return (not want.features or bool(features & set(want.features))) and not features <= set(want.exclude_features)


def _fits(entry, want) -> bool:
    return (
        _fits_features(entry, want)
        and (not want.clients or bool(set(entry["clients"]) & set(want.clients)))
        and (not want.levels or entry["level"] in want.levels)
        and (not want.tenancies or entry["tenancy"] in want.tenancies)
    )


def _queried(entries: list, query: str | None) -> list:
    if not query:
        return entries
    try:
        found = jmespath.search(query, entries)
    except jmespath.exceptions.JMESPathError as error:
        raise CatalogueError("query: %s" % " ".join(str(error).split())) from error
    if not isinstance(found, list) or not all(isinstance(e, dict) and "id" in e for e in found):
        raise CatalogueError("query: %r must yield entries, for example [?level=='required']" % query)
    ids = {e["id"] for e in found}
    return [e for e in entries if e["id"] in ids]


def pattern_of(entry: dict, widen_challenges: bool = False) -> Pattern:
    """The pattern to push: a published ``*.x`` whose apex is in use becomes "x and every subdomain"."""
    pattern = parse(entry["pattern"])
    if entry["apex"] and pattern.kind == SUBDOMAINS:
        return Pattern(pattern.name, DOMAIN)
    if widen_challenges and entry["id"] == "turnstile":
        return Pattern(pattern.name, DOMAIN)
    return pattern


def is_exempt(entry: dict, want: Selection) -> bool:
    """Whether ``entry`` is exempt from inspection under ``want``. Multi-tenant hosts never are, unless their owner says that inspection breaks them."""
    if entry["exemption"] not in _EXEMPT_LEVELS[want.exempt_level]:
        return False
    if entry["tenancy"] == "shared" and entry["pattern"].startswith(("*.", ".")):
        return False
    words = set(want.exclude_exempt)
    return not (entry["id"] in words or entry["pattern"] in words or words & set(entry["marks"]))


def policy_config(catalogue: Catalogue, want: Selection) -> dict:
    """The plain policy for the option ``config`` of an access module. :raises CatalogueError:"""
    selected = select(catalogue, want)
    known = {e["id"] for e in catalogue.entries + catalogue.extras} | {e["pattern"] for e in catalogue.entries + catalogue.extras}
    _known("exclude_exempt", want.exclude_exempt, known | {"user_content", "server_api"})
    allow = [pattern_of(e, want.widen_challenges) for e in selected.entries]
    exempt = [pattern_of(e, want.widen_challenges) for e in selected.entries if is_exempt(e, want)]
    _excluded_for_real(selected.entries, exempt, want)
    allowed, withheld = Index(allow), [pattern_of(e) for e in selected.withheld]
    held = Index(withheld)
    retired = [p for p in (pattern_of(e) for e in selected.retired) if allowed.covering(p) is None and held.covering(p) is None]
    return {
        "allow": _texts(allow), "exempt": _texts(exempt), "retired": _texts(retired), "withheld": _texts(withheld),
        "media": [{key: m[key] for key in ("id", "protocol", "ports", "destinations", "feed_date")} for m in selected.media],
        "version": selected.version,
    }


def _excluded_for_real(entries, exempt, want) -> None:
    """An exclusion has no effect if its parent stays exempt. :raises CatalogueError:"""
    index = Index(exempt)
    for entry in entries:
        pattern = pattern_of(entry, want.widen_challenges)
        parent = index.covering(pattern)
        if {entry["id"], entry["pattern"]} & set(want.exclude_exempt) and parent is not None:
            raise CatalogueError("exclude_exempt: %s remains exempt because of %s; exclude that as well" % (pattern, parent))


def _texts(patterns) -> list:
    return list(dict.fromkeys(str(p) for p in patterns))


#: The probes of a canary server (module_utils/kit/canary.py): which path tests which feature.
_CANARY = [
    {"id": "canary_echo", "kind": "echo", "path": "/netaccess/echo", "features": ["login"], "cost": "quick", "options": {"canary": True},
     "expect": {"set_cookie": ["netaccess_canary; Secure; HttpOnly; SameSite=None"]}},
    {"id": "canary_websocket", "kind": "websocket", "path": "/netaccess/websocket", "features": ["websocket"], "cost": "quick", "options": {"canary": True}},
    {"id": "canary_stream", "kind": "stream", "path": "/netaccess/stream", "features": ["chat"], "cost": "quick", "options": {"canary": True},
     "expect": {"events": 10, "interval_ms": 200}},
    {"id": "canary_upload", "kind": "upload", "path": "/netaccess/upload", "features": ["files"], "cost": "full",
     "options": {"canary": True, "sizes": [1 << 10, 1 << 20, 8 << 20, 32 << 20]}},
]
#: The probes of silence: which connection stays silent, over which protocol.
_IDLE = [
    {"id": "canary_idle_%s" % over, "kind": "idle", "path": "/netaccess/%s" % over, "features": [feature], "cost": "quick",
     "options": {"canary": True, "over": over}}
    for over, feature in (("stream", "chat"), ("websocket", "websocket"))
]


#: LiveKit and others publish no host that anyone may use; a site names its own.
_TURN = [{"id": "turn_tls", "kind": "turn", "path": "/", "features": ["voice"], "cost": "full"}]


def canary_probes(place: str, cost: str, exempt: Index | None = None, *, silences=()) -> list:
    """The probes of a canary server at ``place``, host or host:port; ``silences`` in seconds are added. :raises CatalogueError:"""
    wrong = [one for one in silences if not 0 < one <= idle.LONGEST]
    if wrong or len(silences) > idle.MANY:
        raise CatalogueError("canary_silences: up to %d values, each greater than 0 and at most %d seconds" % (idle.MANY, idle.LONGEST))
    silent = [dict(one, options=dict(one["options"], silences=sorted(silences))) for one in _IDLE] if silences else []
    return _probes_at("canary", place, _CANARY + silent, cost, exempt)


def _probes_at(option: str, place: str, probes: list, cost: str, exempt: Index | None) -> list:
    host, _sep, port = str(place).partition(":")
    try:
        pattern, number = parse(host), int(port or 443)
    except (PatternError, ValueError) as error:
        raise CatalogueError("%s: %r is not of the form host or host:port" % (option, place)) from error
    return [dict({"host": pattern.name, "port": number, "entry": None, "pattern": None, "level": "optional", "role": "wanted", "expect": {}, "options": {},
                  "exempt": exempt is not None and exempt.matching(pattern.name) is not None}, **probe)
            for probe in probes if cost == "full" or probe["cost"] == "quick"]


def endpoint_probes(catalogue: Catalogue, want: Selection, cost: str = "full", roles=(), udp: bool = False, canary: str | None = None,
                    turn: str | None = None, *, silences=()) -> list:
    """The probes for reachability_info: of the selected entries, the negative set and the control hosts. :raises CatalogueError:"""
    _known("roles", roles, {"wanted", "negative", "control"})
    _known("cost", [cost], {"quick", "full"})
    config = policy_config(catalogue, want)
    exempt = Index([parse(p) for p in config["exempt"]])
    probes = [_wanted_probe(e, p, exempt, want) for e in select(catalogue, want).entries for p in e["probes"] if cost == "full" or p["cost"] == "quick"]
    if udp:
        # Behind a proxy too: UDP may bypass it.
        probes = [dict(probe, options=dict(probe["options"], beside=True)) if probe["kind"] == "quic" else probe for probe in probes]
        probes += [probe for media in select(catalogue, want).media for probe in _media_probes(media, cost)]
    if silences and not canary:
        raise CatalogueError("canary_silences needs canary")
    if canary:
        probes += canary_probes(canary, cost, exempt, silences=silences)
    if turn:
        probes += _probes_at("turn", turn, _TURN, cost, exempt)
    for role in ("negative", "control"):
        probes += [_other_probe(point, role) for point in getattr(catalogue, role) if cost == "full" or point.get("cost", "quick") == "quick"]
    return [p for p in probes if not roles or p["role"] in roles]


def _media_probes(media: dict, cost: str) -> list:
    """A STUN request to published single addresses, and a TCP connection to two of them for the fallback: two of each in the quick set."""
    hosts = [one.partition("/")[0] for one in media["destinations"] if media["protocol"] == "udp" and one.endswith(("/32", "/128"))]
    # The first one is queried together with the second from one socket, which shows the kind of NAT.
    second = {1: {"second": hosts[1]}} if len(hosts) > 1 else {}
    common = {"path": "/", "entry": media["id"], "pattern": None, "features": media["features"], "level": "optional", "role": "wanted",
              "exempt": False, "expect": {}}
    found = [dict(common, id="%s_%d" % (media["id"], number), host=host, port=media["ports"][0], kind="stun", options=second.get(number, {}),
                  cost="quick" if number < 3 else "full")
             for number, host in enumerate(hosts, 1) if cost == "full" or number < 3]
    # It is not published whether these addresses accept connections from anyone.
    return found + [dict(common, id="%s_tcp%d_%d" % (media["id"], port, number), host=host, port=port, kind="tcp", options={"unproven": True}, cost="quick")
                    for port in media.get("fallback", []) for number, host in enumerate(hosts[:2], 1)]


def _wanted_probe(entry, probe, exempt, want) -> dict:
    return {
        "id": probe["id"], "host": probe["host"], "port": probe.get("port", 443), "kind": probe["kind"], "path": probe.get("path", "/"),
        "entry": entry["id"], "pattern": str(pattern_of(entry, want.widen_challenges)), "features": probe.get("features", entry["features"]),
        "level": entry["level"], "role": "wanted", "exempt": exempt.matching(probe["host"]) is not None,
        "expect": probe.get("expect", {}), "options": probe.get("options", {}), "cost": probe["cost"],
    }


def _other_probe(point, role) -> dict:
    return {
        "id": point["id"], "host": point["host"], "port": point.get("port", 443), "kind": point.get("kind", "https"), "path": point.get("path", "/"),
        "entry": None, "pattern": None, "features": [], "level": "required", "role": role, "exempt": False, "expect": point.get("expect", {}), "options": {},
        "cost": point.get("cost", "quick"),
    }
