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
      - Which published list. V(union) is everything that any list had and that has not been gone for a year, since clients in the field
        are older than the page; V(latest) is the newest list; a date pins one.
    type: str
    default: union
  features:
    description: Only what these features need, for example V(chat), V(login), V(files) or V(voice).
    type: list
    elements: str
    default: []
  exclude_features:
    description: Leave out what serves nothing but these features.
    type: list
    elements: str
    default: []
  clients:
    description: Only what these clients need, out of V(web), V(ios), V(android), V(macos) and V(windows).
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
    description: A JMESPath expression over the entries; what it yields is kept.
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
    description: Allow every subdomain of C(challenges.cloudflare.com), which was given more hosts than the published one.
    type: bool
    default: false
  media:
    description: Include voice traffic that is no TLS.
    type: bool
    default: true
  media_max_age_days:
    description: Refuse an address feed for voice that is older than this.
    type: int
    default: 365
  overlays:
    description: >-
      Paths of YAML files, or dictionaries, laid over the catalogue in this order. They add entries, change fields of entries by C(id), or
      C(remove) ids.
    type: list
    elements: raw
    default: []
"""
