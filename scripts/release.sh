#!/usr/bin/env bash
# Makes a release: writes the version and the date, commits, and tags. Pushing the tag starts .github/workflows/release.yml.
#   scripts/release.sh VERSION     such as 0.2.0; CHANGELOG.md has its section, which says "Not tagged yet."
#   scripts/release.sh --check TAG says whether package.json and CHANGELOG.md fit a tag
set -euo pipefail
cd "${RELEASE_TREE:-$(dirname "$0")/..}"
fail() { echo "release: $*" >&2; exit 1; }
section() { awk -v head="## $1" '/^## /{ on = $0 == head } on' CHANGELOG.md; }
number() { node -p "require('./package.json').version"; }

if [ "${1:-}" = --check ]; then
  version=${2#v}
  [ "$(number)" = "$version" ] || fail "package.json says $(number), not $version"
  [ -n "$(section "$version")" ] || fail "CHANGELOG.md has no section $version"
  ! section "$version" | grep -q '^Not tagged yet\.' || fail "CHANGELOG.md says that $version is not tagged"
  exit
fi
version=${1:?usage: scripts/release.sh VERSION}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail 'a version is MAJOR.MINOR.PATCH'
[ -z "$(git status --porcelain)" ] || fail 'commit your changes first'
[ -n "$(section "$version")" ] || fail "CHANGELOG.md has no section $version"
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null || fail "v$version is tagged already"
npm version --no-git-tag-version --allow-same-version "$version" >/dev/null
awk -v head="## $version" -v date="$(date -u +%F)" '/^## /{ on = $0 == head } on && /^Not tagged yet\./{ $0 = date "." } 1' CHANGELOG.md >CHANGELOG.part
mv CHANGELOG.part CHANGELOG.md
git commit -qam "Release $version"
git tag -a "v$version" -m "$version"
echo "release: v$version is tagged; push it with: git push origin HEAD v$version"
