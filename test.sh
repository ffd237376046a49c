#!/usr/bin/env bash
# Builds everything and runs all tests. Needs the .NET SDK that global.json names, Node with npm, and on Linux strace.
# The last line is "N passed, N failed"; the exit code is 0 only when nothing failed.
set -uo pipefail
cd "$(dirname "$0")"

# The lines counted below are in the language of the command line.
export DOTNET_CLI_UI_LANGUAGE=en

log=$(mktemp)
trap 'rm -f "$log"' EXIT

dotnet test RemoteMonitoring.sln --nologo "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

# Each test assembly closes with "Passed!  - Failed: 0, Passed: 12, Skipped: 0, Total: 12, …".
read -r passed failed skipped < <(
    sed -nE 's/.*Failed: +([0-9]+), Passed: +([0-9]+), Skipped: +([0-9]+), Total.*/\1 \2 \3/p' "$log" |
        awk '{ failed += $1; passed += $2; skipped += $3 } END { print passed + 0, failed + 0, skipped + 0 }'
)

if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    echo "The tests did not run to their end; see above." >&2
fi
if [ "$skipped" -ne 0 ]; then
    echo "$skipped tests were skipped: every requirement is to be checked." >&2
    status=1
fi
if [ "$passed" -eq 0 ]; then
    echo "No test ran." >&2
    status=1
fi

echo "$passed passed, $failed failed"
exit "$status"
