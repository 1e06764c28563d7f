# Virtual networks: keys, one gateway for each on the batch host, ended in the finalisers.

declare -ga __ds_gateways=()

# $1 number, $2 address of the gateway, $3... addresses of the peers.
__ds_start_network() {
  local prefix=$__ds_state/vnet$1 pid
  __ds_do __ds_x_write_gateway "$prefix" "${@:2}" || return $?
  __ds_find_address || return $?
  __ds_emit "ports=${__ds_site[VNET_PORTS]}" "READY_SECONDS=${__ds_site[READY_SECONDS]}" \
    "address=$__ds_address" "number=$1" "storage=$__ds_storage" >"$prefix.options"
  __ds_spawn "$BASH" "$__ds_state/node.bash" gateway "$prefix"
  pid=$__ds_pid
  __ds_gateways+=("$pid")
  until [[ -s $prefix.endpoint ]]; do
    if __ds_must_stop; then return $((128 + 15)); fi
    if __ds_has_ended "$pid"; then
      __ds_say "virtual network $1 could not be started"
      return 1
    fi
    __ds_idle 0.1 || :
  done
}

# Keys and the gateway's configuration; removed with the storage.
__ds_x_write_gateway() {
  local prefix=$1 address=$2 peer=0 own
  shift 2
  umask 077
  wg genkey >"$prefix.key" || return $?
  wg pubkey <"$prefix.key" >"$prefix.public" || return $?
  {
    printf '[Interface]\nListenPort = 51820\nAddress = %s\nPrivateKey = ' "$address"
    cat -- "$prefix.key"
    for own in "$@"; do
      wg genkey >"$prefix.$peer.key" || return $?
      printf '[Peer]\nAllowedIPs = %s\nPublicKey = ' "$own"
      wg pubkey <"$prefix.$peer.key" || return $?
      peer=$((peer + 1))
    done
  } >"$prefix.conf"
}

# The address by which the other nodes reach this host; IPv6 in brackets.
__ds_find_address() {
  __ds_address=${__ds_site[VNET_ADDRESS]}
  if [[ -z $__ds_address ]]; then
    __ds_do __ds_x_find_address >"$__ds_state/address" || :
    read -r __ds_address <"$__ds_state/address" || {
      __ds_say "this host has no address for virtual networks"
      return 1
    }
  fi
  if [[ $__ds_address == *:* && $__ds_address != \[* ]]; then __ds_address="[$__ds_address]"; fi
}

__ds_x_find_address() {
  local node target route
  local -a hosts=()
  mapfile -t hosts < <(scontrol show hostnames "${SLURM_JOB_NODELIST-}" 2>/dev/null)
  for node in "${hosts[@]}" 1.1.1.1; do
    target=$(getent ahosts "$node" | { read -r first _ && printf '%s' "$first"; }) || continue
    route=$(ip -o route get "$target" 2>/dev/null) || continue
    if [[ $route != local* && $route =~ \ src\ ([^ ]+) ]]; then
      printf '%s\n' "${BASH_REMATCH[1]}"
      return 0
    fi
  done
  return 1
}

__ds_stop_networks() {
  local pid
  for pid in "${__ds_gateways[@]}"; do __ds_kill "$pid" TERM; done
  for pid in "${__ds_gateways[@]}"; do
    __ds_end "$pid" ''
    unset "__ds_codes[$pid]"
  done
  __ds_gateways=()
}
