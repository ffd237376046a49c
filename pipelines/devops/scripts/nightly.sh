#!/usr/bin/env bash
# Tests and measurements that take too long for every change.
#
#   nightly.sh tests             all tests, with those that take minutes
#   nightly.sh chaos KIND        ingest, daily or follow-ups: processes are killed, and nothing is lost
#   nightly.sh benches FILE      every benchmark; a line of JSON for each case into a file
set -euo pipefail

usage() {
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"
rmon() {
    dotnet run --configuration Release --project orchestrations/RemoteMonitoring.Cli -- "$@"
}

case "${1:-} ${2:-}" in
    "tests ") RMON_LONG=1 ./.ci/run ;;
    "chaos ingest") rmon chaos ingest --kills 100 ;;
    "chaos daily") rmon chaos daily --kills 100 --patients 2000 ;;
    "chaos follow-ups") rmon chaos follow-ups --kills 50 --follow-ups 300 ;;
    "benches "?*) dotnet run --configuration Release --project tests/RemoteMonitoring.Benchmarks -- all >"$2" ;;
    *) usage ;;
esac
