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
        description: Voice traffic that is no TLS, each with C(id), C(protocol), C(ports), C(destinations) and C(feed_date).
        type: list
        elements: dict
        default: []
      retired:
        description: Patterns that an earlier selection listed; found on the device they are reported as RV(stale).
        type: list
        elements: str
        default: []
      withheld:
        description: Published patterns that are left out on purpose.
        type: list
        elements: str
        default: []
      version:
        description: The catalogue version this was selected from, for reports.
        type: str
  state:
    description:
      - V(merged) adds what is missing of O(config); other entries stay.
      - V(replaced) makes our objects hold exactly O(config), and so removes stale entries.
      - V(deleted) removes our objects.
      - V(gathered) reads only.
      - V(rendered) returns the steps for a device that holds nothing of ours, without contacting one.
      - V(reverted) rolls back the run that wrote O(journal).
      - V(proven) says that the changes whose journals in O(journal) wait for their proof (O(baseline)) are well. It asks no device.
    type: str
    choices: [merged, replaced, deleted, gathered, rendered, reverted, proven]
    default: merged
  unblock:
    description: Ids of conflicts to take out of the way, copied from RV(conflicts) of an earlier run. By default conflicts are only reported.
    type: list
    elements: str
    default: []
  protected:
    description: Names of rules of the site that are never offered for O(unblock); V(file) or V(file:line) for a product whose rules have no names.
    type: list
    elements: str
    default: []
  tenant_control:
    description:
      - What to do when the site adds the header that keeps people in their own ChatGPT workspace. It can be added to decrypted traffic only.
      - V(refuse) stops. V(keep) leaves those hosts decrypted. V(override) exempts them and loses the control; O(comment) is required.
    type: str
    choices: [refuse, keep, override]
    default: refuse
  refuse_losses:
    description: Security controls that must stay on. If the exemption would switch one of them off, the task stops before it writes.
    type: list
    elements: str
    choices: [av, ips, anti_spyware, sandbox, dlp, file_control, app_control, icap, casb, isolation, headers, prompt_logging]
    default: []
  accept_wider_audience:
    description: Accept that the change reaches more people than O(audience) names; RV(audience_widened) says why.
    type: bool
    default: false
  adopt:
    description: With O(state=replaced), take over an object of our name that does not carry our marker.
    type: bool
    default: false
  activate:
    description: Activate the change. With V(false) it is written and waits for the next run.
    type: bool
    default: true
  publish_foreign_changes:
    description: Go on although edits of others are waiting for activation and would go live with ours.
    type: bool
    default: false
  expected_plan:
    description: RV(plan_digest) of a reviewed check run. The task stops if its own plan differs.
    type: str
  plan_context:
    description: Plain data that a reviewed plan is about besides, such as the stages of a rollout. RV(plan_digest) depends on it.
    type: dict
  comment:
    description: Change number or reason. It is written into the journal and, if the product has a place for it, to the device.
    type: str
  journal:
    description:
      - Where the plan is saved before the first write, so that O(state=reverted) can roll it back even if the run was killed.
      - A folder gets one file for each run; a path ending in C(.json) is a file that must not exist yet.
      - With O(state=reverted), the file to roll back, or a folder. In a folder that is the newest file about this device; if there is none, or it is rolled
        back already, the task succeeds and changes nothing. To go back further, name the file.
      - The path is on the host where the module runs. Files have mode 0600. A folder or a file that another user may write to is refused, since what is in it
        leads back; so is a folder without room. Check mode says so as C(would_stop).
    type: path
    default: ~/.netaccess/journals
  series:
    description: >-
      A word that the journals of one change share if it takes several runs, such as the stages of a rollout. Rolling one of them back returns the others that
      are still to be rolled back as C(earlier), the next one first. With O(state=reverted) and a folder as O(journal), only its journals are rolled back.
    type: str
  stage:
    description: The stage of a rollout that this run carries out. Its journal keeps it, and a rollback of that journal returns it.
    type: str
  baseline:
    description: >-
      What hosts saw before the change, by the name of the host, as plain data. The journal keeps it, and stays C(unproven) until a task with O(state=proven).
      Until then every run on the device returns it in C(unproven).
    type: dict
  timeout:
    description: >-
      Seconds that the run may take, with its waits for locks, a busy device and the activation. A change that failed is still taken back
      after that, for which there is as much time again.
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
    description: A second run makes no write and no activation.
"""
