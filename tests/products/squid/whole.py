# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole configurations of a Squid by chance, as sites have them: pieces in tables, put together by a seed, and the people who ask through it.

What a configuration means is Squid's own business: nothing here, and nothing of the collection, knows it.
"""
from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass, field

from tests.lab.client import fetch

MEMBER, COLLEAGUE, OUTSIDER = "127.0.0.2", "127.0.0.4", "127.0.0.12"
USERS = ("alice", "bob")
WANTED = (".chatgpt.com", "ab.chatgpt.com", ".openai.com", "api.openai.com", "js.stripe.com")
OTHERS = (".claude.ai", "www.example.com", ".bank.example", ".evilopenai.com")
EVERY = "chatgpt.com ab.chatgpt.com api.openai.com setup.auth.openai.com js.stripe.com claude.ai www.example.com evilopenai.com bank.example"

BASIC = "auth_param basic program {folder}/basic\nauth_param basic realm lab\n"
#: Squid tidies its nonces up every five minutes, and ends when a reload has taken Digest away since, as the next site does (all three releases).
DIGEST = "auth_param digest program {folder}/digest\nauth_param digest realm lab\nauth_param digest nonce_garbage_interval 1 day\n"
NEGOTIATE = "auth_param negotiate program {folder}/negotiate\nauth_param negotiate children 2 startup=1\n"
GROUPS = "external_acl_type groups ttl=1 children-max=2 queue-size=99 %%%s {folder}/group\n"
#: How a site knows its users: (how they sign in, lines that define ``staff``). Nobody can tell from the files whom a helper lets in, so these are rarer.
SIGN_IN = (
    *(("", ""),) * 16,
    *(("Basic", BASIC + "acl staff proxy_auth REQUIRED"), ("Digest", DIGEST + "acl staff proxy_auth REQUIRED"),
      ("Negotiate", NEGOTIATE + "acl staff proxy_auth REQUIRED"), ("Basic", NEGOTIATE + BASIC + "acl staff proxy_auth REQUIRED")) * 5,
    ("Basic", BASIC + "auth_param basic casesensitive on\nacl staff proxy_auth REQUIRED"),
    ("Basic", BASIC + "acl staff proxy_auth -i Alice Carol"),
    ("Basic", BASIC + "acl staff proxy_auth_regex -i ^ali"),
    ("Basic", BASIC + "acl known proxy_auth REQUIRED\nacl robots src 127.0.0.99\nacl staff any-of known robots"),
    ("Basic", BASIC + "acl known proxy_auth REQUIRED\nacl staff all-of lan known"),
    ("Basic", BASIC + GROUPS % "LOGIN" + "acl staff external groups Internet"),
    ("Basic", BASIC + GROUPS % "un" + "acl staff external groups Internet"),
    ("Basic", BASIC + "acl staff max_user_ip 9"),
    ("Digest", DIGEST + GROUPS % "LOGIN" + "acl staff external groups Internet"),
    ("", GROUPS % "SRC" + "acl staff external groups"),
)
#: What the site's people are let in by, and what stands above that: with a login, and without one.
LET_IN = (("", "http_access allow lan staff"), ("http_access deny !staff", "http_access allow lan"), ("", "http_access allow staff lan"),
          ("", "http_access deny lan !staff\nhttp_access allow lan"), ("http_access deny !staff", "http_access allow lan"),
          ("", "http_access allow lan staff"), ("", "http_access allow kiosk\nhttp_access allow lan staff"),
          ("http_access deny !lan", "http_access allow staff"))
LET_ALL_IN = (("", "http_access allow lan"), ("", "http_access allow lan"), ("http_access deny !lan", "http_access allow all"),
              ("", "http_access allow kiosk\nhttp_access allow lan"), ("", "http_access allow lan CONNECT\nhttp_access allow lan"))

#: Conditions of a rule, each the lines of an ACL {n}; {hosts} are names, {list} a file that holds them.
HOSTS = (
    "acl {n} dstdomain {hosts}", "acl {n} dstdomain {hosts}", "acl {n} dstdomain -n {hosts}", 'acl {n} dstdomain "{list}"',
    'acl {n} dstdomain -n "{list}"', "acl {n} dstdom_regex -i {word}", "acl {n} dstdom_regex (^|\\.){word}\\.com$",
    "acl {n} dstdom_regex -n ^{word}", "acl {n} url_regex -i {word}", "acl {n} url_regex ^https://{word}",
    "acl {n} url_regex ^{word}\\.com:443$", "acl {n} urlpath_regex \\.exe$", "acl {n} ssl::server_name {hosts}",
    "acl {n} ssl::server_name_regex -i {word}", "acl {n} dst 127.0.0.0/8", "acl {n} dst 192.0.2.0/24", "acl {n} dst 198.51.100.7",
    "acl {n}x dstdomain {hosts}\nacl {n} all-of CONNECT {n}x",
    "acl {n}x dstdomain {hosts}\nacl {n}y src 127.0.0.4\nacl {n} any-of {n}x {n}y",
    'acl {n}x dstdomain "{list}"\nacl {n}y dstdom_regex {word}\nacl {n} any-of {n}x {n}y',
    "acl {n} dstdomain {hosts}\nacl {n} dstdomain extra.example",
    "external_acl_type {n}e ttl=1 children-max=2 queue-size=99 %DST {{folder}}/host\nacl {n} external {n}e")
PEOPLE = (
    "acl {n} src 127.0.0.4", "acl {n} src 127.0.0.4", "acl {n} src 127.0.0.2", "acl {n} src 127.0.0.2-127.0.0.9",
    "acl {n} src 127.0.0.0/29", "acl {n} src 10.0.0.0/8", "acl {n} src 127.0.0.4/255.255.255.255", "acl {n} src ::ffff:127.0.0.4", "acl {n} src ::/0",
    "acl {n}x src 127.0.0.4\nacl {n}y src 127.0.0.12\nacl {n} any-of {n}x {n}y", "acl {n} srcdomain pc4.example.com")
OTHER = (
    "acl {n} port 443", "acl {n} port 8443", "acl {n} port 1-1024", "acl {n} method CONNECT", "acl {n} method connect", "acl {n} method GET",
    "acl {n} method POST PUT", "acl {n} time SMTWHFA", "acl {n} time M 00:00-00:01", "acl {n} time MTWHFAS 00:00-23:59",
    "acl {n} proto HTTPS", "acl {n} proto FTP", "acl {n} proto HTTP", "acl {n} browser Mozilla", "acl {n} note origin lab",
    "acl {n} annotate_client seen=yes", "acl {n} annotate_transaction seen=yes", "acl {n} localport {port}", "acl {n} localport 1",
    "acl {n} localip 127.0.0.1", "acl {n} myportname 127.0.0.1:{port}", "acl {n} myportname office", "acl {n} req_header X-Next-Year .",
    "acl {n} req_header Host .", "acl {n} maxconn 1000", "acl {n} referer_regex -i {word}", "acl {n} hier_code HIER_DIRECT",
    "acl {n} peername nobody", "acl {n} http_status 200", "acl {n} rep_mime_type text/html", "acl {n} req_mime_type json",
    "acl {n} has request", "acl {n} has response", "acl {n} urllogin -i {word}", "acl {n} tag nobody",
    "acl {n} transaction_initiator client", "acl {n} transaction_initiator internal", "acl {n} at_step SslBump1", "acl {n} at_step sslbump2",
    "acl {n} connections_encrypted", "acl {n} rep_header Server .", "acl {n} client_connection_mark 0x9",
    "acl {n} squid_error ERR_ACCESS_DENIED", "acl {n} ext_user nobody", "acl {n} arp 02:00:00:00:00:01")

#: Inspection, in order; "@" is where the drop-in is included. vip, bank and shady are ACLs of the site.
BUMP = (
    "@; bump all", "peek step1; @; bump all", "@; peek step1; bump all", "peek step1; @; bump all", "@; peek step1; splice bank; bump all",
    "peek step1; splice bank; @; bump all", "@; stare all; bump all", "peek step1; stare step2; @; bump all", "stare step1; @; bump all",
    "@; peek step1; splice vip; bump all", "@; splice vip; bump all", "@; terminate shady; peek step1; bump all",
    "peek step1; terminate shady; @; bump all", "peek step1; bump shady; @; splice all", "peek all; @; splice all",
    "@; peek all; splice all", "@; splice all", "@", "splice all; @", "@; peek step1; bump vip; splice all",
    "bump vip; @; peek step1; splice all", "@; peek step1; peek step2 bank; splice step3 bank; stare step2; bump step3",
    "@; peek step1; bump step2 !bank; splice all", "@; bump step1 vip; peek step1; bump all", "@; server-first all",
    "client-first vip; @; bump all", "@; none bank; server-first all", "peek step1; bump step2; @", "@; peek step1; bump step2",
    "@; bump step1", "@; terminate step1 vip; peek step1; bump all", "peek step1; splice all; @", "bump !bank; @",
    "@; peek step1 !vip; bump all", "peek step1; @; splice bank; bump !vip; terminate vip")
#: Other lists and filters. {some} is the name of an ACL by chance, about hosts or about people.
BESIDE = (
    "http_reply_access deny {some}", "http_reply_access allow all", "miss_access deny {some}", "adapted_http_access deny {some}",
    "adapted_http_access allow all", "cache_peer_access 127.0.0.1 deny {some}", "cache_peer_access 127.0.0.1 allow all",
    "request_header_access Cookie deny all", "request_header_access All allow all", "request_header_access Authorization deny {some}",
    "reply_header_access Set-Cookie deny {some}", "reply_header_access Server deny all",
    "icap_enable on\nicap_service scan reqmod_precache bypass=on icap://127.0.0.1:1/scan\nadaptation_access scan allow {some}",
    "icap_enable on\nicap_service scan reqmod_precache bypass=off icap://127.0.0.1:1/scan\nadaptation_access scan allow {some}",
    "icap_enable on\nicap_service scan respmod_precache bypass=off icap://127.0.0.1:1/scan"
    "\nadaptation_access scan deny {some}\nadaptation_access scan allow all",
    "icap_enable off\nicap_service scan reqmod_precache bypass=off icap://127.0.0.1:1/scan\nadaptation_access scan allow all",
    "url_rewrite_program {{folder}}/rewrite\nurl_rewrite_children 1\nurl_rewrite_access allow {some}",
    "deny_info ERR_CANNOT_FORWARD {some}", "follow_x_forwarded_for allow localhost", "reply_body_max_size 10 KB {some}",
    "reply_body_max_size 1 GB", "request_header_add X-Company lab {some}",
    "delay_pools 1\ndelay_class 1 1\ndelay_parameters 1 -1/-1\ndelay_access 1 allow {some}",
    "http_upgrade_request_protocols websocket allow all", "via off\nforwarded_for delete", "note origin lab {some}",
    "never_direct allow {some}", "always_direct deny all", "tcp_outgoing_address 127.0.0.1 {some}", "log_access deny {some}",
    "client_ip_max_connections 500", "refresh_pattern . 0 20% 4320", "cache_mgr web@example.com",
    "logformat short %ts %>a\naccess_log none {some}", "sslproxy_cert_error allow {some}\nsslproxy_cert_error deny all",
    "tls_outgoing_options options=NO_SSLv3", "on_unsupported_protocol tunnel all",
    "acl tagged annotate_transaction part=lab\nhttp_access deny tagged !all")
#: What somebody got wrong; some of it Squid takes all the same.
BROKEN = (
    "no_such_directive on", "acl odd no_such_type 1", "acl lan dstdomain .example.org", "http_access deny nowhere",
    "include {folder}/site.d/gone.conf", "include {folder}/site.d/gone-*.conf",
    'acl gone dstdomain "{folder}/gone.txt"\nhttp_access deny gone', "http_access", "http_access allow", "http_access deny",
    "miss_access deny", "http_access perhaps lan", "acl odd url_regex (",
    "if true", "endif", "else", "acl odd src 300.1.2.3", "acl odd port many", "acl odd time Z", "acl odd", "acl odd dstdomain",
    "auth_param basic program {folder}/gone\nauth_param basic children 1", "include {folder}/squid.conf", "ssl_bump perhaps all",
    "ssl_bump", "http_port 127.0.0.1:1 ssl-bump cert={folder}/gone.pem",
    'configuration_includes_quoted_values on\nacl odd dstdomain "half', "cache_mem lots", "acl odd external nothing",
    "icap_service scan nowhere icap://127.0.0.1:1/scan", "adaptation_access nothing allow all", "delay_pools 1\ndelay_class 2 1",
    "acl odd any-of nowhere", "http_access deny !", "http_access deny all all !all nowhere",
    "acl dup dstdomain .example.org a.example.org", "\x00", "caché on", "acl odd src 127.0.0.2 127.0.0.2", "acl odd dstdom_regex [",
    "visible_hostname", "shutdown_lifetime 0", "acl odd proxy_auth REQUIRED\nhttp_access deny !odd", "if 1 = 2\nno_such_directive\nendif",
    "workers many", "refresh_pattern", "acl odd random 7", "acl all src 127.0.0.2")
#: So many seconds an answer has: what is denied before a peek at every step gets none (6.13).
_PATIENCE = 4
#: How a site includes a part of it.
INCLUDES = ("include {folder}/site.d/%s.conf", 'include "{folder}/site.d/%s.conf"', "include {folder}/site.d/%s*.conf")
HELPERS = {
    "basic": 'while read line; do case "$line" in *" right"*) echo OK;; *) echo ERR;; esac; done',
    "group": 'while read -r key group; do case "$key" in alice|127.0.0.2) echo OK;; *) echo ERR;; esac; done',
    "host": 'while read -r host rest; do case "$host" in *claude.ai) echo OK;; *) echo ERR;; esac; done',
    "rewrite": "while read -r line; do echo OK; done",
    "negotiate": 'while read -r word token; do case "$token" in %s *) echo ERR;; esac; done' % " ".join(
        '%s) echo "OK token=AA== user=%s";;' % (b64encode(user.encode()).decode(), user) for user in USERS),
    "digest": 'while read -r line; do case "$line" in %s *) echo ERR;; esac; done' % " ".join(
        '*%s*) echo "OK ha1=\\"%s\\"";;' % (user, hashlib.md5(("%s:lab:right" % user).encode()).hexdigest()) for user in USERS),
}


@dataclass
class Site:
    """``files``: {path below the folder: bytes}; ``scheme``: how people sign in, "" for not at all; ``steps``: whether http_access asks for a step of
    ssl_bump; ``story``: for messages."""

    files: dict = field(default_factory=dict)
    scheme: str = ""
    steps: bool = False
    story: list = field(default_factory=list)


class Maker:
    """Puts one configuration together. ``folder`` and ``port``: of the Squid; ``head``: its lines that say where it listens and where its files lie."""

    def __init__(self, dice, folder, port: int, head: str):
        self._dice, self._folder, self._port, self._head = dice, str(folder), port, head
        self._made, self._site = 0, Site()

    def site(self) -> Site:
        dice, site = self._dice, self._site
        site.scheme, login = dice.choice(SIGN_IN)
        above, below = dice.choice(LET_IN if login else LET_ALL_IN)
        bump_above, bump_below = (
            ["ssl_bump " + line.strip() for line in part.split(";") if line.strip()] for part in dice.choice(BUMP).split("@"))
        head = re.sub(r" ssl-bump .*", "", self._head, count=1) if dice.random() < .08 else self._head
        if dice.random() < .1:
            head = re.sub(r"(http_port \S+)", r"\1 name=office", head, count=1)
        acls = ["acl lan src 127.0.0.2-127.0.0.9", "acl kiosk src 127.0.0.4", "acl SSL_ports port 443", "acl Safe_ports port 80 443 8443",
                "acl vip src 127.0.0.4", *("acl step%d at_step SslBump%d" % (step, step) for step in (1, 2, 3)),
                "acl bank ssl::server_name .bank.example www.example.com",
                "acl shady ssl::server_name .claude.ai", "acl ai_hosts dstdomain .chatgpt.com .openai.com js.stripe.com .claude.ai"]
        if dice.random() < .3:
            acls[-1] = 'acl ai_hosts dstdomain "%s"' % self._list(".chatgpt.com .openai.com js.stripe.com .claude.ai".split())
        early = [line for _number in range(dice.choice((0, 0, 0, 1, 1))) for line in self._rule(.1)]
        late = [line for _number in range(dice.choice((0, 0, 1, 2))) for line in self._rule(.6)]
        beside = [line for row in dice.sample(BESIDE, dice.choice((0, 0, 0, 1, 1, 2))) for line in self._beside(row)]
        blocks = {
            "head": head.splitlines(), "acls": acls, "login": login.splitlines(),
            "ports": ["http_access deny !Safe_ports", "http_access deny CONNECT !SSL_ports"],
            "above": above.splitlines(), "bump-above": bump_above, "early": early, "@": [], "late": late, "beside": beside, "bump-below": bump_below,
            "ai": ["http_access deny ai_hosts"] if dice.random() < .8 else [], "let-in": below.splitlines(), "end": ["http_access deny all"]}
        if dice.random() < .2:
            blocks["ports"].insert(0, "http_access deny to_localhost")
        if dice.random() < .08:
            self._broken(blocks)
        return self._written(self._ordered(blocks))

    # -- pieces

    def _name(self) -> str:
        self._made += 1
        return "a%d" % self._made

    def _list(self, hosts: list) -> str:
        name = "lists-of-site/%s.txt" % self._name()
        lines = self._dice.choice((hosts, ["# by hand", *hosts, ""], [host + "  # since March" for host in hosts]))
        self._site.files[name] = "\n".join(lines).encode() + b"\n"
        return "%s/%s" % (self._folder, name)

    def _condition(self, rows: tuple, wanted: float) -> tuple:
        """(lines, the word of a rule) of one condition; it is about wanted hosts so often."""
        dice, name, row = self._dice, self._name(), self._dice.choice(rows)
        about = dice.random() < wanted
        hosts = dice.sample(WANTED[::2], 2) if about and dice.random() < .5 else [dice.choice(WANTED)] if about else dice.sample(OTHERS, 2)
        word = dice.choice(("chatgpt", "openai", "api", "stripe") if about else ("claude", "example", "bank", "casino"))
        lines = row.format(n=name, hosts=" ".join(hosts), list=self._list(hosts) if "{list}" in row else "", word=word, port=self._port)
        self._site.steps = self._site.steps or " at_step " in lines
        # The case of a name does not count.
        return lines.splitlines(), ("!" if dice.random() < .15 else "") + (name.upper() if dice.random() < .05 else name)

    def _rule(self, wanted: float) -> list:
        dice = self._dice
        parts = [self._condition(rows, wanted) for rows, often in ((HOSTS, .75), (PEOPLE, .35), (OTHER, .2)) if dice.random() < often] or [
            self._condition(HOSTS, wanted)]
        dice.shuffle(parts)
        action = dice.choice(("deny",) * 5 + ("allow",))
        return [line for lines, _word in parts for line in lines] + ["http_access %s %s" % (action, " ".join(word for _lines, word in parts))]

    def _beside(self, row: str) -> list:
        lines, word = self._condition(self._dice.choice((HOSTS, HOSTS, PEOPLE)), .3) if "{some}" in row else ([], "")
        return lines + row.format(some=word).splitlines()

    def _broken(self, blocks: dict) -> None:
        lines = self._dice.choice(BROKEN).splitlines()
        self._site.story.append("broken: %s" % lines)
        self._dice.choice([blocks[name] for name in ("acls", "early", "late", "beside", "end")]).extend(lines)

    # -- order and files

    def _ordered(self, blocks: dict) -> list:
        """[(name, lines)], with the include of the drop-in where the site has it."""
        dice, names = self._dice, list(blocks)
        place = dice.choice(("here",) * 24 + ("top", "last", "behind", "none"))
        if place != "here":
            names.remove("@")
            names.insert({"top": names.index("head"), "last": names.index("let-in"), "behind": len(names), "none": len(names)}[place], "@")
        include = {"glob": "include {folder}/conf.d/*.conf", "alone": "include {folder}/conf.d/netaccess-chatgpt.conf"}
        kind = dice.choice(("glob", "glob", "glob", "alone"))
        blocks["@"] = [] if place == "none" else [include[kind]]
        self._site.files["conf.d/empty.conf" if kind == "glob" else "conf.d/netaccess-chatgpt.conf"] = b"# nothing\n" if kind == "glob" else b""
        self._site.story += ["include: %s, %s" % (place, kind)]
        # Debian's own file has rules of its site in conf.d, around ours.
        at = names.index("@")
        if kind == "glob" and place == "here" and dice.random() < .25:
            self._moved(blocks, names[at - 1], "conf.d/10-site.conf")
            self._moved(blocks, names[at + 1], "conf.d/zz-site.conf")
        for name in names[1:]:
            if blocks[name] and name != "@" and dice.random() < .08:
                self._moved(blocks, name, "site.d/%s.conf" % name)
                blocks[name] = [dice.choice(INCLUDES) % name]
        return [(name, blocks[name]) for name in names]

    def _moved(self, blocks: dict, name: str, path: str) -> None:
        if blocks[name]:
            self._site.files[path] = self._styled(blocks[name])
            blocks[name] = []

    def _written(self, blocks: list) -> Site:
        lines = []
        for name, own in blocks:
            lines += self._conditional(own) if name != "head" else own
            lines += [""] if self._dice.random() < .5 else ["# -- %s" % name]
        self._site.files["squid.conf"] = self._styled(lines)
        return self._site

    def _conditional(self, lines: list) -> list:
        word = self._dice.random()
        if not lines or word > .06:
            return lines
        return (["if true", *lines, "endif"] if word < .02 else ["if 1 = 2", "http_access deny all", "else", *lines, "endif"] if word < .05 else
                ["if ${process_number} = 1", *lines, "endif"])

    def _styled(self, lines: list) -> bytes:
        """As different people write: comments, continued and indented lines, other ends of lines."""
        dice, found = self._dice, []
        odd = dice.random() < .5
        for line in lines:
            if odd and line and line[0] != "#" and dice.random() < .12:
                words = line.split(" ", 2)
                line = dice.choice((
                    "\t" + line, line + "   # asked for by \"Jane\"", "  " + line.replace(" ", "  "), line + " ",
                    " \\\n   ".join(words), " \\\n# why\n\n\t".join(words)))
            found.append(line)
        text = ("\n".join(found) + "\n").replace("{folder}", self._folder)
        if dice.random() < .1:
            text = text.replace("\n", "\r\n")
        return (text.rstrip("\n") if dice.random() < .05 else text).encode()


class People:
    """Those who ask through a Squid. A person is (address, user); ``scheme``: how they sign in."""

    def __init__(self, port: int, scheme: str):
        self._port, self._scheme = port, scheme

    def ask(self, person: tuple, host: str, port: int = 443, sni: str | None = None) -> tuple:
        """(allow or block, how that is looked at: tunnel or decrypt, None for what is shut; whether a login is asked for)"""
        source, user = person
        target = "%s:%d" % (host, port)
        answer = fetch(host, self._port, source, port=port, sni=sni, login=self._login(user), timeout=_PATIENCE)
        if answer.connect == 407 and user and self._scheme == "Digest":
            nonce = re.search('nonce="([^"]*)"', answer.headers.get("proxy-authenticate", 'nonce=""'))[1]
            answer = fetch(host, self._port, source, port=port, sni=sni, login=self._digest(user, target, nonce), timeout=_PATIENCE)
        how = None if answer.issuer is None else "decrypt" if answer.decrypted else "tunnel"
        shut = answer.connect != 200 or "ERR_ACCESS_DENIED" in answer.headers.get("x-squid-error", "") if port != 443 else not answer.open
        return "block" if shut else "allow", None if shut else how, answer.connect == 407

    def _login(self, user: str | None) -> str:
        if user and self._scheme == "Basic":
            return "Basic " + b64encode((user + ":right").encode()).decode()
        if user and self._scheme == "Negotiate":
            return "Negotiate " + b64encode(user.encode()).decode()
        return ""

    @staticmethod
    def _digest(user: str, target: str, nonce: str) -> str:
        first, second = (hashlib.md5(text.encode()).hexdigest() for text in ("%s:lab:right" % user, "CONNECT:" + target))
        response = hashlib.md5(":".join((first, nonce, "00000001", "lab", "auth", second)).encode()).hexdigest()
        return 'Digest username="%s", realm="lab", nonce="%s", uri="%s", qop=auth, nc=00000001, cnonce="lab", response="%s", algorithm=MD5' % (
            user, nonce, target, response)
