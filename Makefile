# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Needed: Python 3.11 or newer, make, git. `make help` lists the targets.

PYTHON := $(shell scripts/find-python)
VENV := .build/venv
LINK := .build/collections/ansible_collections/netaccess/chatgpt
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.build/collections
export ANSIBLE_HOME := $(CURDIR)/.build/ansible
# Compiled modules of tests and lab are kept: hundreds of processes import them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo lab docs quick test test-all generate lint bench build kit clean setup system squids peers boxes

help:
	@echo "make demo    the main job, on a real Squid and a FortiGate's twin, in two minutes: block, open, verify, again, roll back;"
	@echo "             PRODUCTS=all or PRODUCTS=\"squid panos\" for others, SQUID=7.7 for another release of Squid"
	@echo "make lab     a Squid and a FortiGate's simulator that stay up, with an inventory, to try the playbooks on; Ctrl-C stops it"
	@echo "make quick   lint of changed files and the tests that tell most, in a minute and a half"
	@echo "make test    every test that CI runs"
	@echo "make test-all  those, and the exhaustive matrices: before a release"
	@echo "make generate  what repeats facts of one source: RETURN blocks, options of the role, tables"
	@echo "make lint    ansible-test sanity, ansible-lint, documentation and changelog lint"
	@echo "make bench   the benchmark table"
	@echo "make docs    the documentation as a site, in .build/docs"
	@echo "make build   the tarball, installed into a scratch path to prove it"
	@echo "make kit     the probes as one file, for machines that Ansible does not manage"
	@echo "make clean   removes .build"

setup: $(VENV)/stamp $(LINK)

peers: setup .build/peers/stamp

.build/peers/stamp: requirements-test.txt scripts/install-peers
	@scripts/install-peers

boxes: setup .build/mitmproxy/stamp

.build/mitmproxy/stamp: requirements-test.txt scripts/install-boxes scripts/install-lab
	@scripts/install-boxes

$(VENV)/stamp: requirements-test.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found on PATH or in pyenv's folder."; exit 1; }
	@echo "Setting up .build/venv with $(PYTHON): ansible-core and what the tests need, by pip (2 to 4 minutes, once)"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@touch $@

$(LINK):
	@mkdir -p $(dir $@)
	@ln -sfn "$(CURDIR)" $@

# The lab's Squid and other middleboxes come from the distribution. Not root, or another system: the tests that need it say that they are skipped.
system:
	@scripts/install-lab

# Other releases of Squid, unpacked. Where that is not possible, it says so, and the tests that need them are skipped.
squids: setup system
	@$(VENV)/bin/python -m tests.lab.releases

# SQUID=7.7 in the environment or as a variable of make is another release of Squid. Of the distribution it needs no more than Squid.
demo: setup
	@scripts/install-lab squid
	@$(VENV)/bin/python -m tests.lab.demo $(PRODUCTS)

# Playbooks on it take the collection of this checkout (.build/lab/ansible.cfg), or what ANSIBLE_COLLECTIONS_PATH says.
lab: setup
	@scripts/install-lab squid
	@exec $(VENV)/bin/python -m tests.lab.site

docs: setup .build/site/stamp
	@scripts/site/build

.build/site/stamp: requirements-test.txt scripts/install-site
	@scripts/install-site

quick: setup system peers
	@scripts/quick

# Three at once on two cores: a fifth of the time is waiting, for a timeout that is tested or a proxy that starts.
test: setup system peers
	@$(VENV)/bin/python -m pytest -p tests.processor -n 3 --dist loadfile --no-loadscope-reorder -m "not exhaustive"

test-all: setup system peers squids boxes
	@$(VENV)/bin/python -m pytest -p tests.processor -n 2 --dist loadfile --no-loadscope-reorder
	@scripts/test-cores
	@scripts/lint --all-cores

generate: setup system
	@$(VENV)/bin/python scripts/generate --seen

lint: setup
	@scripts/lint

bench: setup system peers
	@$(VENV)/bin/python -m tests.bench

build: setup system
	@scripts/build

kit: setup
	@$(VENV)/bin/python scripts/build-kit

clean:
	rm -rf .build
