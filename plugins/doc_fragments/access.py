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
      - >-
        The policy, as the P(netaccess.chatgpt.policy#lookup) lookup returns it: the hosts to allow, and which of them to exempt from TLS inspection.
      - Required for O(state=merged), O(state=replaced) and O(state=rendered).
    type: dict
    suboptions:
      allow:
        description: >-
          Host name patterns to allow. C(example.com) matches this name only, C(*.example.com) its subdomains without the domain itself, C(.example.com) the
          domain and its subdomains.
        type: list
        elements: str
        required: true
      exempt:
        description: Patterns of O(config.allow) to exempt from TLS inspection. By default none.
        type: list
        elements: str
        default: []
      media:
        description: >-
          Voice traffic that does not use TLS. Each entry has C(id), C(protocol), C(ports), C(destinations) and C(feed_date). If the product cannot allow it,
          RV(manual) says what to open where.
        type: list
        elements: dict
        default: []
      retired:
        description: Patterns of earlier selections. Those that the device still has are returned in RV(stale); O(state=replaced) removes them.
        type: list
        elements: str
        default: []
      withheld:
        description: Published patterns that are left out on purpose. RV(coverage) lists them as C(withheld).
        type: list
        elements: str
        default: []
      version:
        description: The version of the catalogue that the policy was selected from. It is stored in results and reports only.
        type: str
  state:
    description:
      - V(merged) adds the missing entries of O(config). Other entries in the managed objects stay.
      - V(replaced) makes the managed objects match O(config) exactly, so it removes all other entries from them.
      - V(deleted) removes the managed objects, or empties those that the product cannot delete.
      - V(gathered) returns the managed objects and changes nothing.
      - V(rendered) returns the steps for a device without managed objects, and contacts no device.
      - V(reverted) rolls back the run that wrote O(journal).
      - V(proven) marks the unproven changes (O(baseline)) in the journals of O(journal) as proven. It contacts no device.
    type: str
    choices: [merged, replaced, deleted, gathered, rendered, reverted, proven]
    default: merged
  unblock:
    description: >-
      Conflicts to remove, by their C(id) in RV(conflicts) of an earlier run. By default conflicts are only reported. Removing one can open more than the
      wanted hosts; C(opens) of the conflict says what.
    type: list
    elements: str
    default: []
  protected:
    description: Existing rules that O(unblock) must never change, by name. A product whose rules have no names takes V(file) or V(file:line).
    type: list
    elements: str
    default: []
  tenant_control:
    description:
      - What to do if an existing rule inserts the header that restricts users to your ChatGPT workspace. A header can be inserted into decrypted traffic
        only, so an exemption ends this control.
      - V(refuse) stops the task before its first write. V(keep) does not exempt these hosts. V(override) exempts them and ends the control; it requires
        O(comment).
    type: str
    choices: [refuse, keep, override]
    default: refuse
  refuse_losses:
    description: >-
      Security controls that must not be lost. If the exemption would disable one of them, the task stops before its first write. By default losses are only
      reported, in RV(losses).
    type: list
    elements: str
    choices: [av, ips, anti_spyware, sandbox, dlp, file_control, app_control, icap, casb, isolation, headers, prompt_logging]
    default: []
  accept_wider_audience:
    description: >-
      Continue if the change reaches more users than O(audience). By default the task stops before its first write; RV(audience_widened) has the reasons.
    type: bool
    default: false
  adopt:
    description: >-
      With O(state=replaced), take over an object that has the name of a managed object but not the marker of this collection. By default the task stops
      there.
    type: bool
    default: false
  activate:
    description: >-
      Activate the change. With V(false) the change is written and stays pending; a later run activates it. Products in which every write takes effect
      immediately refuse V(false), or ignore it.
    type: bool
    default: true
  publish_foreign_changes:
    description: Continue if the activation would also activate pending changes of other administrators. By default the task stops before its first write.
    type: bool
    default: false
  expected_plan:
    description: RV(plan_digest) of a check run that was reviewed. If the plan of this run has another digest, the task stops before its first write.
    type: str
  plan_context:
    description: Additional data that the review of a plan covers, for example the stages of a rollout. RV(plan_digest) includes it.
    type: dict
  comment:
    description: Change number or reason. It is stored in the journal and, if the product has a field for it, on the device.
    type: str
  journal:
    description:
      - Where to save the plan before the first write, so that O(state=reverted) can roll it back even if the run is killed.
      - In a folder, each run creates its own file. A path that ends in C(.json) is the file itself, which must not exist yet.
      - With O(state=reverted), the file to roll back, or a folder. In a folder the newest journal of this device is used; if there is none, or it is already
        rolled back, the task succeeds and changes nothing. To roll back an earlier run, set its file.
      - The path is on the host where the module runs. Files have mode 0600. A rollback trusts the content of its journal, so a file or folder that another
        user can write to is refused; so is a folder without free space. In check mode the refusal is in C(would_stop).
    type: path
    default: ~/.netaccess/journals
  series:
    description: >-
      A label for the journals of one change that takes several runs, such as the stages of a rollout. Rolling back one of them returns the others that are
      not rolled back yet in C(earlier), the next one first. With O(state=reverted) and a folder as O(journal), only journals with this label are rolled
      back.
    type: str
  stage:
    description: The stage of a rollout that this run carries out. It is stored in the journal, and a rollback of the journal returns it.
    type: str
  baseline:
    description: >-
      Baselines of the probe hosts from before the change, by host name. The journal stores them and stays C(unproven) until a task with O(state=proven);
      until then every run on the device returns them in C(unproven).
    type: dict
  timeout:
    description: >-
      Seconds that the whole run may take, including waits for locks, a busy device and the activation. The rollback of a failed change gets the same time
      again.
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
  action_group:
    support: full
    membership:
      - netaccess.chatgpt.all
    description: Use C(group/netaccess.chatgpt.all) in C(module_defaults) to set options for all access modules.
seealso:
  - plugin: netaccess.chatgpt.policy
    plugin_type: lookup
  - module: netaccess.chatgpt.reachability_info
"""
