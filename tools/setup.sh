#!/usr/bin/env bash
# Install what the project needs, and nothing that is there already.
#   tools/setup.sh            system packages, Python workspace, npm packages
#   tools/setup.sh contracts  Ape's environment as well
set -euo pipefail
cd "$(dirname "$0")/.."

stamp_dir=.cache/stamps
bin_dir=.cache/bin
mkdir -p "$stamp_dir" "$bin_dir"

say() { printf 'setup: %s\n' "$*" >&2; }

# Run a step again only when one of its input files has changed.
step() { # name, files..., -- command...
  local name=$1 files=()
  shift
  while [[ $1 != -- ]]; do files+=("$1"); shift; done
  shift
  local sum
  sum=$(cat -- "${files[@]}" | sha256sum)
  [[ -f $stamp_dir/$name && $(<"$stamp_dir/$name") == "$sum" ]] && return
  say "$name"
  "$@"
  printf '%s' "$sum" >"$stamp_dir/$name"
}

as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi
}

missing_packages() {
  local wanted=(slurm-wlm munge shellcheck redis-server make python3-venv curl file zip unzip)
  local package
  for package in "${wanted[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done
}

# RUNLEVEL=1 keeps the packages from starting their services: the project runs its own.
system_packages() {
  local packages
  mapfile -t packages < <(missing_packages)
  ((${#packages[@]})) || return 0
  say "installing ${packages[*]}"
  as_root apt-get update -qq
  as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
}

install_uv() {
  python3 -m venv .cache/uv
  .cache/uv/bin/pip install --quiet uv==0.13.9
  ln -sf ../uv/bin/uv "$bin_dir/uv"
}

# uv's own copy of the interpreter is not wanted: the system's Python is.
export UV_PYTHON_DOWNLOADS=never
PATH=$PWD/$bin_dir:$PATH

system_packages
step uv "$0" -- install_uv
step workspace uv.lock pyproject.toml sdk/pyproject.toml services/*/pyproject.toml -- \
  uv sync --frozen --quiet
step npm package.json package-lock.json -- npm ci --silent --no-audit --no-fund
if [[ ${1:-} == contracts ]]; then
  step contracts contracts/uv.lock contracts/pyproject.toml -- \
    uv sync --frozen --quiet --project contracts
fi
