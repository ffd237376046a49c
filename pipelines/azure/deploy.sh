#!/usr/bin/env bash
# Deploys an Azure home: what-if first, a question, then the deployment. Needs az, signed in to the
# subscription, with Bicep; openssl and python3.
#
#   deploy.sh FILE.bicepparam                     everything, in two steps: all but the programs, the secrets, then all
#   deploy.sh --prepare FILE.bicepparam           the first step and the secrets alone
#   deploy.sh --what-if FILE.bicepparam           shows what would change, and changes nothing
#   deploy.sh --secret NAME FILE.bicepparam       makes a new version of a secret, of what comes on standard input
#
# YES=1 answers the questions. Secrets go through Azure Resource Manager and a pipe: never on a command line, in a template or on the terminal.
set -euo pipefail

readonly api=2026-05-15
here=$(cd "$(dirname "$0")" && pwd)

usage() {
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

step=all
secret=
case "${1:-}" in
    --prepare) step=prepare; shift ;;
    --what-if) step=what-if; shift ;;
    --secret) step=secret; secret=${2:-}; shift 2 || usage ;;
esac
file=${1:-}
[ $# -eq 1 ] && [ -f "$file" ] || usage
command -v az >/dev/null || { echo "deploy.sh: needs the Azure CLI: https://learn.microsoft.com/cli/azure/install-azure-cli" >&2; exit 3; }

parameters=$(az bicep build-params --file "$file" --stdout)
value() { # of a parameter that is text
    printf '%s' "$parameters" | python3 -c 'import json, sys; p = json.load(sys.stdin); p = json.loads(p["parametersJson"]) if "parametersJson" in p else p; print(p["parameters"][sys.argv[1]]["value"])' "$1"
}
name=$(value environmentName)
location=$(value location)

deploy() { # the rest are parameters
    az deployment sub what-if --name "$name" --location "$location" --template-file "$here/main.bicep" --parameters "$file" "$@"
    [ "$step" = what-if ] && return
    if [ "${YES:-}" != 1 ]; then
        read -r -p "Deploy that? [y/N] " answer
        [ "$answer" = y ] || { echo "Nothing was deployed." >&2; exit 4; }
    fi
    az deployment sub create --name "$name" --location "$location" --template-file "$here/main.bicep" --parameters "$file" "$@" --output none
}

vault() {
    az deployment sub show --name "$name" --query properties.outputs.vaultName.value --output tsv
}

secret_url() {
    echo "/subscriptions/$(az account show --query id --output tsv)/resourceGroups/rg-$name/providers/Microsoft.KeyVault/vaults/$1/secrets/$2?api-version=$api"
}

put_secret() { # vault, name; the value comes on standard input
    local body
    body=$(mktemp)
    chmod 600 "$body"
    python3 -c 'import json, sys; json.dump({"properties": {"value": sys.stdin.read().rstrip("\n")}}, sys.stdout)' >"$body"
    az rest --method put --url "$(secret_url "$1" "$2")" --body "@$body" --output none || { rm -f "$body"; return 1; }
    rm -f "$body"
}

make_secret() { # vault, name; what is there stays
    if az rest --method get --url "$(secret_url "$1" "$2")" --output none 2>/dev/null; then
        cat >/dev/null
    else
        put_secret "$1" "$2"
        echo "secret $2: made"
    fi
}

make_secrets() {
    local in
    in=$(vault)
    for one in erasure-key registry-key handle-key reference-key follow-up-secret; do
        openssl rand -hex 32 | make_secret "$in" "$one"
    done
    # Nothing is delivered by these until somebody says where to: see README.md.
    printf '{"schemaVersion":1,"worklist":"https://localhost/"}' | make_secret "$in" follow-ups
    printf 'not-set' | make_secret "$in" oidc-client-secret
}

case "$step" in
    what-if)
        deploy
        ;;
    secret)
        [ -n "$secret" ] || usage
        put_secret "$(vault)" "$secret"
        ;;
    prepare)
        # The second time everything is there, and stays: without the programs' part, nothing of theirs is taken away.
        deploy programs=false
        make_secrets
        ;;
    all)
        deploy programs=false
        make_secrets
        deploy programs=true
        ;;
esac
