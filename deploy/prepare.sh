#!/usr/bin/env bash
# Runs once before the others: makes a certificate where there is none, and gives volumes to who writes to them.
#   CERTIFICATES, BACKUPS  folders; /certificates and /backups without them
#   SERVER_NAME            the name in the certificate
set -euo pipefail
certificates=${CERTIFICATES:-/certificates} backups=${BACKUPS:-/backups}
# Numbers of users in the images: nginx, and the backup service.
nginx=${NGINX_USER:-101:101} backup=${BACKUP_USER:-1000:1000}

if [ ! -s "$certificates/own.crt" ] || ! openssl x509 -in "$certificates/own.crt" -noout -checkend 2592000 >/dev/null; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 397 -subj "/CN=$SERVER_NAME" \
    -addext "subjectAltName=DNS:$SERVER_NAME" -keyout "$certificates/own.key" -out "$certificates/own.crt" 2>/dev/null
  echo "prepare: made a certificate for $SERVER_NAME, which browsers do not trust"
fi
chmod 600 "$certificates/own.key"
chown "$nginx" "$certificates/own.key" "$certificates/own.crt"
chown "$backup" "$backups"
