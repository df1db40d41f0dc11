#!/usr/bin/env bash
# Takes the commands out of packages of Debian's next release, whose versions know today's files. Installs nothing; needs apt.
#   scripts/next-debian.sh DIR PACKAGE...    copies what the packages have in /usr/bin to DIR
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$1
source=$("$here/debian-source.sh")
[ -n "$source" ] || exit 0
read -r uri key <<<"$source"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial"
echo "deb ${key:+[signed-by=$key] }$uri trixie main" >"$work/next.list"
own=(-qq -o "Dir::Etc::sourcelist=$work/next.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$work/lists" -o APT::Sandbox::User=root)
apt-get "${own[@]}" update
cd "$work"
apt-get "${own[@]}" download "${@:2}"
for package in *.deb; do dpkg -x "$package" root; done
cp -L root/usr/bin/* "$dir/"
