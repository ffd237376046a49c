#!/usr/bin/env bash
# Builds everything and runs all tests; arguments, as --filter, go to 'dotnet test'. Needs the .NET SDK that global.json names, Node with npm, and on Linux strace. The pages are
# opened in a Chromium: the one on the PATH, or in RMON_CHROMIUM, or else one that Playwright fetches once.
# The last line is "N passed, N failed"; the exit code is 0 only when nothing failed.
set -uo pipefail
cd "$(dirname "$0")"

# The lines counted below are in the language of the command line.
export DOTNET_CLI_UI_LANGUAGE=en

# Packages of NuGet are held against known vulnerabilities when they are restored. Of npm's, which tests alone use, it is asked here.
vulnerable=0
while read -r lock; do
    report=$(cd "$(dirname "$lock")" && npm audit --package-lock-only --json 2>/dev/null)
    audited=$?
    if ! grep -q '"auditReportVersion"' <<<"$report"; then
        echo "$lock: not held against known vulnerabilities, the registry does not say them." >&2
    elif [ "$audited" -ne 0 ]; then
        echo "$lock: packages with known vulnerabilities; 'npm audit' there says which." >&2
        vulnerable=1
    fi
done < <(git ls-files '*package-lock.json')

log=$(mktemp)
beside=$(mktemp)
trap 'rm -f "$log" "$beside"; kill "${whole:-}" 2>/dev/null' EXIT

if ! dotnet build RemoteMonitoring.sln --nologo; then
    echo "It does not build; see above." >&2
    echo "0 passed, 0 failed"
    exit 1
fi

# The tests that run the whole program wait much, for leases and for what they killed: the others run meanwhile.
dotnet test tests/RemoteMonitoring.EndToEnd.Tests --no-build --nologo "$@" >"$beside" 2>&1 &
whole=$!
status=0
for project in tests/*.Tests; do
    if [ "$project" != tests/RemoteMonitoring.EndToEnd.Tests ]; then
        dotnet test "$project" --no-build --nologo "$@" 2>&1 | tee -a "$log"
        [ "${PIPESTATUS[0]}" -eq 0 ] || status=1
    fi
done
wait "$whole" || status=1
tee -a "$log" <"$beside"

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
if [ "$vulnerable" -ne 0 ]; then
    status=1
fi
if [ "$passed" -eq 0 ]; then
    echo "No test ran." >&2
    status=1
fi

echo "$passed passed, $failed failed"
exit "$status"
