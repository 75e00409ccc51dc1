# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tested about each product, in a folder for each."""
from __future__ import annotations

from pathlib import Path

import yaml

#: {id: its entry in products.yml}
PRODUCTS = {product["id"]: product for product in yaml.safe_load(
    (Path(__file__).resolve().parents[2] / "plugins" / "plugin_utils" / "products.yml").read_text(encoding="utf-8"))["products"]}
