#!/bin/sh
# Installs the dependencies when package-lock.json is not the one that was installed last; else does nothing.
set -eu
cd "$(dirname "$0")/.."
installed=node_modules/.installed-package-lock.json
cmp -s package-lock.json "$installed" && exit 0
echo "Installing dependencies (npm ci) ..." >&2
# With the development tools, also where NODE_ENV says production: Node 24 itself is one of them.
install="ci --include=dev --no-audit --no-fund --loglevel=error"
# shellcheck disable=SC2086
npm $install >&2 || {
  case "$(npm --version)" in [0-9].* | 10.*) ;; *) exit 1 ;; esac
  # Older npms disagree now and then with a newer one's lockfile.
  echo "Trying again with npm 11 ..." >&2
  npx --yes npm@11 $install >&2
}
cp package-lock.json "$installed"
