#!/bin/sh
# Installs the dependencies when package-lock.json has changed since the last installation. Safe to run twice at once: npm ci
# begins by deleting node_modules, so one installs while the others wait.
set -eu
cd "$(dirname "$0")/.."
installed=node_modules/.installed-package-lock.json
is_current() { cmp -s package-lock.json "$installed"; }
is_current && exit 0

# Says whether a process still installs here. In a new container an old number may be that of this process, or of any other.
installs() {
  if [ "$1" = "$$" ] || ! kill -0 "$1" 2>/dev/null; then return 1; fi
  [ ! -r "/proc/$1/cmdline" ] || grep -qF ensure.sh "/proc/$1/cmdline" 2>/dev/null
}

# A link is made in one step and names who installs, so a killed installation holds up nobody.
lock=.installing
misses=0
until ln -s "$$" "$lock" 2>/dev/null; do
  if holder=$(readlink "$lock"); then
    if installs "$holder"; then
      [ -n "${waits:-}" ] || echo "Waiting for the command that installs the dependencies (process $holder) ..." >&2
      waits=1
      sleep 1
    elif [ "$(readlink "$lock")" = "$holder" ]; then
      rm -f "$lock"
    fi
  else
    # The other has just ended, or no link can be made here: then the last try says why.
    misses=$((misses + 1))
    [ "$misses" -lt 5 ] || { ln -s "$$" "$lock" && break; exit 1; }
  fi
  is_current && exit 0
done
trap 'rm -f "$lock"' EXIT
trap 'exit 1' HUP INT TERM
is_current && exit 0

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
