# A task in a network namespace of its own: the supervisor outside, the set-up inside.
# Inside is a user namespace in which the task is root; the last step maps it to whom it should be.

__node_run_in_network() {
  local code=0
  __node_name_task "$1"
  __node_make_scratch
  __node_write_resolv_conf
  __node_beside=__node_start_helpers
  __node_supervise __node_enter_network "$1" || code=$?
  __node_delete_interfaces
  __node_end_helpers
  if [[ ! -e $__node_scratch/go ]] && ((code == 137)); then code=1; fi
  rm -rf -- "$__node_scratch"
  return "$code"
}

__node_enter_network() {
  export __NODE_SCRATCH=$__node_scratch
  exec unshare --user --map-root-user --net --mount -- "$BASH" "$0" inside "$1"
}

# Waits until a condition holds, at most the site's deadline.
__node_wait_until() {
  local end=$((SECONDS + __node_options[READY_SECONDS] + 1))
  until "$@"; do
    if ((SECONDS >= end)); then return 1; fi
    read -r -t 0.05 -u 5 || :
  done
}

# --- outside -----------------------------------------------------------------

__node_start_helpers() {
  local key
  if ! __node_wait_until __node_has_entered; then return 1; fi
  __node_hold_namespaces
  __node_start_helper "__node_${__node_options[network]}"
  if ! __node_wait_until __node_is_configured_or_broken || ! __node_is_configured; then
    __node_say "the network of this task was not set up:"
    cat -- "$__node_scratch"/*.log >&2
    __node_forward KILL
    return 1
  fi
  for ((key = 0; ; key++)); do
    if [[ -z ${__node_options[bore$key]-} ]]; then break; fi
    __node_start_helper __node_keep_bore "${__node_options[bore$key]}" \
      "${__node_options[bore_secret$key]-}"
  done
  : >"$__node_scratch/go"
}

# Keeps the namespaces reachable after the task, for deleting its interfaces.
__node_hold_namespaces() {
  { exec 6<"/proc/$__node_child/ns/user" 7<"/proc/$__node_child/ns/net"; } 2>/dev/null || :
}

# A kernel without WireGuard has a process behind each interface, which ends with it.
__node_delete_interfaces() {
  local file
  for file in "$__node_scratch"/{wg,vnet}*.conf; do
    if [[ ! -e $file ]]; then continue; fi
    file=${file##*/}
    nsenter --preserve-credentials --user=/proc/self/fd/6 --net=/proc/self/fd/7 -- \
      ip link delete dev "${file%.conf}" 2>/dev/null || :
  done
  exec 6<&- 7<&-
}

__node_has_entered() { [[ -e $__node_scratch/entered ]] || ! kill -0 "$__node_child" 2>/dev/null; }

__node_is_configured() { [[ -e $__node_scratch/configured ]]; }

__node_is_configured_or_broken() {
  __node_is_configured || ! kill -0 "$__node_child" 2>/dev/null ||
    ! kill -0 "${__node_helpers[0]}" 2>/dev/null
}

# Helpers are process groups of their own, ended with the task.
__node_start_helper() {
  set -m
  ("$@") </dev/null &
  __node_helpers+=($!)
  set +m
}

__node_slirp4netns() {
  exec slirp4netns --configure --mtu=65520 --cidr=169.254.254.0/24 --disable-host-loopback \
    "$__node_child" net0 >"$__node_scratch/network.log" 2>&1
}

# $1: forwarded UDP ports, or none; $2...: further options.
__node_pasta() {
  local ports=${1:-none}
  local -a user=()
  # As root, pasta would become nobody, who may not enter the namespace.
  if ((EUID == 0)); then user=(--runas 0:0); fi
  exec pasta "${user[@]}" "${@:2}" --foreground --config-net --mtu 65520 --ns-ifname net0 \
    --address 169.254.254.100 --netmask 255.255.255.0 --gateway 169.254.254.2 \
    --dns-forward 169.254.254.3 --no-map-gw --tcp-ports none --udp-ports "$ports" --tcp-ns none \
    --udp-ns none "$__node_child" >"$__node_scratch/network.log" 2>&1
}

# Keeps a bore client running. $1: target port, a blank, address of the server; $2 secret or empty.
__node_keep_bore() {
  local pause=1 code
  local -a words=(local "${1%% *}" --to "${1#* }")
  if [[ -n $2 ]]; then export BORE_SECRET=$2; fi
  while :; do
    code=0
    nsenter --preserve-credentials --user --mount --net --target "$__node_child" -- \
      "${__node_options[BORE]}" "${words[@]}" || code=$?
    __node_say "warning: the bore client ended with code $code, starting it again in $pause s"
    read -r -t "$pause" -u 5 || :
    pause=$((pause < 30 ? pause * 2 : 30))
  done
}

