#!/usr/bin/env bash
# Deploys a tag of before: the one that is named, or the last that passed its smoke test and is not the one that runs.
#
#   rollback.sh FILE.bicepparam [TAG]      without it, or with 'last', the last
#
# A tag that never passed in this home is refused.
set -euo pipefail

[ $# -eq 1 ] || [ $# -eq 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
# shellcheck source=home.sh
. "$(dirname "$0")/home.sh" "$1"
running=$(az containerapp show --resource-group "$home_group" --name worker --query "properties.template.containers[0].image" --output tsv)
good=$(az acr repository show-tags --name "$registry" --repository rmon --orderby time_desc --output tsv | sed -nE 's/^good-([0-9a-f]{40})$/\1/p')
if [ "${2:-last}" != last ]; then
    tag_is_one "$2"
    tag=$2
    grep -qxF "$tag" <<<"$good" || { echo "rollback.sh: $tag never passed a smoke test in $home_name. These did: ${good//$'\n'/ }" >&2; exit 3; }
else
    tag=$(grep -vxF "${running##*:}" <<<"$good" | head -n 1) || true
    [ -n "$tag" ] || { echo "rollback.sh: no other tag passed a smoke test in $home_name: nothing to go back to" >&2; exit 3; }
fi

echo "$home_name: from ${running##*:} back to $tag"
"$(dirname "$0")/release.sh" "$1" "$tag"
"$(dirname "$0")/smoke.sh" "$1" "$tag"
