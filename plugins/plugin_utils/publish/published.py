# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses what OpenAI publishes: the page with the list of hosts (HTML, Markdown or plain text), and the feed of voice addresses. Pure.

A page becomes blocks (a heading, a paragraph, an item or a cell). Consecutive blocks that consist of host names form a run. A run of three or
more names, or of names that are known already, is a list. Anything else that looks like a host of a known domain counts as mentioned.
"""
from __future__ import annotations

import datetime
import ipaddress
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, PatternError, parse

HEADING, PARAGRAPH, ITEM = "heading", "paragraph", "item"
#: So many consecutive names are a list even if none of them is known.
_RUN = 3
_MAX_PREFIXES = 1000


class PublishedError(ValueError):
    """Not the page or the feed, or only a part of it. The message says what it is, and the remedy."""


@dataclass
class Page:
    """``patterns`` as published, in published order; ``whole``: whether the end of the page was found after the list; ``mentioned``: other hosts by name;
    ``stance``: whether the page says that the list is to be allowed; ``unread``: lines of the list that contain a host and were not understood."""

    patterns: list
    whole: bool
    mentioned: list
    stance: bool
    unread: list = field(default_factory=list)


@dataclass
class Feed:
    """``destinations`` in CIDR form, sorted; ``created`` YYYY-MM-DD."""

    destinations: list
    created: str


@dataclass
class _Run:
    heading: str = ""
    lead: str = ""
    hosts: list = field(default_factory=list)


# -- the page ------------------------------------------------------------------------------------------------------


def read_page(body: bytes, known, accept_heading: bool = False) -> Page:
    """The list on a page. ``known``: texts of patterns in the catalogue. ``accept_heading``: an operator has read the heading above the list.

    :raises PublishedError: for a bot challenge, an incomplete page, a page without a list, and a list whose heading says to block it.
    """
    text = _decoded(body)
    html = bool(re.search(r"<(!doctype\s+html|html|body|h[1-6]|li|td|p|div|pre)\b[^<>]*>", text, re.I))
    _refuse_challenge(text, html)
    if html and re.search(r"<html\b", text, re.I) and not re.search(r"</html\s*>", text, re.I):
        raise PublishedError("incomplete page: its HTML is truncated; save it again")
    if text.lstrip().startswith(("{", "[{")):
        raise PublishedError("it is JSON and not the page; it may be the address feed")
    blocks = _html_blocks(text) if html else _text_blocks(text)
    runs = _runs(blocks)
    known = set(known)
    lists = [run for run in runs if len(run.hosts) >= _RUN and (known & set(run.hosts) or not known)]
    if not lists:
        # Names that are apart, each with its own text: those that share a heading with known names are the list.
        apart = {run.heading for run in runs if known & set(run.hosts)}
        lists = [run for run in runs if run.heading in apart]
        lists = lists if sum(len(run.hosts) for run in lists) >= _RUN else []
    lists += [run for run in runs if lists and run not in lists and (set(run.hosts) <= known or _allowed(run))]
    if not lists:
        raise PublishedError("this page contains no list of host names: it is another page, or a login or error page")
    stances = [_stance_of(run, accept_heading) for run in runs if run in lists]
    main = lists[0].heading
    patterns: list = []
    for run in (one for one in runs if one in lists):
        # Unknown names under another heading that does not say to allow them are something else.
        patterns += run.hosts if run.heading == main or _allowed(run) else [host for host in run.hosts if host in known]
    patterns = list(dict.fromkeys(patterns))
    others = [host for run in runs if run not in lists for host in run.hosts] + [host for block in blocks for host in _mentions(block[1], known)]
    mentioned = sorted({host for host in others if host not in patterns})
    whole = blocks[-1][2] is None or bool(html and re.search(r"</html\s*>", text, re.I))
    return Page(patterns, whole, mentioned, stance=any(stances), unread=_unread(blocks, {run.heading for run in lists}, patterns, known))


def _allowed(run: _Run) -> bool:
    """Whether the names' own heading or sentence says to allow them, and none says the opposite."""
    said = (stance(run.heading), stance(run.lead))
    return ALLOW in said and BLOCK not in said


_WORD = re.compile(r"[^\s,;|<>()\"]+")


def _unread(blocks: list, headings: set, patterns: list, known: set) -> list:
    """Lines of the list that contain a host which was not accepted: items, and lines that begin with one."""
    found, heading, read = [], "", {parse(pattern).name for pattern in patterns}
    domains = {".".join(name.split(".")[-2:]) for name in known}
    for kind, text, hosts in blocks:
        heading = text if kind == HEADING else heading
        if kind == HEADING or hosts or heading not in headings:
            continue
        words = _WORD.findall(text)[:200]
        held = [word for word in (words if kind == ITEM else words[:1]) if _like_a_host(word, domains)]
        # A description may repeat a name of the list; a wildcard says what to allow.
        if any("*" in word or _bare(word) not in read for word in held):
            found.append(text[:200])
    return list(dict.fromkeys(found))


