# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Barracuda Web Security Gateway: pages that a person fills in, an API that gives single global variables, and what the gateway decides.

Written from the vendor's API guide and best practices. A policy or a list is refused by the API, as the guide says. ``# guess``: not documented.
"""
from __future__ import annotations

import copy
import xmlrpc.client
from dataclasses import dataclass, field

from tests.products.server import Reply, Twin

#: Who is in which group.
GROUPS = {"member": "AI users", "stranger": "Finance"}
_AI = ("chatgpt.com", "openai.com", "oaistatic.com", "oaiusercontent.com", "claude.ai")


@dataclass
class Knobs:
    #: Hosts that the vendor lists in a standard category of their own: a custom category that holds only their parent does not hold them.
    listed: set = field(default_factory=set)
    #: A blocked host is answered with a page inside TLS, as firmware from 14.1 on does with SSL Inspection; else the connection fails.
    page: bool = True
    #: What a wrong password is answered with: "fault", "401" or "page".  # guess
    refusal: str = "fault"


class BarracudaWsg(Twin):
    """``password``: of the API. ``pages``: what stands on the pages of the administration."""

    def __init__(self, tls: bool = False, port: int = 0):
        super().__init__(tls, port)
        self.password, self.knobs, self.reloads = "Barra-Secret-5", Knobs(), 0
        self.globals = {"alerts_email_address": "ops@example.com", "system_timezone": "Europe/Berlin"}
        self.lists = {"custom_categories", "exceptions"}
        self.pages = {
            "categories": {}, "exceptions": {}, "application exceptions": set(), "blocked applications": {},
            "blocked content": {"Artificial Intelligence": set(_AI)}, "inspected": {"js.stripe.com", "example.com", "iana.org", "claude.ai"},
            "inspected categories": {},
        }

    def save(self):
        return copy.deepcopy((self.globals, self.pages))

    def restore(self, kept):
        self.globals, self.pages = kept

    def snapshot(self):
        return copy.deepcopy(self.pages)

    # -- the API

    def answer(self, request):
        if request.path != "/cgi-mod/api.cgi" or request.method != "POST":
            return Reply(404, b"<html>not found</html>")
        if request.query.get("password") != self.password:
            refusals = {"fault": self._fault(499, "invalid password"), "401": Reply(401, b"<html>denied</html>"), "page": Reply(200, b"<html>log in</html>")}
            return refusals[self.knobs.refusal]
        (wanted,), method = xmlrpc.client.loads(request.body)
        name = wanted.get("variable", "")
        if method != "config.get" or wanted.get("type") != "global":
            return self._fault(402, "%s is not supported for this object" % method)  # guess
        if name in self.lists:
            return self._fault(403, "the variable %s holds a list and cannot be read or set" % name)  # guess
        if name not in self.globals:
            return self._fault(404, "no variable %s" % name)  # guess
        return Reply(200, xmlrpc.client.dumps((self.globals[name],), methodresponse=True).encode(), {"Content-Type": "text/xml"})

    @staticmethod
    def _fault(code: int, text: str) -> Reply:
        return Reply(200, xmlrpc.client.dumps(xmlrpc.client.Fault(code, text)).encode(), {"Content-Type": "text/xml"})

    # -- what a person does on the pages

    def fill_in(self, page: str, do: str, kind: str, name: str, fields: dict, paste: str = "") -> None:
        """One line of a plan, carried out at the keyboard."""
        entries = set(paste.split())
        if kind == "custom category":
            held = self.pages["categories"].setdefault(name, set())
            if do == "remove":
                del self.pages["categories"][name]
            elif do == "add":
                held |= entries
            else:
                held -= entries
        elif kind == "exception":
            if do == "remove":
                del self.pages["exceptions"][name]
            else:
                self.pages["exceptions"].setdefault(name, {}).update(fields)
        elif kind == "application exception":
            pair = tuple(name.split(" for ", 1))
            getattr(self.pages["application exceptions"], "discard" if do == "remove" else "add")(pair)
        else:
            getattr(self.pages["inspected"], "discard" if do == "take out" else "add")(name)

    # -- what the gateway decides

    def decide(self, who: str, host: str, port: int = 443) -> tuple:
        """Exceptions for applications, applications, exceptions, content categories, from the top; what names nothing passes."""
        people = {"group %s" % GROUPS[who], "user %s" % who, "all authenticated users"}
        designated = [self.pages["inspected"], *self.pages["inspected categories"].values()]
        inspection = "decrypt" if any(_below(host, domain) for domains in designated for domain in domains) else "tunnel"
        for application, hosts in self.pages["blocked applications"].items():
            if any(_below(host, one) for one in hosts):
                excepted = any(name == application and principal in people for name, principal in self.pages["application exceptions"])
                return ("allow", inspection) if excepted else self._blocked(inspection)
        for principal, row in self.pages["exceptions"].items():
            if principal in people and row.get("action") == "allow" and self._holds(row.get("category"), host):
                return "allow", inspection
        if any(_below(host, one) for hosts in self.pages["blocked content"].values() for one in hosts):
            return self._blocked(inspection)
        return "allow", inspection

    def _blocked(self, inspection: str) -> tuple:
        return "block", "decrypt" if self.knobs.page else inspection

    def _holds(self, category: str, host: str) -> bool:
        entries = self.pages["categories"].get(category, ())
        return host in entries or (host not in self.knobs.listed and any(_below(host, entry) for entry in entries))


def _below(host: str, domain: str) -> bool:
    return host == domain or host.endswith("." + domain)
