#!/usr/bin/env bash
# Brings an installation of docker-compose.yml to another release, process by process, while it serves.
#
#   deploy/upgrade.sh VERSION [--build] [--no-dump]
#
# 1. pulls the images of VERSION (--build: builds them from this folder instead)
# 2. dumps the database, unless --no-dump
# 3. runs its migrations; the release that runs goes on beside them
# 4. replaces each process, and waits until it is ready
# 5. writes PARLEY_VERSION into .env
# A step that fails ends the upgrade: what was replaced goes back to the release before, and .env stays. Migrations only add,
# so that release works on the new schema (docs/upgrading.md). Exits with 1 then, and with 2 when that did not work either.
set -uo pipefail
cd "$(dirname "$0")/.."

version='' build='' dump=yes
for argument in "$@"; do
  case $argument in
    --build) build=yes ;;
    --no-dump) dump='' ;;
    --help | -h) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "upgrade: there is no $argument" >&2; exit 64 ;;
    *) version=$argument ;;
  esac
done
[[ $version =~ ^[A-Za-z0-9._-]+$ ]] || { echo 'usage: deploy/upgrade.sh VERSION [--build] [--no-dump]' >&2; exit 64; }
[ -f .env ] || { echo 'upgrade: .env is missing: cp deploy/compose.env.example .env' >&2; exit 64; }

before=$(sed -n 's/^PARLEY_VERSION=//p' .env | tail -1)
before=${before:-latest}
wait_s=${UPGRADE_WAIT_S:-120}
replaced=()

say() { echo "upgrade: $*"; }
compose() { docker compose "$@"; }
# Prints the services of a process type, in the order of their replacement.
processes() { compose config --services | grep -xE 'web-[ab]|workers|moderation|context|completion|embedding|analytics|notification|housekeeping' | sort; }

# put RELEASE SERVICE: starts SERVICE anew with the image of RELEASE, and waits until it is ready
put() {
  local port=9100
  case $2 in web-*) port=8000 ;; esac
  PARLEY_VERSION=$1 compose up -d --no-deps --no-build --wait --wait-timeout "$wait_s" "$2" </dev/null || return 1
  local until=$((SECONDS + wait_s))
  until PARLEY_VERSION=$1 compose exec -T "$2" node scripts/health.ts "$port" /readyz </dev/null; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 1
  done
}

# back WHY: puts the release before in the place of what was replaced
back() {
  say "$1; going back to $before"
  local well=yes i
  for ((i = ${#replaced[@]} - 1; i >= 0; i--)); do put "$before" "${replaced[i]}" || { say "${replaced[i]} does not get ready with $before either"; well=''; }; done
  [ -n "$well" ] || exit 2
  say "runs $before as before"
  exit 1
}

services=$(processes) || exit 1
[ -n "$services" ] || { say 'docker-compose.yml names no process'; exit 1; }
say "from $before to $version"
if [ -n "$build" ]; then PARLEY_VERSION=$version compose build || back 'cannot build'
else PARLEY_VERSION=$version compose pull -q || back 'cannot pull'; fi
if [ -n "$dump" ]; then compose run --rm -T --no-deps backup node scripts/backup.ts dump </dev/null || back 'cannot dump the database'; fi
PARLEY_VERSION=$version compose run --rm -T --no-deps release </dev/null || back 'the migrations failed'
for service in $services; do
  say "replacing $service"
  replaced+=("$service")
  put "$version" "$service" || back "$service does not get ready"
done
# The file is readable by its owner alone, and stays so.
if grep -q '^PARLEY_VERSION=' .env; then sed -i "s/^PARLEY_VERSION=.*/PARLEY_VERSION=$version/" .env
else printf '\nPARLEY_VERSION=%s\n' "$version" >>.env; fi
compose up -d --no-build --remove-orphans </dev/null || { say 'runs, but the other services did not start: docker compose ps'; exit 1; }
say "runs $version"
