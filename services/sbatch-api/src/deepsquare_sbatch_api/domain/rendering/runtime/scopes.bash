# Scopes that run beside others: launches and iterations, each a shell level of its own.

# Starts a function as a shell level in the background, sets __ds_pid. $1 its id. Fails when there is no
# room for what the level needs.
__ds_branch_off() {
  if ! __ds_make_room "$1"; then
    __ds_say "cannot write the files of $1"
    return 1
  fi
  set -m
  (__ds_branch_main "$@") </dev/null 8>&9 &
  __ds_started $!
}

# Environment files: the level works on copies. A line takes the place of its code, as the storage may be
# full by its end.
__ds_make_room() {
  local i text
  printf '\n' >"$__ds_state/$1.code" || return 1
  for i in "${!__ds_env_files[@]}"; do
    __ds_read_text "${__ds_env_files[i]}"
    printf '%s' "$text" >"$__ds_state/$1.env$i" || return 1
    printf '%s' "$text" >"$__ds_state/$1.base$i" || return 1
  done
}

# Sets the caller's text to the content of an environment file, as far as it counts. Workloads may have
# removed it, or put in its place what must not be read.
__ds_read_text() {
  local LC_ALL=C
  text=''
  if [[ -f $1 && -r $1 ]]; then IFS= read -r -d '' -n 1048577 text <"$1" || :; fi
}

# Sets the caller's code to that of a level; fails while it has none.
__ds_read_code() {
  code=''
  { IFS= read -r code <"$__ds_state/$1.code"; } 2>/dev/null && [[ -n $code ]]
}

__ds_branch_main() {
  local code=0 i
  __ds_branch=$1
  __ds_caught=()
  __ds_listen
  set +m
  exec 9<> <(:)
  __ds_cut=-1 __ds_shelter=0 __ds_limits=() __ds_codes=() __ds_signal=0 __ds_noticed=0 __ds_how=15
  __ds_launch_pids=() __ds_launch_ids=() __ds_launch_signals=() __ds_services=()
  for i in "${!__ds_env_files[@]}"; do __ds_env_files[i]=$__ds_state/$1.env$i; done
  if [[ -s $__ds_state/$1.stop ]]; then __ds_take_request; fi
  shift
  "$@" || code=$?
  if ((__ds_cut == 0)); then code=$((128 + __ds_signal)); fi
  __ds_end_scope 0 "$code"
  __ds_close_branch "$code"
}

# Over the line that takes its place.
__ds_write_code() { printf '%s\n' "$2" 1<>"$__ds_state/$1.code" || :; }

__ds_close_branch() {
  __ds_write_code "$__ds_branch" "$1"
  __ds_announce "$BASHPID" "$1" >&8 || :
  exit "$1"
}

# Asks a level started here to stop with a signal ($3) for its workloads.
__ds_ask_to_stop() {
  local at
  __ds_now
  at=$((__ds_time + __ds_site[GRACE_SECONDS] * 200 + 200))
  if ((__ds_signal && __ds_stop_at < at)); then at=$__ds_stop_at; fi
  printf '%s %s\n' "$3" "$at" >"$__ds_state/$2.stop"
  if __ds_alive "$1"; then kill -s TERM "$1" 2>/dev/null || :; fi
}

# Merges what levels changed in their copies of the environment files into those of this level, in the
# order given and with one writing, as there may be thousands.
__ds_merge() {
  local id i
  local -a ids=()
  for id in "$@"; do
    if [[ -n ${__ds_merged[$id]+x} ]]; then continue; fi
    __ds_merged[$id]=1
    ids+=("$id")
  done
  for i in "${!__ds_env_files[@]}"; do __ds_merge_file "$i" "${ids[@]}"; done
}

__ds_merge_file() {
  local id key number=$1
  local -a __ds_keys=() changed=()
  local -A __ds_values=() new=()
  shift
  for id in "$@"; do __ds_find_changes "$id" "$number"; done
  if ((!${#changed[@]})); then return 0; fi
  __ds_keys=() __ds_values=()
  __ds_read_env_file "${__ds_env_files[number]}"
  for key in "${changed[@]}"; do
    if [[ -z ${__ds_values[$key]+x} ]]; then __ds_keys+=("$key"); fi
    __ds_values[$key]=${new[$key]}
  done
  __ds_write_env_file "${__ds_env_files[number]}"
}

# Adds to the caller's changed and new what level $1 changed in its copy of the $2-th file.
__ds_find_changes() {
  local key text before
  local -A base=()
  __ds_read_text "$__ds_state/$1.base$2"
  before=$text
  __ds_read_text "$__ds_state/$1.env$2"
  if [[ $before == "$text" ]]; then return 0; fi
  __ds_keys=() __ds_values=()
  __ds_read_env_file "$__ds_state/$1.base$2"
  for key in "${__ds_keys[@]}"; do base[$key]=${__ds_values[$key]}; done
  __ds_keys=() __ds_values=()
  __ds_read_env_file "$__ds_state/$1.env$2"
  for key in "${__ds_keys[@]}"; do
    if [[ -n ${base[$key]+x} && ${base[$key]} == "${__ds_values[$key]}" ]]; then continue; fi
    changed+=("$key")
    new[$key]=${__ds_values[$key]}
  done
}

# Ends a scope of this level: its launches are those from the $1-th on; $2 is the scope's code.
__ds_end_scope() {
  local first=$1 how=''
  if (($2 || __ds_signal)); then how=failed; fi
  __ds_end_launches "$first" "$how"
  __ds_drop_launches "$first"
}
