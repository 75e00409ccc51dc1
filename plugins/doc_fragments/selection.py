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
      - The published list to select from. V(union) combines all lists of the last year, because clients in use may be older than the page; V(latest) is the
        newest list; a date, for example V(2026-03-11), is the list of that date.
    type: str
    default: union
  features:
    description: Select only what these features need, for example V(chat), V(login), V(files) or V(voice). By default all; an empty list is an error.
    type: list
    elements: str
    default: []
  exclude_features:
    description: Leave out hosts that only these features need.
    type: list
    elements: str
    default: []
  clients:
    description: Select only what these clients need, any of V(web), V(ios), V(android), V(macos) and V(windows). By default all; an empty list is an error.
    type: list
    elements: str
    default: []
  levels:
    description: Select only hosts of these levels, any of V(required), V(optional) and V(telemetry). By default all; an empty list is an error.
    type: list
    elements: str
    default: []
  tenancies:
    description: Select only hosts of these tenancies, any of V(first_party), V(dedicated) and V(shared). By default all; an empty list is an error.
    type: list
    elements: str
    default: []
  query:
    description: A JMESPath expression over the entries. Only the entries that it returns are selected.
    type: str
  exempt_level:
    description:
      - What to exempt from TLS inspection. V(openai) is OpenAI's own domains, as published; V(core) adds hosts for which inspection breaks a feature; V(all)
        adds the rest. A wildcard domain that other customers share is never exempt.
    type: str
    default: openai
    choices: [openai, core, all]
  exclude_exempt:
    description: Entries to keep under inspection, by id or pattern. V(user_content) and V(server_api) stand for all hosts that carry them.
    type: list
    elements: str
    default: []
  withhold_shared:
    description: Leave out published wildcard domains that other customers share.
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
    description: Fail if the address feed for voice is older than this number of days.
    type: int
    default: 365
  overlays:
    description: >-
      Paths of YAML files, or dictionaries, to apply to the catalogue in this order. They add entries, change fields of entries by C(id), or C(remove)
      entries by id.
    type: list
    elements: raw
    default: []
"""
