# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what every access module shares."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  config:
    description:
      - What has to be reachable, as the P(netaccess.chatgpt.policy#lookup) lookup returns it.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      allow:
        description: >-
          Host name patterns to allow. C(example.com) is this name alone, C(*.example.com) every subdomain without the apex,
          C(.example.com) the apex and every subdomain.
        type: list
        elements: str
        required: true
      exempt:
        description: The part of O(config.allow) that is exempt from TLS inspection.
        type: list
        elements: str
        default: []
      media:
        description: Voice traffic that does not use TLS, each with C(id), C(protocol), C(ports), C(destinations) and C(feed_date).
        type: list
        elements: dict
        default: []
      retired:
        description: Patterns of earlier selections; if the device still has them, they are reported as RV(stale).
        type: list
        elements: str
        default: []
      withheld:
        description: Published patterns that are intentionally left out.
        type: list
        elements: str
        default: []
      version:
        description: The catalogue version this was selected from, for reports.
        type: str
  state:
    description:
      - V(merged) adds missing entries of O(config); other entries stay.
      - V(replaced) makes the managed objects match O(config) exactly, which removes stale entries.
      - V(deleted) removes the managed objects.
      - V(gathered) reads only.
      - V(rendered) returns the steps for a device without managed objects, without contacting one.
      - V(reverted) rolls back the run that wrote O(journal).
      - V(proven) marks the unproven changes (O(baseline)) of the journals in O(journal) as proven. It contacts no device.
    type: str
    choices: [merged, replaced, deleted, gathered, rendered, reverted, proven]
    default: merged
  unblock:
    description: Ids of conflicts to resolve, copied from RV(conflicts) of an earlier run. By default conflicts are only reported.
    type: list
    elements: str
    default: []
  protected:
    description: Names of existing rules that O(unblock) must never change; V(file) or V(file:line) for a product whose rules have no names.
    type: list
    elements: str
    default: []
  tenant_control:
    description:
      - What to do if an existing rule inserts the header that restricts users to your ChatGPT workspace. It can be inserted into decrypted traffic only.
      - V(refuse) stops. V(keep) leaves those hosts decrypted. V(override) exempts them and loses the control; O(comment) is required.
    type: str
    choices: [refuse, keep, override]
    default: refuse
  refuse_losses:
    description: Security controls that must stay on. If the exemption would disable one of them, the task stops before it writes.
    type: list
    elements: str
    choices: [av, ips, anti_spyware, sandbox, dlp, file_control, app_control, icap, casb, isolation, headers, prompt_logging]
    default: []
  accept_wider_audience:
    description: Accept that the change reaches more users than O(audience); RV(audience_widened) says why.
    type: bool
    default: false
  adopt:
    description: With O(state=replaced), take over an object with the same name that does not have the marker of this collection.
    type: bool
    default: false
  activate:
    description: Activate the change. With V(false) it is written and stays pending until the next run.
    type: bool
    default: true
  publish_foreign_changes:
    description: Continue even if changes of other administrators are pending and would be activated with this change.
    type: bool
    default: false
  expected_plan:
    description: RV(plan_digest) of a reviewed check run. The task stops if its own plan differs.
    type: str
  plan_context:
    description: Additional plain data that a reviewed plan covers, such as the stages of a rollout. RV(plan_digest) depends on it.
    type: dict
  comment:
    description: Change number or reason. It is written to the journal and, if the product has a field for it, to the device.
    type: str
  journal:
    description:
      - Where the plan is saved before the first write, so that O(state=reverted) can roll it back even if the run was killed.
      - A folder gets one file for each run; a path ending in C(.json) is a file that must not exist yet.
      - With O(state=reverted), the file to roll back, or a folder. In a folder the newest file of this device is used; if there is none, or it is already
        rolled back, the task succeeds and changes nothing. To go back further, set the file.
      - The path is on the host where the module runs. Files have mode 0600. A folder or a file that another user can write to is refused, because a rollback
        trusts its content; so is a folder without free space. Check mode reports this in C(would_stop).
    type: path
    default: ~/.netaccess/journals
  series:
    description: >-
      A label that the journals of one change share if it takes several runs, such as the stages of a rollout. Rolling back one of them returns the others
      that are not yet rolled back as C(earlier), the next one first. With O(state=reverted) and a folder as O(journal), only its journals are rolled back.
    type: str
  stage:
    description: The stage of a rollout that this run carries out. The journal stores it, and a rollback of that journal returns it.
    type: str
  baseline:
    description: >-
      Baselines of the probe hosts from before the change, by host name, as plain data. The journal stores them and stays C(unproven) until a task with
      O(state=proven). Until then every run on the device returns them in C(unproven).
    type: dict
  timeout:
    description: >-
      Seconds that the run may take, including waits for locks, a busy device and the activation. The rollback of a failed change has the same time again.
    type: int
    default: 600
attributes:
  check_mode:
    support: full
    description: Predicts the real run exactly and writes nothing.
  diff_mode:
    support: full
    description: Shows the objects that change, before and after.
  idempotent:
    support: full
    description: A second run writes and activates nothing.
"""
