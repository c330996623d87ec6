#!/usr/bin/env bash
# Installs a Redis server where there is none and it can be done; the tests have one of their own beside it and run without.
set -euo pipefail

command -v redis-server >/dev/null || command -v valkey-server >/dev/null && exit 0
as_root=()
[[ "$(id -u)" == 0 ]] || as_root=(sudo -n)
command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null || exit 0
echo "installing Redis for the tests"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install redis-server ||
  echo "Redis could not be installed: the tests run without it" >&2
