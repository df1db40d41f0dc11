#!/usr/bin/env bash
# Runs once on an empty cluster, as its superuser: makes the database and the roles. An installation that exists may run it by
# hand; it makes only what is missing.
#   parley   owns its database and may nothing else
#   backup   may replicate: base backups and WAL
#   monitor  may read statistics, and exists only where MONITOR_PASSWORD is set
set -euo pipefail
connect=(psql -qX -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-postgres}")

# role NAME ATTRIBUTES PASSWORD
role() {
  "${connect[@]}" -v name="$1" -v password="$3" <<SQL
SELECT format('CREATE ROLE %I $2 PASSWORD %L', :'name', :'password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
SQL
}

role parley LOGIN "$DATABASE_PASSWORD"
role backup 'LOGIN REPLICATION' "$BACKUP_PASSWORD"
if [ -n "${MONITOR_PASSWORD:-}" ]; then
  role monitor 'LOGIN IN ROLE pg_monitor' "$MONITOR_PASSWORD"
fi
"${connect[@]}" <<'SQL'
SELECT 'CREATE DATABASE parley OWNER parley' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'parley') \gexec
REVOKE CONNECT ON DATABASE parley FROM PUBLIC;
GRANT CONNECT ON DATABASE parley TO parley, backup, pg_monitor;
SQL
# The role owns no template: an administrator brings the extension in.
connect=(psql -qX -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d parley)
"${connect[@]}" -c 'CREATE EXTENSION IF NOT EXISTS vector'
# The image allows replication from its own machine only.
if [ -f "${PGDATA:-/none}/pg_hba.conf" ] && ! grep -q '^host replication backup' "$PGDATA/pg_hba.conf"; then
  echo 'host replication backup all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  "${connect[@]}" -c 'SELECT pg_reload_conf()' >/dev/null
fi
