#!/usr/bin/env bash
# Builds the image where no container engine runs, by buildah, and tries it: /readyz, / and one answered message, read-only and as
# uid 1000, with what was compiled at the build. Needs root, apt, and mounts; takes some minutes.
#
#   scripts/image.sh DIR      builds and tries in DIR, prints the sizes
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:?usage: scripts/image.sh DIR}
mkdir -p "$dir"
say() { echo "image: $*" >&2; }
command -v buildah >/dev/null && command -v mmdebstrap >/dev/null || {
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install buildah mmdebstrap >/dev/null
}
b() { buildah --storage-driver vfs --root "$dir/store" --runroot "$dir/run" "$@"; }
# Without a digest: the base that is made here has another one.
base_name=$(sed -n 's/^ARG NODE_IMAGE=\([^@]*\).*/\1/p' Dockerfile)
suite=$(sed -n 's/.*-\([a-z]*\)-slim$/\1/p' <<<"$base_name")

# No registry of images is asked: the base is made of Debian's packages and the npm package of Node.
if ! b images -q "$base_name" >/dev/null 2>&1; then
  say "making a base like $base_name"
  read -r uri key <<<"$(scripts/debian-source.sh)"
  mmdebstrap --quiet --variant=minbase --include=ca-certificates "${key:+--keyring=$key}" "$suite" "$dir/base" "$uri"
  mkdir -p "$dir/node"
  npm install --prefix "$dir/node" --no-audit --no-fund --loglevel=error "node@$(sed -n 's/^ARG NODE_IMAGE=.*:\([0-9.]*\)-.*/\1/p' Dockerfile)" npm@11 >&2
  install -m 755 "$(find "$dir/node/node_modules" -path '*bin/node' -type f -size +1M | head -1)" "$dir/base/usr/local/bin/node"
  mkdir -p "$dir/base/usr/local/lib/node_modules"
  cp -r "$dir/node/node_modules/npm" "$dir/base/usr/local/lib/node_modules/npm"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$dir/base/usr/local/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$dir/base/usr/local/bin/npx"
  chroot "$dir/base" groupadd -g 1000 node
  chroot "$dir/base" useradd -u 1000 -g 1000 -m -s /bin/bash node
  rm -rf "$dir"/base/var/cache/apt/archives/*.deb "$dir"/base/var/lib/apt/lists/*
  container=$(b from scratch)
  b add -q "$container" "$dir/base" / >/dev/null
  # Node trusts what this machine trusts: the build may go through a proxy of its own.
  b config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$container"
  b commit -q "$container" "$base_name" >/dev/null
  b rm "$container" >/dev/null
fi
say 'building'
volumes=(-v /etc/ssl/certs:/etc/ssl/certs:ro)
# The build uses the npm settings of this machine, and the image does not keep them.
if [ -f ~/.npmrc ]; then volumes+=(-v "$HOME/.npmrc:/root/.npmrc:ro"); fi
b bud --isolation chroot --pull-never --target "${TARGET:-runtime}" "${volumes[@]}" \
  --build-arg "NODE_IMAGE=$base_name" --build-arg "VERSION=$(node -p 'require("./package.json").version')" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
  -t "parley-${TARGET:-runtime}" . >"$dir/build.log" 2>&1 || { tail -20 "$dir/build.log" >&2; exit 1; }

container=$(b from --pull-never "parley-${TARGET:-runtime}")
root=$(b mount "$container")
trap 'b umount "$container" >/dev/null; b rm "$container" >/dev/null' EXIT
say "base $(du -sm "$dir/base" 2>/dev/null | cut -f1) MB, image $(du -sm "$root" | cut -f1) MB, of it /app $(du -sm "$root/app" | cut -f1) MB"
# Prints what the image lacks, and what it holds that is of no use in it.
wrongs() {
  local path
  for path in sbom.cdx.json .compiled web/dist/sources.txt node_modules/.installed-package-lock.json; do [ -e "$root/app/$path" ] || echo "lacks $path"; done
  for path in lab test node_modules/typescript node_modules/@electric-sql node_modules/mocha; do [ ! -e "$root/app/$path" ] || echo "holds $path"; done
  find "$root/app" ! -type l \( -uid 1000 -o -gid 1000 -perm -g+w -o -perm -o+w \) -printf 'lets uid 1000 change %P\n' -quit
}
if [ -n "$(wrongs)" ]; then say "$(wrongs)"; exit 1; fi
b inspect --type image "parley-${TARGET:-runtime}" | grep -q '"User": "1000:1000"' || { say 'does not run as 1000:1000'; exit 1; }
if [ "${TARGET:-runtime}" != runtime ]; then exit 0; fi
node lab/imageTries.ts "$root"

say 'planting faults'
mkdir "$root/app/lab"
mv "$root/app/sbom.cdx.json" "$dir/"
chown 1000 "$root/app/Procfile"
[ "$(wrongs)" = $'lacks sbom.cdx.json\nholds lab\nlets uid 1000 change Procfile' ] || { say 'did not find what was planted'; exit 1; }
chown 0 "$root/app/Procfile"
rmdir "$root/app/lab"
mv "$dir/sbom.cdx.json" "$root/app/"
mv "$root/app/.compiled" "$dir/"
if node lab/imageTries.ts "$root" >"$dir/planted.log" 2>&1 || ! grep -q 'not compiled before' "$dir/planted.log"; then
  say "an image without compiled files passed: $(tail -3 "$dir/planted.log")"
  exit 1
fi
mv "$dir/.compiled" "$root/app/"
mv "$root/app/web/dist" "$dir/"
if node lab/imageTries.ts "$root" >"$dir/planted.log" 2>&1 || ! grep -q '/ shows no page' "$dir/planted.log"; then
  say "an image without pages passed: $(tail -3 "$dir/planted.log")"
  exit 1
fi
say 'planted faults were found'
