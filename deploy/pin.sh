#!/usr/bin/env bash
# Pins other projects' images: asks their registries which digest each tag has now, and writes name:tag@sha256:... into
# docker-compose.yml, deploy/kubernetes and the Dockerfile. Run it again after an update; a digest that is there is replaced.
# Parley's own images are named by release.
#   deploy/pin.sh             needs skopeo, crane, or docker with buildx
#   deploy/pin.sh --check     changes nothing, and fails where an image has no digest
set -euo pipefail
cd "$(dirname "$0")/.."

files=(docker-compose.yml Dockerfile)
while IFS= read -r file; do files+=("$file"); done < <(find deploy/kubernetes -name '*.yaml')
# Prints the images: a name with a tag, and a digest where there is one. Variables, aliases and our own bare names have no tag.
named() {
  sed -nE 's/^[[:space:]]*image:[[:space:]]+(&[^[:space:]]+[[:space:]]+)?([a-z0-9][^[:space:]]*:[^[:space:]]+)[[:space:]]*$/\2/p; s/^ARG NODE_IMAGE=(.+)$/\1/p' "${files[@]}" | sort -u
}
digest() {
  if command -v skopeo >/dev/null; then skopeo inspect --format '{{.Digest}}' "docker://$1"
  elif command -v crane >/dev/null; then crane digest "$1"
  else docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$1"; fi
}

if [ "${1:-}" = --check ]; then
  if named | grep -vE '@sha256:[0-9a-f]{64}$' >&2; then
    echo 'pin: these images have no digest: run deploy/pin.sh' >&2
    exit 1
  fi
  exit 0
fi
# All are asked before any is written.
pins=()
for tagged in $(named | sed 's/@.*//' | sort -u); do
  found=$(digest "$tagged")
  [[ $found =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "pin: no digest for $tagged: $found" >&2; exit 1; }
  pins+=("$tagged@$found")
done
for pin in "${pins[@]}"; do
  tagged=${pin%@*}
  sed -i.before -E "s#([[:space:]=])${tagged//./\\.}(@sha256:[0-9a-f]{64})?[[:space:]]*\$#\1$pin#" "${files[@]}"
  echo "$pin"
done
for file in "${files[@]}"; do rm -f "$file.before"; done
