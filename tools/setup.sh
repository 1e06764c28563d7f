#!/usr/bin/env bash
# Install what the project needs, and nothing that is there already.
#   tools/setup.sh            what a grid on this machine needs: Slurm, Python workspace, npm packages
#   tools/setup.sh tests      the real parts that only tests use as well
#   tools/setup.sh contracts  Ape's environment as well
set -euo pipefail
cd "$(dirname "$0")/.."

parts=("$@")
uv_version=0.13.9
# Units that the packages below would start, now and at every boot; the project runs its own.
units=(munge slurmctld slurmd slurmdbd mariadb redis-server docker-registry)
# The system's interpreter is wanted, not one that uv downloads.
export UV_PYTHON_DOWNLOADS=never
export PATH=$PWD/.cache/bin:$PATH

say() { printf 'setup: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  else
    command -v sudo >/dev/null || die "run this as root, or install sudo"
    sudo "$@"
  fi
}

wants() { [[ " ${parts[*]} " == *" $1 "* ]]; }

wanted_packages() {
  printf '%s\n' slurm-wlm munge make python3-venv ca-certificates curl file zip unzip bzip2 \
    xz-utils zstd procps iproute2
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
  wants tests || return 0
  printf '%s\n' slurmdbd mariadb-server redis-server shellcheck git openssl \
    bubblewrap slirp4netns passt wireguard-tools wireguard-go \
    p7zip-full unar unrar-free libarchive-tools \
    docker-registry skopeo umoci busybox-static patchelf squashfs-tools squashfuse fuse-overlayfs
}

missing_packages() {
  local package
  while read -r package; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      echo "$package"
  done < <(wanted_packages)
}

# Debian starts what it installs, unless this file says no (invoke-rc.d(8), deb-systemd-invoke(1p)).
forbid_starting_services() {
  [[ -e /usr/sbin/policy-rc.d ]] && return
  trap allow_starting_services EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
  as_root chmod 755 /usr/sbin/policy-rc.d
}

allow_starting_services() { as_root rm -f /usr/sbin/policy-rc.d; }

units_of() { # packages...
  local unit
  for unit in "${units[@]}"; do
    if [[ -e /lib/systemd/system/$unit.service ]]; then echo "$unit"; fi
  done
}

system_packages() {
  local missing before after
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  before=$(units_of)
  forbid_starting_services
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
  after=$(comm -13 <(sort <<<"$before") <(units_of | sort))
  # shellcheck disable=SC2086 # one word a unit
  if [[ -n $after ]] && command -v systemctl >/dev/null; then
    as_root systemctl disable --quiet $after
  fi
}

# Run a command unless the folder it fills was filled from the same inputs before.
step() { # folder, inputs... -- command...
  local folder=$1 inputs=() sum
  shift
  while [[ $1 != -- ]]; do
    inputs+=("$1")
    shift
  done
  shift
  sum=$(sha256sum -- "${inputs[@]}" | sha256sum)
  [[ -f $folder/.setup && $(<"$folder/.setup") == "$sum" ]] && return
  say "filling $folder"
  "$@"
  printf '%s' "$sum" >"$folder/.setup"
}

install_uv() {
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "python3 is older than 3.11"
  rm -rf .cache/uv
  python3 -m venv .cache/uv
  .cache/uv/bin/pip install --quiet --disable-pip-version-check "uv==$uv_version"
  mkdir -p .cache/bin
  ln -sf ../uv/bin/uv .cache/bin/uv
}

install_npm_packages() {
  npm ci --silent --no-audit --no-fund
  add_anvil
}

# npm leaves out an optional package that asks for a newer Node.js than Debian 12 has (18), though
# this one is a native program and needs none. Seen with npm 9.2 and anvil 1.7.1.
add_anvil() {
  local name version integrity file
  name=@foundry-rs/anvil-linux-$(dpkg --print-architecture)
  [[ -d node_modules/$name ]] && return
  read -r version integrity < <(node -p "
    const locked = require('./package-lock.json').packages['node_modules/$name'];
    locked.version + ' ' + locked.integrity")
  file=.cache/$(npm pack --silent --pack-destination .cache "$name@$version")
  node -e "
    const digest = require('crypto').createHash('sha512');
    digest.update(require('fs').readFileSync('$file'));
    process.exit('sha512-' + digest.digest('base64') === '$integrity' ? 0 : 1)" ||
    die "$name is not what package-lock.json says"
  mkdir -p "node_modules/$name"
  tar -xzf "$file" --strip-components=1 -C "node_modules/$name"
  rm "$file"
}

# Ape looks at the first 500 files below contracts/ and no further: its environment, which has
# thousands, is there by a link only (seen on eth-ape 0.8.51).
contracts_environment() {
  [[ -L contracts/.venv ]] || rm -rf contracts/.venv
  mkdir -p .cache/contracts-venv
  ln -sfn ../.cache/contracts-venv contracts/.venv
  uv sync --frozen --quiet --project contracts
}

system_packages
step .cache/uv tools/setup.sh -- install_uv
step .venv uv.lock pyproject.toml sdk/pyproject.toml services/*/pyproject.toml -- \
  uv sync --frozen --quiet
step node_modules package.json package-lock.json tools/setup.sh -- install_npm_packages
if wants contracts; then
  step contracts/.venv contracts/uv.lock contracts/pyproject.toml tools/setup.sh -- \
    contracts_environment
fi
