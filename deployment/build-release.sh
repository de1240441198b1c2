#!/usr/bin/env bash
# Builds the program into an empty folder, with the packages that it runs with and no tools:
#   deployment/build-release.sh FOLDER
# The folder can be copied to machines with the same system and Node. Needs Node, npm and the network (or npm's cache).
set -euo pipefail

out=${1:?usage: deployment/build-release.sh FOLDER}
source=$(cd "$(dirname "$0")/.." && pwd)
if [ -e "$out" ] && [ -n "$(ls -A "$out")" ]; then
  echo "$out is not empty" >&2
  exit 1
fi
mkdir -p "$out/clients/typescript"
cd "$source"
# .env.example: misspelled settings are found by it.
cp -a package.json package-lock.json .npmrc .env.example tsconfig.json tsconfig.build.json bin src data migrations deployment LICENSE "$out"
cp -a clients/typescript/package.json "$out/clients/typescript" # named by the lock file
cp -a clients/typescript/src "$out/clients/typescript"
cp -a console "$out" # the browser application, which is built from both
cd "$out"
npm ci --no-fund --no-audit --prefer-offline
npm run build
npm prune --omit=dev --workspaces=false --no-fund --no-audit
# Without its sources and the compiler the program takes what is built as it is.
rm -rf src tsconfig.json tsconfig.build.json clients console dist/.tsbuildinfo
