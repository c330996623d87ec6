#!/usr/bin/env bash
# Installs PostgreSQL's server programs where the tests would not find any. Does nothing when they are there, or when
# TEST_POSTGRES_URL names a server. The places are those of binaries.go.
set -euo pipefail

[[ -z "${TEST_POSTGRES_URL:-}" ]] || exit 0
path="$(dirname "$(realpath -m "$(command -v pg_ctl || echo /nowhere/pg_ctl)")")"
config="$(pg_config --bindir 2>/dev/null || true)"
for dir in "$path" "$config" /usr/lib/postgresql/*/bin; do
  [[ -x "$dir/pg_ctl" && -x "$dir/initdb" && -x "$dir/postgres" ]] && exit 0
done

as_root=()
[[ "$(id -u)" == 0 ]] || as_root=(sudo -n)
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "PostgreSQL is needed for the tests: run 'apt-get install postgresql', or set TEST_POSTGRES_URL" >&2
  exit 1
fi
echo "installing PostgreSQL for the tests"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install postgresql
