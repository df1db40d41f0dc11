#!/bin/sh
# Starts Redis with its password in a file that only it reads, because everybody may read arguments.
set -eu
umask 077
conf=${REDIS_RUN:-/run/redis}/redis.conf
printf 'requirepass %s\n' "$REDIS_PASSWORD" >"$conf"
exec redis-server "$conf" --dir "${REDIS_DIR:-/data}" --maxmemory "$REDIS_MAXMEMORY" --maxmemory-policy noeviction \
  --appendonly yes --appendfsync everysec --save '' --port "${REDIS_PORT:-6379}"
