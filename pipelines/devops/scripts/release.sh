#!/usr/bin/env bash
# Deploys a home with a tag that is in its registry: template, worker, pages, Functions app, in this order.
#
#   release.sh FILE.bicepparam TAG
#
# It answers deploy.sh's questions: who approves does so before. Whether it came up well is smoke.sh's to say.
set -euo pipefail

[ $# -eq 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
# shellcheck source=home.sh
. "$(dirname "$0")/home.sh" "$1"
tag_is_one "$2"
for repository in rmon rmon-train rmon-functions; do
    az acr repository show --name "$registry" --image "$repository:$2" --output none || { echo "$server has no $repository:$2: push.sh brings it" >&2; exit 3; }
done

SERVICE_WORKER_IMAGE_NAME="$server/rmon:$2" SERVICE_WORKLIST_IMAGE_NAME="$server/rmon:$2" \
    TRAINING_IMAGE_NAME="$server/rmon-train:$2" TRAINING_IMAGE_VERSION="$2" YES=1 "$(dirname "$0")/../../azure/deploy.sh" "$1"

functions=$(functions_app)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
az acr login --name "$registry"
docker pull "$server/rmon-functions:$2"
container=$(docker create "$server/rmon-functions:$2")
docker cp "$container:/functions.zip" "$work/functions.zip"
docker rm "$container" >/dev/null
az functionapp deployment source config-zip --resource-group "$home_group" --name "$functions" --src "$work/functions.zip" --output none
echo "$2: deployed to $home_name"
