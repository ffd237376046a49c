#!/usr/bin/env bash
# What the other scripts ask of a home that was deployed; they source it.
#
#   . home.sh FILE.bicepparam
#
# It sets $home_name, $home_group, $registry and $server, and says the Functions app and the pages' address.
# They are variables of the scripts that source this file.
# shellcheck disable=SC2034
set -euo pipefail

command -v az >/dev/null || { echo "needs the Azure CLI: https://learn.microsoft.com/cli/azure/install-azure-cli" >&2; exit 3; }
[ -f "${1:-}" ] || { echo "there is no parameter file '${1:-}'" >&2; exit 2; }
home_name=$(sed -nE "s/^param environmentName = '([^']+)'.*/\1/p; s/^param environmentName = readEnvironmentVariable\('AZURE_ENV_NAME', *'([^']+)'\).*/\1/p" "$1")
[ -n "$home_name" ] || { echo "$1 has no environmentName" >&2; exit 2; }

# By the names and kinds of resources, not by the outputs of the last deployment: one that failed has none, and is just when to go back.
home_group=rg-$home_name
server=$(az acr list --resource-group "$home_group" --query "[0].loginServer" --output tsv)
[ -n "$server" ] || { echo "$home_name was never deployed: pipelines/azure/deploy.sh $1" >&2; exit 3; }
registry=${server%%.*}

functions_app() {
    az functionapp list --resource-group "$home_group" --query "[0].name" --output tsv
}

pages() {
    echo "https://$(az containerapp show --resource-group "$home_group" --name worklist --query properties.configuration.ingress.fqdn --output tsv)"
}

tag_is_one() { # a commit, in full: a tag that nobody moves
    [[ "$1" =~ ^[0-9a-f]{40}$ ]] || { echo "'$1' is no tag: it is a commit's 40 hex digits" >&2; exit 2; }
}