_LIKE = re.compile(r"[*\w-]*(?:\.[*\w-]+)*\.[a-z][a-z0-9-]+\Z", re.I)


def _bare(word: str) -> str:
    """A name without what may surround it: a scheme, a wildcard, a port, a path, footnote marks."""
    host = re.sub(r"\A[a-z]+://", "", word.lower()).split("/")[0].partition(":")[0]
    return host.strip("*.\u2020\u2021`'\u2026")


def _like_a_host(word: str, domains: set) -> bool:
    """Whether a word may be a host name: with a wildcard, of a known domain, or with at least three labels."""
    host = re.sub(r"\A[a-z]+://", "", word.lower()).split("/")[0].partition(":")[0].strip("\u2020\u2021`'\u2026")
    if not _LIKE.match(host.rstrip("*.")) or len(host) > 253:
        return False
    return "*" in host or ".".join(_bare(word).split(".")[-2:]) in domains or host.strip(".").count(".") >= 2


def _decoded(body: bytes) -> str:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        raise PublishedError("it is not UTF-8 or UTF-16 text; save the page as HTML, Markdown or plain text") from error
    if "\0" in text or text.startswith("%PDF"):
        raise PublishedError("it is not text; save the page as HTML, Markdown or plain text")
    return _visible(text)


def _visible(text: str) -> str:
    """Without invisible characters: zero-width, for writing direction, for hyphenation; a full-width asterisk becomes a usual one."""
    return re.sub("[\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\u00ad\ufeff]", "", text).replace("\uff0a", "*").replace("\u2217", "*")


_CHALLENGE = re.compile(r"(just a moment|attention required|verify(ing)? (that )?you are (a )?human|checking your browser|one more step)")


def _refuse_challenge(text: str, html: bool) -> None:
    """The pages that a bot check returns in place of the page. The name of its host alone proves nothing, because the list contains it."""
    title = re.search(r"<title[^<>]*>([^<]*)", text, re.I) if html else re.match(r"\s*(?:#\s*)?(\S[^\n]*)", text)
    words = " ".join(title.group(1).lower().split()) if title else ""
    if "_cf_chl_opt" in text or _CHALLENGE.match(words):
        raise PublishedError("a bot challenge and not the page: open the page in a browser, save it, and pass the file")


