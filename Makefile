# Two commands do everything on a machine with Python 3.11 or later and make:
#   make up    installs what is needed and starts the portal and every simulator (TLS=1: with TLS)
#   make test  installs what the tests need and runs them

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STATE ?=
TLS ?=
UP_ARGUMENTS := $(if $(STATE),--state $(STATE)) $(if $(TLS),--tls)

.PHONY: up install install-tests test lint types bench scenarios clean help

help:  ## この一覧を出します
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

up: install  ## ポータルと模擬システムを起動します（止めるには Ctrl-C）
	@exec $(BIN)/mynasim up $(UP_ARGUMENTS)

install: $(VENV)/.installed  ## 仮想環境 .venv を作り、必要なものを入れます

$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "必要なものを $(VENV) に入れています（初回は1、2分かかります）…"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 以上が必要です。PYTHON=… で指定できます。")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[load]'
	@touch $@

install-tests: $(VENV)/.installed-tests

$(VENV)/.installed-tests: $(VENV)/.installed pyproject.toml constraints.txt tests/install_clients.sh
	@echo "テストに必要なものを入れています…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[load,test,bench]'
	@sh tests/install_clients.sh
	@touch $@

lint: install-tests  ## 書式と規則を確かめます
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: install-tests  ## 型を確かめます
	@$(BIN)/mypy

test: lint types  ## すべてのテストを動かします
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

bench: install-tests  ## 測定し、benchmarks/ledger/ に記録します
	@$(BIN)/python -m benchmarks

scenarios: install  ## シナリオを模擬時間で動かします
	@$(BIN)/mynasim scenarios run

clean:  ## 仮想環境と作業用の写しを消します（状態は消しません）
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis artefacts build *.egg-info
