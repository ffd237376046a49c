#!/usr/bin/env bash
# Puts what package.sh made into a home's registry. A tag that is there stays as it is.
#
#   push.sh FILE.bicepparam FOLDER
set -euo pipefail

[ $# -eq 2 ] && [ -f "$2/tag" ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
# shellcheck source=home.sh
. "$(dirname "$0")/home.sh" "$1"
tag=$(cat "$2/tag")
tag_is_one "$tag"
az acr login --name "$registry"
for image in rmon train functions; do
    repository=$image
    [ "$image" = rmon ] || repository=rmon-$image
    if az acr repository show --name "$registry" --image "$repository:$tag" --output none 2>/dev/null; then
        echo "$repository:$tag: there already"
        continue
    fi
    docker load --input "$2/$image.tar"
    docker tag "$repository:$tag" "$server/$repository:$tag"
    docker push "$server/$repository:$tag"
    az acr repository update --name "$registry" --image "$repository:$tag" --write-enabled false --output none
done
