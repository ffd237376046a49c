#!/usr/bin/env bash
# Looks for packages with known vulnerabilities, for secrets in the history, and for what is known against an image.
#
#   scan.sh packages            of NuGet and of npm
#   scan.sh secrets             in every commit
#   scan.sh image FILE.tar      in an image that 'docker save' wrote
#
# The tools are images pinned by version. Exit code 1: something was found. 3: it could not be looked for.
set -euo pipefail

readonly gitleaks=ghcr.io/gitleaks/gitleaks:v8.28.0
readonly trivy=ghcr.io/aquasecurity/trivy:0.67.2
root=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)

usage() {
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

packages() {
    local found=0 said lock
    cd "$root"
    said=$(mktemp)
    for project in RemoteMonitoring.sln orchestrations/RemoteMonitoring.Functions/RemoteMonitoring.Functions.csproj; do
        dotnet restore "$project" --nologo -v quiet || { echo "$project: cannot be restored" >&2; exit 3; }
        # It ends with 0 whatever it finds, so what it found is read.
        dotnet list "$project" package --vulnerable --include-transitive --format json >"$said" || { cat "$said" >&2; echo "$project: not held against known vulnerabilities" >&2; exit 3; }
        python3 - "$said" "$project" <<'PY' || found=1
import json, sys
projects = json.load(open(sys.argv[1]))["projects"]
bad = sorted({(package["id"], package["resolvedVersion"], one["severity"], one["advisoryurl"])
              for project in projects for framework in project.get("frameworks", [])
              for kind in ("topLevelPackages", "transitivePackages") for package in framework.get(kind, [])
              for one in package.get("vulnerabilities", [])})
for package in bad:
    print(f"{sys.argv[2]}:", *package)
sys.exit(1 if bad else 0)
PY
    done
    rm -f "$said"
    while read -r lock; do
        (cd "$(dirname "$lock")" && npm audit --package-lock-only) || { echo "$lock: see above" >&2; found=1; }
    done < <(git ls-files '*package-lock.json')
    exit "$found"
}

# It ends with 0 also where git refuses it the folder, as that of another user, and it has looked at nothing: what counts is that it says how many commits it read.
secrets() {
    local said status=0
    said=$(docker run --rm --volume "$root:/repository:ro" \
        --env GIT_CONFIG_COUNT=1 --env GIT_CONFIG_KEY_0=safe.directory --env GIT_CONFIG_VALUE_0=/repository \
        "$gitleaks" git /repository --redact --no-banner --no-color --exit-code 1 2>&1) || status=$?
    printf '%s\n' "$said"
    if ! grep -Eq '(^|[^0-9])[1-9][0-9]* commits scanned' <<<"$said"; then
        echo "the history was not looked through: no commit was scanned" >&2
        exit 3
    fi
    exit "$status"
}

case "${1:-}" in
    packages) [ $# -eq 1 ] || usage; packages ;;
    secrets) [ $# -eq 1 ] || usage; secrets ;;
    image)
        [ $# -eq 2 ] && [ -f "$2" ] || usage
        docker run --rm --volume "$(realpath "$2"):/image.tar:ro" "$trivy" image --input /image.tar --severity HIGH,CRITICAL --ignore-unfixed --exit-code 1
        ;;
    *) usage ;;
esac
