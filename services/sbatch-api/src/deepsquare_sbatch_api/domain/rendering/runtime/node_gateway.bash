# The gateway of a virtual network, on the batch host: a network namespace with WireGuard in which
# peers reach each other, and one UDP port of the host that leads to it.

__node_gateway() {
  local port first last start
  __node_read "$1"
  __node_scratch=$1.scratch
  mkdir -m 700 -- "$__node_scratch" || exit $?
  __node_prefix=$1
  first=${__node_options[ports]%-*} last=${__node_options[ports]#*-}
  start=$(((${SLURM_JOB_ID:-0} + __node_options[number]) % (last - first + 1)))
  for ((port = 0; port <= last - first; port++)); do
    __node_port=$((first + (start + port) % (last - first + 1)))
    rm -f -- "$__node_scratch"/*
    __node_beside=__node_open_gateway
    __node_helpers=()
    __node_supervise __node_enter_gateway "$1" || :
    __node_delete_interfaces
    __node_end_helpers
    if [[ -e $__node_scratch/configured || ! -e $__node_scratch/taken ]]; then break; fi
  done
  rm -rf -- "$__node_scratch"
}

__node_enter_gateway() {
  export __NODE_SCRATCH=$__node_scratch
  exec unshare --user --map-root-user --net --mount -- "$BASH" "$0" inside_gateway "$1"
}

__node_open_gateway() {
  __node_wait_until __node_has_entered || return 1
  __node_hold_namespaces
  # One family only: with both, pasta is content when it gets the port in one of them.
  __node_start_helper __node_pasta "$__node_port:51820" --ipv4-only
  if ! __node_wait_until __node_is_configured_or_broken; then
    cat -- "$__node_scratch"/*.log >&2
  elif __node_is_configured && __node_has_port_alone; then
    printf '%s:%s\n' "${__node_options[address]}" "$__node_port" >"$__node_prefix.endpoint.new"
    mv -f -- "$__node_prefix.endpoint.new" "$__node_prefix.endpoint"
    return 0
  fi
  if ! __node_is_configured && ! grep -qi bind "$__node_scratch/network.log"; then
    cat -- "$__node_scratch"/*.log >&2
  else
    rm -f -- "$__node_scratch/configured"
    : >"$__node_scratch/taken"
  fi
  __node_forward KILL
  return 1
}

# pasta binds with SO_REUSEADDR, so two gateways could share a port: whoever sees that gives way.
__node_has_port_alone() {
  local address count=0 port
  printf -v port '%04X' "$__node_port"
  while read -r _ address _; do
    if [[ $address == *:"$port" ]]; then count=$((count + 1)); fi
  done </proc/net/udp
  ((count == 1))
}

__node_inside_gateway() {
  __node_scratch=$__NODE_SCRATCH
  exec 5<> <(:)
  __node_read "$1"
  : >"$__node_scratch/entered"
  __node_wait_until __node_has_route || __node_fail 1 "device net0 is missing"
  umask 077
  __node_hide_sockets || exit $?
  cp -- "$1.conf" "$__node_scratch/wg0.conf" || exit $?
  wg-quick up "$__node_scratch/wg0.conf" >"$__node_scratch/interfaces.log" 2>&1 || exit $?
  printf 1 >/proc/sys/net/ipv4/ip_forward
  printf 1 >/proc/sys/net/ipv6/conf/all/forwarding 2>/dev/null || :
  : >"$__node_scratch/configured"
  while :; do read -r -t 3600 -u 5 || :; done
}
