#!/usr/bin/env bash
# Deploys an Azure home: what-if first, a question, then the deployment. Needs az, signed in to the
# subscription, with Bicep; openssl and python3.
#
#   deploy.sh FILE.bicepparam                     everything, in two steps: all but the programs, the secrets, then all
#   deploy.sh --prepare FILE.bicepparam           the first step and the secrets alone
#   deploy.sh --what-if FILE.bicepparam           shows what would change, and changes nothing
#   deploy.sh --secret NAME FILE.bicepparam       makes a new version of a secret, of what comes on standard input
#
# YES=1 answers the questions. Secrets go through Azure Resource Manager and a pipe: never into a file, on a command line, into a template or on the terminal.
set -euo pipefail

readonly api=2026-05-15
readonly once=(erasure-key registry-key handle-key)
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
[ "$step" != secret ] || [ -n "$secret" ] || usage
for one in "${once[@]}"; do
    [ "$secret" != "$one" ] || { echo "deploy.sh: $secret is made once, and not replaced here: pipelines/README.md, Rotate keys" >&2; exit 2; }
done
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

secrets_url() { # where the home's secrets are
    local subscription vault
    subscription=$(az account show --query id --output tsv)
    vault=$(az deployment sub show --name "$name" --query properties.outputs.vaultName.value --output tsv)
    [ -n "$subscription" ] && [ -n "$vault" ] || { echo "deploy.sh: $name has no vault: deploy.sh --prepare $file" >&2; exit 3; }
    echo "/subscriptions/$subscription/resourceGroups/rg-$name/providers/Microsoft.KeyVault/vaults/$vault/secrets"
}

put_secret() { # where, name; the value comes on standard input
    local value
    value=$(cat)
    [ -n "${value//[[:space:]]/}" ] || { echo "deploy.sh: secret $2: nothing came on standard input, and nothing was written" >&2; exit 2; }
    printf '%s' "$value" | python3 -c 'import json, sys; json.dump({"properties": {"value": sys.stdin.read()}}, sys.stdout)' \
        | az rest --method put --url "$1/$2?api-version=$api" --body @- --output none
}

# What is there stays. It is asked for first, since the service cannot be told to write only what is not there: so only the
# service's own word that there is none counts, and every other answer ends here.
make_secret() { # where, name
    local said
    if said=$(az rest --method get --url "$1/$2?api-version=$api" --output none 2>&1); then
        cat >/dev/null
    elif [[ $said == *'"SecretNotFound"'* || $said == *'Not Found({"error":'* ]]; then
        put_secret "$1" "$2"
        echo "secret $2: made"
    else
        echo "deploy.sh: secret $2: it could not be found out whether it is there, so none was made; try again: ${said//$'\n'/ }" >&2
        exit 3
    fi
}

make_secrets() {
    local in
    in=$(secrets_url)
    for one in "${once[@]}" reference-key follow-up-secret; do
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
        in=$(secrets_url)
        put_secret "$in" "$secret"
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
