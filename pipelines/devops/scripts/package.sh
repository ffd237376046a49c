#!/usr/bin/env bash
# Makes what is deployed, once for all homes: the program's image, that of trainings and the Functions package, under the tag of a commit.
#
#   package.sh FOLDER        into a folder: rmon.tar, train.tar, functions.tar (docker load) and tag
set -euo pipefail

[ $# -eq 1 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
root=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$root"
[ -z "$(git status --porcelain)" ] || { echo "package.sh: there are changes that are in no commit, so no tag says what this is" >&2; exit 3; }
tag=$(git rev-parse HEAD)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

dotnet publish orchestrations/RemoteMonitoring.Functions -c Release -o "$work/functions" --nologo -p:SourceRevisionId="$tag"
(cd "$work/functions" && zip -q -r "$work/functions.zip" .)
docker build --file pipelines/devops/functions.Dockerfile --tag "rmon-functions:$tag" "$work"
docker build --file orchestrations/RemoteMonitoring.Cli/Dockerfile --tag "rmon:$tag" .
docker build --file pipelines/azureml/Dockerfile --tag "rmon-train:$tag" .
docker save --output "$folder/rmon.tar" "rmon:$tag"
docker save --output "$folder/train.tar" "rmon-train:$tag"
docker save --output "$folder/functions.tar" "rmon-functions:$tag"
echo "$tag" >"$folder/tag"
echo "$tag: packaged"
