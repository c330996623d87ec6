#!/usr/bin/env bash
# Installs Chromium where the tests would not find any. Does nothing when it is there, or when CHROMIUM names one. The place is
# that of browser.js.
set -euo pipefail

[[ -z "${CHROMIUM:-}" && ! -x /usr/bin/chromium ]] || exit 0

as_root=()
[[ "$(id -u)" == 0 ]] || as_root=(sudo -n)
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "Chromium is needed for the tests: run 'apt-get install chromium', or set CHROMIUM" >&2
  exit 1
fi
echo "installing Chromium for the tests"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install chromium
