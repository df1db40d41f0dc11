#!/usr/bin/env bash
# Prints "URI keyring" of this machine's own apt entry for its release, in either format. Prints nothing where there is none.
set -euo pipefail

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
{
  { cat /etc/apt/sources.list.d/*.sources || true; } | awk -v suite="$codename" '
    BEGIN { RS = ""; FS = "\n" }
    {
      uri = key = ""; hit = 0
      for (i = 1; i <= NF; i++) {
        n = split($i, word, /[ \t]+/)
        if (word[1] == "URIs:") uri = word[2]
        if (word[1] == "Signed-By:" && word[2] ~ /^\//) key = word[2]
        if (word[1] == "Suites:") for (j = 2; j <= n; j++) if (word[j] == suite) hit = 1
      }
      if (hit && uri) print uri, key
    }'
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list || true; } | awk -v suite="$codename" '
    $1 == "deb" {
      key = ""
      if (match($0, /signed-by=[^] ]+/)) key = substr($0, RSTART + 10, RLENGTH - 10)
      sub(/\[[^]]*\]/, "")
      if ($3 == suite) print $2, key
    }'
} 2>/dev/null | sed -n 1p
