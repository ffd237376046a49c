#!/usr/bin/env bash
# Asks a home whether it runs a tag, and well; then, and only then, gives it the mark that rollback.sh goes by.
#
#   smoke.sh FILE.bicepparam TAG
#
# Nothing is written to the home and no patient is asked for. PATIENCE: seconds to wait for programs to come up (600).
set -euo pipefail

[ $# -eq 2 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
# shellcheck source=home.sh
. "$(dirname "$0")/home.sh" "$1"
tag_is_one "$2"
functions=$(functions_app)
address=$(pages)
until=$((SECONDS + ${PATIENCE:-600}))

eventually() { # what is asked, then the command that says yes
    local what=$1
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$until" ] || { echo "smoke.sh: not so within ${PATIENCE:-600} s: $what" >&2; exit 1; }
        sleep "${BETWEEN:-10}"
    done
    echo "✓ $what"
}

runs() { # the app's latest revision is ready and of the tag
    [ "$(az containerapp show --resource-group "$home_group" --name "$1" --query "properties.template.containers[0].image" --output tsv)" = "$server/rmon:$2" ] || return 1
    local latest ready
    latest=$(az containerapp show --resource-group "$home_group" --name "$1" --query properties.latestRevisionName --output tsv)
    ready=$(az containerapp show --resource-group "$home_group" --name "$1" --query properties.latestReadyRevisionName --output tsv)
    [ -n "$latest" ] && [ "$latest" = "$ready" ] || return 1
    [ "$(az containerapp revision show --resource-group "$home_group" --name "$1" --revision "$latest" --query properties.healthState --output tsv)" = Healthy ]
}

signs_in() {
    curl --silent --fail --max-time 20 --output /dev/null "$address/sign-in"
}

# What describes an app of Flex Consumption has it one level lower.
of_functions() {
    az functionapp show --resource-group "$home_group" --name "$functions" --query "$1 || properties.$1" --output tsv
}

has_workflows() { # the app runs, and its host found the functions
    [ "$(of_functions state)" = Running ] || return 1
    az functionapp function list --resource-group "$home_group" --name "$functions" --query "[].name" --output tsv | grep -q "/daily-risk$"
}

is_made_of() { # the package that answers is of the tag: one that was accepted and not put in place leaves the old one running
    local host key
    host=$(of_functions defaultHostName) && key=$(az functionapp keys list --resource-group "$home_group" --name "$functions" --query functionKeys.default --output tsv) || return 1
    [ -n "$host" ] && [ -n "$key" ] || return 1
    [ "$(printf 'x-functions-key: %s\n' "$key" | curl --silent --fail --max-time 20 --header @- "https://$host/api/version")" = "$1" ]
}

eventually "the worker runs $2, and lands" runs worker "$2"
eventually "the pages run $2" runs worklist "$2"
eventually "the pages ask who it is" signs_in
eventually "the Functions app has the workflows" has_workflows
eventually "the Functions app runs $2" is_made_of "$2"

# The mark is a small image of its own, pushed from here: a registry whose network is closed imports nothing. It has the time in it, so
# that it is another one each time, and the latest mark is that of the latest test.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "$2 passed in $home_name at $(date -u +%FT%TZ)" >"$work/passed"
az acr login --name "$registry"
tar -C "$work" -c passed | docker import - "$server/rmon-good:$2" >/dev/null
docker push "$server/rmon-good:$2"
echo "$2: good"
