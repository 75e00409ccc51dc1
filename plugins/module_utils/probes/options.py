# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of reachability_info to the observations of this host."""
from __future__ import annotations

import datetime
import os
import ssl

from ansible_collections.netaccess.chatgpt.plugins.module_utils import _public_roots
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import dns_, host, idle, runner, tunnel


#: The options that are sent to a host, for the module and for the kit.
ARGUMENTS = dict(
    probes=dict(type="list", elements="dict", required=True),
    proxy=dict(type="str", default="direct"),
    proxy_user=dict(type="str"),
    proxy_password=dict(type="str", no_log=True),
    source_address=dict(type="str"),
    ip_versions=dict(type="list", elements="int", choices=[4, 6]),
    timeout=dict(type="float", default=10),
    deadline=dict(type="float", default=60),
    retries=dict(type="int", default=1),
    consecutive=dict(type="int", default=1),
    ca_path=dict(type="path"),
    resolve=dict(type="dict", default={}),
    resolver=dict(type="str"),
    host_facts=dict(type="bool", default=True),
    pac_url=dict(type="str"),
)
DEFAULTS = {name: one.get("default") for name, one in ARGUMENTS.items()}


class OptionError(ValueError):
    """An invalid option; the message names it."""


def observe(params: dict) -> dict:
    """What the module returns: the keys of ``runner.run``, ``roots`` with their source and date, and with ``host_facts`` also ``host``.

    :raises OptionError: for invalid options.
    """
    refuse_users(params)
    refuse_short(params)
    pem, source = _roots(params["ca_path"])
    settings = runner.Settings(
        public_roots=pem, proxy=_proxy(params), source=params["source_address"],
        versions=tuple(params["ip_versions"] or ((4, 6) if dns_.has_ipv6() else (4,))), timeout=params["timeout"], deadline=params["deadline"],
        retries=params["retries"], consecutive=max(1, params["consecutive"]), pins=params["resolve"], resolver=params["resolver"])
    try:
        seen = runner.run(params["probes"], settings)
    except ssl.SSLError as error:
        raise OptionError("%s contains no PEM certificate" % source["source"]) from error
    except (KeyError, TypeError) as error:
        raise OptionError("probes: an entry is not a probe (%s); use the lookup netaccess.chatgpt.endpoints" % error) from error
    if params["host_facts"]:
        names = sorted({probe["host"] for probe in params["probes"]})
        seen["host"] = host.facts(names, params["pac_url"], params["timeout"])
    return dict(seen, roots=source)


def refuse_users(params: dict) -> None:
    """:raises OptionError: for a user in a URL, before Ansible shows the arguments of a module."""
    if "@" in str(params.get("proxy") or ""):
        raise OptionError("proxy: set the credentials with proxy_user and proxy_password, which are masked in all output")
    if "@" in str(params.get("pac_url") or ""):
        raise OptionError("pac_url: PAC files that require authentication are not supported; remove the user and the password")


def refuse_short(params: dict) -> None:
    """:raises OptionError: for silences that do not fit into the deadline, before waiting for them."""
    try:
        silence, deadline, timeout = idle.longest(params["probes"]), float(params.get("deadline") or 60), float(params.get("timeout") or 10)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise OptionError("probes: an entry is not a probe (%s); use the lookup netaccess.chatgpt.endpoints" % error) from error
    if silence and deadline < silence + timeout:
        raise OptionError("deadline: %g seconds for all probes are too short for a silence of %g seconds and the wait for an answer; set at least %g" % (
            deadline, silence, silence + timeout))


def _roots(path: str | None) -> tuple:
    """(PEM, its source): the shipped public roots or the given file."""
    if path is None:
        return _public_roots.PEM, {"source": "shipped", "date": _public_roots.DATE}
    # The module has expanded the path already; the kit has not.
    path = os.path.expanduser(os.path.expandvars(path))
    try:
        with open(path, encoding="ascii", errors="replace") as pem:
            text = pem.read()
        changed = datetime.date.fromtimestamp(os.stat(path).st_mtime)
    except OSError as error:
        raise OptionError("ca_path: %s cannot be read: %s" % (path, error.strerror)) from error
    return text, {"source": path, "date": changed.isoformat()}


def _proxy(params: dict) -> str | tunnel.Proxy:
    """The proxy setting of the runner."""
    text = params["proxy"]
    if text in ("direct", "environment"):
        return text
    try:
        found = tunnel.parse_proxy(text)
    except tunnel.ProxyError as error:
        raise OptionError(str(error)) from error
    if params["proxy_user"] is None:
        return found
    return tunnel.with_credentials(found, params["proxy_user"], params["proxy_password"] or "")
