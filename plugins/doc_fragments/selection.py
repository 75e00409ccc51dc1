# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that select from the catalogue."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  version:
    description:
      - The published list to use. V(union) is everything on any list of the last year, because clients in use may be older than the page; V(latest) is the
        newest list; a date pins one.
    type: str
    default: union
  features:
    description: Only what these features need, for example V(chat), V(login), V(files) or V(voice).
    type: list
    elements: str
    default: []
  exclude_features:
    description: Leave out hosts that only these features need.
    type: list
    elements: str
    default: []
  clients:
    description: Only what these clients need; any of V(web), V(ios), V(android), V(macos) and V(windows).
    type: list
    elements: str
    default: []
  levels:
    description: Only V(required), V(optional) or V(telemetry) hosts.
    type: list
    elements: str
    default: []
  tenancies:
    description: Only V(first_party), V(dedicated) or V(shared) hosts.
    type: list
    elements: str
    default: []
  query:
    description: A JMESPath expression over the entries; its results are kept.
    type: str
  exempt_level:
    description:
      - What is exempt from TLS inspection. V(openai) is OpenAI's own domains, as published; V(core) adds the hosts whose inspection breaks a
        feature; V(all) adds the rest. A wildcard that other customers share is never exempt.
    type: str
    default: openai
    choices: [openai, core, all]
  exclude_exempt:
    description: Ids or patterns to keep under inspection, or the words V(user_content) and V(server_api) for all hosts that carry them.
    type: list
    elements: str
    default: []
  withhold_shared:
    description: Leave out published wildcards that other customers share.
    type: bool
    default: false
  widen_challenges:
    description: Allow every subdomain of C(challenges.cloudflare.com), because more hosts than the published one are in use.
    type: bool
    default: false
  media:
    description: Include voice traffic that does not use TLS.
    type: bool
    default: true
  media_max_age_days:
    description: Refuse an address feed for voice that is older than this number of days.
    type: int
    default: 365
  overlays:
    description: >-
      Paths of YAML files, or dictionaries, applied to the catalogue in this order. They add entries, change fields of entries by C(id), or
      C(remove) ids.
    type: list
    elements: raw
    default: []
"""