__node_end_helpers() {
  local pid end=$((SECONDS + 3))
  for pid in "${__node_helpers[@]}"; do kill -s TERM -- "-$pid" 2>/dev/null || :; done
  for pid in "${__node_helpers[@]}"; do
    while kill -0 "$pid" 2>/dev/null && ((SECONDS < end)); do
      read -r -t 0.05 -u 5 || :
    done
    kill -s KILL -- "-$pid" 2>/dev/null || :
  done
  __node_helpers=()
}

# One resolv.conf with all servers in order; the host's, unless it names loopback servers only.
__node_write_resolv_conf() {
  local key line usable=''
  for ((key = 0; ; key++)); do
    if [[ -z ${__node_options[dns$key]-} ]]; then break; fi
    printf 'nameserver %s\n' "${__node_options[dns$key]}"
  done >"$__node_scratch/resolv.conf"
  if ((key)); then return 0; fi
  while IFS= read -r line; do
    case $line in
      nameserver\ 127.* | nameserver\ ::1) ;;
      nameserver\ *) usable=1 ;;
    esac
  done </etc/resolv.conf
  if [[ -n $usable ]]; then
    cat /etc/resolv.conf
  else
    printf 'nameserver 169.254.254.3\n'
  fi >"$__node_scratch/resolv.conf"
}

# --- inside ------------------------------------------------------------------

__node_inside() {
  __node_scratch=$__NODE_SCRATCH
  unset __NODE_SCRATCH
  __node_is_inside=1
  exec 5<> <(:)
  __node_read_all "$1"
  : >"$__node_scratch/entered"
  __node_wait_until __node_has_route || __node_fail 1 "device net0 is missing"
  ip link set lo up
  mount --bind "$__node_scratch/resolv.conf" /etc/resolv.conf || exit $?
  __node_bring_up_interfaces >"$__node_scratch/interfaces.log" 2>&1 || exit $?
  : >"$__node_scratch/configured"
  __node_wait_until test -e "$__node_scratch/go" || exit 1
  "__node_run_on_${__node_options[where]}" "$1"
}

# Whether the default route goes through net0.
__node_has_route() {
  local device destination
  while read -r device destination _; do
    if [[ $device == net0 && $destination == 00000000 ]]; then return 0; fi
  done </proc/self/net/route
  return 1
}

# Userspace WireGuard keeps its sockets in one directory: this task gets its own.
__node_hide_sockets() {
  mkdir -p /var/run/wireguard 2>/dev/null || :
  if [[ -d /var/run/wireguard ]]; then mount -t tmpfs tmpfs /var/run/wireguard; fi
}

# Interfaces in the order of the workflow, each from a file of its own.
__node_bring_up_interfaces() {
  local key name
  umask 077
  if [[ -n ${__node_options[interface0]-} ]]; then __node_hide_sockets || return $?; fi
  for ((key = 0; ; key++)); do
    name=${__node_options[interface$key]-}
    if [[ -z $name ]]; then return 0; fi
    if [[ $name == vnet* ]]; then
      __node_write_vnet "${__node_options[$name]}" >"$__node_scratch/$name.conf" || return $?
    else
      printf '%s\n' "${__node_options[$name]}" >"$__node_scratch/$name.conf"
    fi
    wg-quick up "$__node_scratch/$name.conf" || return $?
  done
}

# $1: number of the network, number of the peer, address, allowed network, separated by blanks.
__node_write_vnet() {
  local network peer address allowed key public endpoint
  IFS=' ' read -r network peer address allowed < <(printf '%s\n' "$1")
  IFS= read -r key <"${__node_options[storage]}/.deepsquare/vnet$network.$peer.key" || return $?
  IFS= read -r public <"${__node_options[storage]}/.deepsquare/vnet$network.public" || return $?
  IFS= read -r endpoint <"${__node_options[storage]}/.deepsquare/vnet$network.endpoint" || return $?
  printf '[Interface]\nPrivateKey = %s\nAddress = %s\n' "$key" "$address"
  printf '[Peer]\nPublicKey = %s\nEndpoint = %s\nAllowedIPs = %s\nPersistentKeepalive = 20\n' \
    "$public" "$endpoint" "$allowed"
}
