#!/usr/bin/env bash
# Deploys a tag of before with the template, the settings and the scripts of its own commit: the one that is named, or the last that
# passed its smoke test and is not the one that runs.
#
#   rollback.sh FILE.bicepparam [TAG]           without it, or with 'last', the last
#   rollback.sh --after TAG FILE.bicepparam     after a release of TAG that failed: the last that passed, other than TAG; where no
#                                               deployment of TAG began, or the last one passed, nothing is done
#
# A tag that never passed in this home is refused. FILE is as it was committed with the tag, so the checkout needs its history.
set -euo pipefail

usage() {
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

released=
if [ "${1:-}" = --after ]; then
    released=${2:-}
    [ $# -eq 3 ] && [ -n "$released" ] || usage
    shift 2
fi
[ $# -eq 1 ] || [ $# -eq 2 ] || usage
# shellcheck source=home.sh
. "$(dirname "$0")/home.sh" "$1"
good=$(az acr repository show-tags --name "$registry" --repository rmon-good --orderby time_desc --output tsv | grep -E '^[0-9a-f]{40}$') \
    || { echo "rollback.sh: no tag passed a smoke test in $home_name: nothing to go back to" >&2; exit 3; }

if [ -n "$released" ]; then
    tag_is_one "$released"
    # A deployment's name is the home's: this is the last that began, whatever became of it.
    begun=$(az deployment sub show --name "$home_name" --query "[[properties.parameters.images.value.worker, properties.timestamp]]" --output tsv)
    read -r image at <<<"$begun"
    passed=
    ! grep -qxF "$released" <<<"$good" || passed=$(az acr repository show --name "$registry" --image "rmon-good:$released" --query lastUpdateTime --output tsv)
    if [ "${image##*:}" != "$released" ] || [[ ! ${passed:0:19} < ${at:0:19} ]]; then
        echo "$home_name: nothing of $released was deployed since it last passed: what runs stays"
        exit 0
    fi
    leave=$released
else
    leave=$(az containerapp show --resource-group "$home_group" --name worker --query "properties.template.containers[0].image" --output tsv)
    leave=${leave##*:}
fi

if [ "${2:-last}" != last ]; then
    tag_is_one "$2"
    tag=$2
    grep -qxF "$tag" <<<"$good" || { echo "rollback.sh: $tag never passed a smoke test in $home_name. These did: ${good//$'\n'/ }" >&2; exit 3; }
else
    tag=$(grep -vxF "$leave" <<<"$good" | head -n 1) || true
    [ -n "$tag" ] || { echo "rollback.sh: no other tag passed a smoke test in $home_name: nothing to go back to" >&2; exit 3; }
fi

# An image of before knows the settings of before: what this checkout has renamed since, or done wrong in a template, goes back with it.
folder=$(dirname "$1")
file=$(git -C "$folder" ls-files --full-name -- "$(basename "$1")")
[ -n "$file" ] || { echo "rollback.sh: $1 is in no commit, so it cannot be had as it was with $tag" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git -C "$(git -C "$folder" rev-parse --show-toplevel)" archive "$tag" pipelines | tar -x -C "$work" \
    || { echo "rollback.sh: this checkout has no commit $tag: git fetch --unshallow" >&2; exit 3; }
[ -f "$work/$file" ] || { echo "rollback.sh: commit $tag has no $file" >&2; exit 3; }

echo "$home_name: from $leave back to $tag"
"$work/pipelines/devops/scripts/release.sh" "$work/$file" "$tag"
"$work/pipelines/devops/scripts/smoke.sh" "$work/$file" "$tag"
