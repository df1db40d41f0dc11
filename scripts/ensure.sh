#!/bin/sh
# Installs the dependencies when package-lock.json is not the one that was installed last; else does nothing.
set -eu
cd "$(dirname "$0")/.."
installed=node_modules/.installed-package-lock.json
cmp -s package-lock.json "$installed" && exit 0
echo "Installing dependencies (npm ci) ..." >&2
# dotenv-like variables of an outer npm (such as a production setting) must not leave out what we run with.
npm ci --include=dev --no-audit --no-fund --loglevel=error >&2
cp package-lock.json "$installed"
