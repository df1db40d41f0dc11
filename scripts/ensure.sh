#!/bin/sh
# Installs the dependencies when package-lock.json has changed since the last installation.
set -eu
cd "$(dirname "$0")/.."
installed=node_modules/.installed-package-lock.json
cmp -s package-lock.json "$installed" && exit 0
echo "Installing dependencies (npm ci) ..." >&2
# Includes the development tools even where NODE_ENV is production: Node 24 is one of them.
install="ci --include=dev --no-audit --no-fund --loglevel=error"
# shellcheck disable=SC2086
npm $install >&2 || {
  case "$(npm --version)" in [0-9].* | 10.*) ;; *) exit 1 ;; esac
  # Older npms sometimes reject a newer npm's lockfile.
  echo "Trying again with npm 11 ..." >&2
  npx --yes npm@11 $install >&2
}
cp package-lock.json "$installed"