class _Blocks(HTMLParser):
    """HTML as [(kind, text)], without invisible elements (scripts, styles, templates)."""

    _APART = {"p", "div", "li", "ul", "ol", "td", "th", "tr", "table", "br", "hr", "pre", "dt", "dd", "section", "article", "header", "footer", "main", "nav",
              "aside", "body", "blockquote", "figure", "tbody", "thead", "details", "summary", "title", "option"}
    # The number of a footnote would become a part of the name before it.
    _HIDDEN = {"script", "style", "template", "noscript", "head", "svg", "sup"}
    _ITEMS = {"li", "td", "th", "dt", "dd", "pre", "option"}
    _HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
    _VOID = {"br", "hr", "img", "input", "meta", "link", "wbr", "source", "col", "area", "base", "embed", "track"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found: list = []
        self._open: list = []
        #: How often each tag is open: without it, a page that closes no tags would be searched at each of them.
        self._depth: Counter = Counter()
        self._text: list = []

    def handle_starttag(self, tag, attrs):
        if tag in self._APART | self._HEADINGS:
            self._end()
        if tag not in self._VOID:
            self._open.append(tag)
            self._depth[tag] += 1

    def handle_endtag(self, tag):
        if tag in self._APART | self._HEADINGS:
            self._end()
        while self._depth[tag]:
            last = self._open.pop()
            self._depth[last] -= 1
            if last == tag:
                break

    def handle_data(self, data):
        if self._within(self._HIDDEN):
            return
        if self._depth["pre"]:
            lines = data.split("\n")
            for line in lines[:-1]:
                self._text.append(line)
                self._end()
            data = lines[-1]
        self._text.append(data)

    def close(self):
        super().close()
        self._end()

    def _end(self):
        text, self._text = " ".join(_visible("".join(self._text)).split()), []
        if text:
            kind = ITEM if self._within(self._ITEMS) else HEADING if self._within(self._HEADINGS) else PARAGRAPH
            self.found.append((kind, text))

    def _within(self, tags: set) -> bool:
        return any(self._depth[tag] for tag in tags)


def _html_blocks(text: str) -> list:
    reader = _Blocks()
    try:
        reader.feed(text)
        reader.close()
    except AssertionError as error:
        # Python's parser raises this for a declaration that it does not understand.
        raise PublishedError("it is HTML with a broken declaration (<!...); save the page again, or as plain text") from error
    return _with_hosts(reader.found)


_BULLET = re.compile(r"\s*(?:[-+•◦▪·‣●○■□\uf0b7–]|\*(?!\.)|\*(?=\s)|\d{1,3}[.)])\s+(?=\S)")


def _text_blocks(text: str) -> list:
    """Markdown; plain text is Markdown without marks."""
    found: list = []
    for line in text.splitlines():
        bare = line.strip()
        heading = re.match(r"#{1,6}\s+(.*)", bare)
        if heading:
            found.append((HEADING, _undecorated(heading.group(1).rstrip("# \t\u00a0"))))
        elif re.match(r"(=+|-{3,})\Z", bare) and found and found[-1][0] == PARAGRAPH:
            found[-1] = (HEADING, found[-1][1])
        elif not bare or re.match(r"[-=_*|:+\s`~]+\Z", bare) or bare.startswith(("```", "~~~")):
            continue
        elif "|" in bare:
            cells = [part for cell in bare.strip("|").split("|") for part in re.split(r"<br\s*/?>", cell)]
            found += [(ITEM, _undecorated(cell)) for cell in cells if cell.strip()]
        elif _BULLET.match(line):
            found.append((ITEM, _undecorated(_BULLET.sub("", line, count=1))))
        else:
            found.append((PARAGRAPH, _undecorated(bare)))
    return _with_hosts(found)


def _undecorated(text: str) -> str:
    # The length of a mark is limited, so that one line of a megabyte without closing marks does not take minutes.
    text = re.sub(r"!?\[([^\[\]]*)\]\([^)]{0,1000}\)", r"\1", text.strip())
    text = re.sub(r"<(?:https?://)?([^<>\s]+?)/?>", r"\1", text)
    text = re.sub(r"\\([\\`*_{}\[\]()#+.!|-])", r"\1", text).replace("`", " ")
    return re.sub(r"\*\*(\S.{0,300}?)\*\*(?![\w.])|__(\S.{0,300}?)__", lambda m: m.group(1) or m.group(2), text).strip()


# -- hosts in a block ----------------------------------------------------------------------------------------------


def _with_hosts(blocks: list) -> list:
    """[(kind, text, the hosts that the block consists of, or None)]; never empty."""
    return [(kind, text, _hosts(text) if kind != HEADING else None) for kind, text in blocks] or [(PARAGRAPH, "", None)]


def _hosts(text: str) -> list | None:
    words = [word for word in re.split(r"[\s,;]+", text) if word and word.lower() not in _BETWEEN]
    hosts = [_host(word) for word in words]
    if hosts and all(hosts):
        return hosts
    # A name with its description: "chatgpt.com - the web app", "chatgpt.com: ...", "chatgpt.com (...)", or in columns.
    found = re.match(r"\"?([^\s,;()\"]+?)\"?(?:\s*:\s+|\s*[,;]\s*(?![^\s,;]*\.[a-z])|\s+[-–—=>]+\s+|\s+\(|\t+|\s{2,})\S", text)
    host = _host(found.group(1)) if found else None
    return [host] if host else None


#: Words between names in a row.
_BETWEEN = ("and", "or", "&", "/", "+")


def _host(word: str) -> str | None:
    """The pattern that a word is, in lower case, or None. A word with a scheme or a path is a location and no entry to allow, unless it has a wildcard:
    then it is an entry in the form for proxies."""
    word = re.sub(r":443\Z", "", word.strip("\"'`\u201c\u201d\u2018\u2019").rstrip(".:\u2020\u2021").lower())
    form = re.match(r"(?:https?://|wss?://)?(\*\.[^/*]+)(?:/\*?)?\Z|(?:https?://|wss?://)?([^/*]+)/\*\Z", word)
    word = (form.group(1) or form.group(2)) if form else re.sub(r"(?<=[a-z])\*\Z", "", word)
    word = "*" + word if word.startswith(".") else word
    word = word[:-1] if word.endswith("/") and "//" not in word else word
    try:
        pattern = parse(word)
    except PatternError:
        return None
    return None if pattern.kind == DOMAIN or not re.search(r"\.[a-z][a-z0-9-]+\Z", word) else str(pattern)


def _mentions(text: str, known: set) -> list:
    """Hosts in a sentence or an address, of known domains only: other words with a dot are file names, versions and abbreviations."""
    domains = {".".join(name.split(".")[-2:]) for name in known}
    return [word for word in re.findall(r"(?:\*\.)?(?<![a-z0-9_-])[a-z0-9_-]+(?:\.[a-z0-9_-]+)+", text.lower())
            if _host(word) and ".".join(word.split(".")[-2:]) in domains]


def _runs(blocks: list) -> list:
    runs, heading, lead, current = [], "", "", None
    for kind, text, hosts in blocks:
        if hosts:
            if current is None:
                current = _Run(heading, lead)
                runs.append(current)
            current.hosts += hosts
        elif kind == HEADING:
            heading, lead, current = text, "", None
        elif kind == PARAGRAPH:
            lead, current = text, None
    return runs


# -- what the page says about a list -------------------------------------------------------------------------------

_NOT_BLOCK = re.compile(r"\b(?:un-?block\w*|(?:do not|don[\u2019']t|never|not|without|stop|isn[\u2019']t|aren[\u2019']t)(?: be| being| get)?\s+(?:\w+\s+)?"
                        r"(?:block|deny|denied|den|restrict|filter|prevent)\w*)", re.I)
_NOT_ALLOW = re.compile(r"\b(?:do not|don[\u2019']t|never|not|no longer)(?: be)?\s+(?:allow|permit|whitelist)\w*|\bdisallow\w*", re.I)
_ALLOW = re.compile(r"\b(?:allow|permit|whitelist|exempt|bypass|reachable|can reach|let through|open(?:ed)?\b)\w*", re.I)
_BLOCK = re.compile(r"\b(?:block|deny|denied|denies|blacklist|prohibit|forbid|forbidden|restrict|prevent)\w*", re.I)
ALLOW, BLOCK = "allow", "block"


def stance(text: str) -> str | None:
    """Whether a heading or sentence says allow or block; None if it says neither, or both."""
    allow, block = bool(_NOT_BLOCK.search(text)), bool(_NOT_ALLOW.search(text))
    rest = _NOT_ALLOW.sub(" ", _NOT_BLOCK.sub(" ", text))
    allow, block = allow or bool(_ALLOW.search(rest)), block or bool(_BLOCK.search(rest))
    return None if allow == block else ALLOW if allow else BLOCK


def _stance_of(run: _Run, accepted: bool) -> bool:
    """Whether the page says to allow the list. :raises PublishedError: if it says to block it, or its heading contradicts its text."""
    heading, lead = stance(run.heading), stance(run.lead)
    if not accepted and heading and lead and heading != lead:
        raise PublishedError("the heading %r reads as the opposite of the text below it (%r): read the page, and set accept_heading when it is one to allow"
                             % (run.heading[:120], run.lead[:120]))
    if not accepted and BLOCK in (heading, lead):
        raise PublishedError("the list below %r reads as one of hosts to block: read the page, and set accept_heading when it is one to allow"
                             % (run.heading or run.lead)[:120])
    return accepted or ALLOW in (heading, lead)


# -- the feed ------------------------------------------------------------------------------------------------------


def read_feed(body: bytes) -> Feed:
    """The voice addresses. :raises PublishedError: for any other than the known form: other keys, no or too many prefixes, whole networks."""
    text = _decoded(body)
    if "<html" in text[:2000].lower():
        _refuse_challenge(text, True)
        raise PublishedError("it is a web page and not the address feed")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PublishedError("it is not JSON, or it is truncated") from error
    if not isinstance(data, dict) or not isinstance(data.get("prefixes"), list) or set(data) != {"creationTime", "prefixes"}:
        raise PublishedError("it does not have the format of the feed (creationTime and prefixes)")
    if not 0 < len(data["prefixes"]) <= _MAX_PREFIXES:
        raise PublishedError("it contains %d prefixes; 1 to %d are plausible" % (len(data["prefixes"]), _MAX_PREFIXES))
    try:
        created = datetime.datetime.fromisoformat(str(data["creationTime"]).replace("Z", "+00:00")).date().isoformat()
    except ValueError as error:
        raise PublishedError("creationTime: %s" % error) from error
    networks = {_network(number, one) for number, one in enumerate(data["prefixes"], 1)}
    return Feed([str(network) for network in sorted(networks, key=lambda one: (one.version, one))], created)


def _network(number: int, one):
    if not isinstance(one, dict) or len(one) != 1 or not set(one) <= {"ipv4Prefix", "ipv6Prefix"}:
        raise PublishedError("prefix %d is neither an ipv4Prefix nor an ipv6Prefix" % number)
    (key, text), = one.items()
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise PublishedError("prefix %d: %s" % (number, error)) from error
    if "ipv%dPrefix" % network.version != key:
        raise PublishedError("prefix %d: %s is not a valid %s" % (number, network, key))
    if network.prefixlen < (16 if network.version == 4 else 32):
        raise PublishedError("prefix %d: %s is too large a network for a voice address" % (number, network))
    if not network.is_global:
        raise PublishedError("prefix %d: %s is not a public address" % (number, network))
    return network


__all__ = ["Feed", "Page", "PublishedError", "read_feed", "read_page", "stance"]
