#!/usr/bin/env bash
# A throwaway PostgreSQL cluster with pgvector, for the tests that PGlite cannot serve.
#
#   scripts/native-postgres.sh install      installs missing PostgreSQL and pgvector (needs root and apt)
#   scripts/native-postgres.sh start DIR    creates and starts a cluster in DIR, prints its DATABASE_URL
#   scripts/native-postgres.sh crash DIR    kills the cluster and starts it again
#   scripts/native-postgres.sh recover DIR  starts a cluster whose data folder was restored; its settings name the port
#   scripts/native-postgres.sh stop DIR     stops the cluster and removes DIR
#
#   export DATABASE_URL=$(scripts/native-postgres.sh start /tmp/parley-pg); npm test
#
# Runs without fsync: fast, but not for data to keep. FORCE_BUILD=1 builds pgvector even if it is installed;
# DESTDIR changes where the build is installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

usage() { sed -n '2,13s/^# \{0,1\}//p' "$0"; }
fail() { echo "native-postgres: $*" >&2; exit 1; }
say() { echo "native-postgres: $*" >&2; }

# Prints the folder of the newest server on this machine: Debian's place first, then PATH.
find_bin() {
  local dir
  dir=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
  if [ -x "${dir:-/none}/initdb" ]; then echo "$dir"; return; fi
  if command -v initdb >/dev/null; then dirname "$(command -v initdb)"; return; fi
  return 1
}

can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt_install() {
  can_apt || fail "missing: $* (install them, or run this as root where apt is)"
  say "installing $*"
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" >/dev/null
}

install() {
  local bin major
  # Stops the server's package from starting a cluster of its own.
  if ! find_bin >/dev/null; then
    can_apt && apt-get -qq update
    apt_install postgresql-common
    sed -i "s/^#\?create_main_cluster.*/create_main_cluster = false/" /etc/postgresql-common/createcluster.conf
    apt_install postgresql
  fi
  bin=$(find_bin) || fail 'no PostgreSQL server found'
  major=$("$bin/postgres" --version | grep -o '[0-9]\+' | head -1)
  if [ -z "${FORCE_BUILD:-}" ]; then
    [ -e "$("$bin/pg_config" --sharedir)/extension/vector.control" ] && return
    can_apt || fail 'pgvector is missing: see https://github.com/pgvector/pgvector#installation'
    apt-get -qq update
    if [ -n "$(apt-cache search --names-only "^postgresql-$major-pgvector\$")" ]; then
      apt_install "postgresql-$major-pgvector"
      return
    fi
  fi
  build_pgvector "$bin" "$major"
}

# Builds pgvector from the source of Debian's next release, against this release's server.
build_pgvector() (
  local bin=$1 major=$2 work source uri key
  apt_install "postgresql-server-dev-$major" make gcc libc6-dev
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  source=$("$here/debian-source.sh")
  [ -n "$source" ] || fail "found no apt source for this machine's release"
  read -r uri key <<<"$source"
  mkdir -p "$work/lists/partial"
  echo "deb-src ${key:+[signed-by=$key] }$uri ${PGVECTOR_SUITE:-trixie} main" >"$work/next.list"
  # Uses its own list of sources; the machine's stays as it is.
  local own=(-qq -o "Dir::Etc::sourcelist=$work/next.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$work/lists" -o APT::Sandbox::User=root)
  say 'building pgvector from source (once)'
  apt-get "${own[@]}" update
  cd "$work"
  apt-get "${own[@]}" source --download-only pgvector
  mkdir src
  tar -xf pgvector_*.orig.tar.* -C src --strip-components=1
  make -s -C src -j"$(nproc)" OPTFLAGS= with_llvm=no PG_CONFIG="$bin/pg_config" >/dev/null
  make -s -C src install with_llvm=no PG_CONFIG="$bin/pg_config" DESTDIR="${DESTDIR:-}" >/dev/null
)

# initdb and postgres refuse to run as root.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

start() {
  local dir=$1 bin port
  bin=$(find_bin) || fail 'no PostgreSQL server found: run "scripts/native-postgres.sh install" as root'
  [ ! -e "$dir/data" ] || fail "$dir already has a cluster"
  mkdir -p "$dir"
  if [ "$(id -u)" = 0 ]; then chmod 755 "$dir"; chown postgres "$dir"; fi
  as_postgres "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
  # Writes the settings to the file: on the command line nobody could override them.
  printf 'fsync = off\nfull_page_writes = off\n' | as_postgres tee -a "$dir/data/postgresql.conf" >/dev/null
  for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    if as_postgres "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 30 start -o "-p $port \
      -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300" >/dev/null; then
      echo "postgres://postgres@127.0.0.1:$port/postgres"
      return
    fi
  done
  cat "$dir/log" >&2
  fail 'PostgreSQL did not start'
}

crash() {
  local dir=$1 bin
  bin=$(find_bin)
  as_postgres "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -m immediate -w -t 30 restart >/dev/null
}

recover() {
  local dir=$1 bin
  bin=$(find_bin)
  as_postgres "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 120 start >/dev/null && return
  tail -20 "$dir/log" >&2 || true
  fail 'PostgreSQL did not recover'
}

stop() {
  local dir=$1 bin
  bin=$(find_bin)
  if [ -e "$dir/data/postmaster.pid" ]; then as_postgres "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null; fi
  if [ -e "$dir/data/PG_VERSION" ]; then rm -rf "$dir"; fi
}

case "${1:-}" in
  install) install ;;
  start | crash | recover | stop) [ -n "${2:-}" ] || { usage >&2; exit 2; }; "$1" "$2" ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
