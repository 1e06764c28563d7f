# Launches: bodies in the background, awaited by others or ended with their scope.

# Starts a launch. $1 path, $2 signal at the end of the scope, $3 limit, $4 retries, $5 body.
__ds_launch() {
  local id
  __ds_identify "l$1"
  id=$__ds_id
  __ds_branch_off "$id" __ds_attempts "$3" "$4" "$5" || return $?
  __ds_launch_pids+=("$__ds_pid")
  __ds_launch_ids+=("$id")
  __ds_launch_signals+=("$2")
  __ds_handles[$1]=$id
}

# Awaits launches by the paths of their steps; returns the first failure. Any level may await: the
# end is told by a file.
__ds_await_launches() {
  local path id code failed=0
  for path in "$@"; do
    id=${__ds_handles[$path]-}
    if [[ -z $id ]]; then continue; fi
    : >"$__ds_state/$id.awaited"
    until __ds_read_code "$id"; do
      if __ds_must_stop; then return $((128 + 15)); fi
      __ds_idle || :
      __ds_sweep
    done
    __ds_merge "$id"
    if ((code && !failed)); then
      failed=$code
      __ds_say "the launch at step $path failed with code $code"
    fi
  done
  return "$failed"
}

# Writes the code of launches that died without doing so themselves.
__ds_sweep() {
  local i id code
  for i in "${!__ds_launch_pids[@]}"; do
    id=${__ds_launch_ids[i]}
    if ! __ds_read_code "$id" && __ds_has_ended "${__ds_launch_pids[i]}" && ! __ds_read_code "$id"; then
      __ds_write_code "$id" "${__ds_codes[${__ds_launch_pids[i]}]:-137}"
    fi
  done
}

__ds_launch_has_ended() {
  local code
  __ds_read_code "${__ds_launch_ids[$1]}" || __ds_has_ended "${__ds_launch_pids[$1]}"
}

# Asks the $1-th launch to stop with signal $2, or with its own when $2 is 0 (TERM when it has none).
__ds_stop_launch() {
  local signal=$2
  if __ds_launch_has_ended "$1"; then return 0; fi
  if ((signal == 0)); then signal=${__ds_launch_signals[$1]}; fi
  if ((signal == 0)); then signal=15; fi
  : >"$__ds_state/${__ds_launch_ids[$1]}.ended"
  __ds_ask_to_stop "${__ds_launch_pids[$1]}" "${__ds_launch_ids[$1]}" "$signal"
}

# Ends and awaits the launches of this level from the $1-th on. $2: a signal for all of them,
# "failed" when the scope failed or is stopped, or empty.
__ds_end_launches() {
  local i count=${#__ds_launch_pids[@]}
  for ((i = $1; i < count; i++)); do
    case $2 in
      '') if ((__ds_launch_signals[i])); then __ds_stop_launch "$i" 0; fi ;;
      failed) __ds_stop_launch "$i" 0 ;;
      *) __ds_stop_launch "$i" "$2" ;;
    esac
  done
  for ((i = $1; i < count; i++)); do __ds_reap_launch "$i"; done
}

__ds_reap_launch() {
  local id=${__ds_launch_ids[$1]} pid=${__ds_launch_pids[$1]} code deadline=0 path
  until __ds_launch_has_ended "$1"; do
    if __ds_must_stop && [[ ! -e $__ds_state/$id.ended ]]; then __ds_stop_launch "$1" 0; fi
    if [[ -e $__ds_state/$id.ended ]]; then
      __ds_now
      if ((!deadline)); then deadline=$((__ds_time + __ds_site[GRACE_SECONDS] * 200 + 700)); fi
      if ((__ds_time >= deadline)); then
        __ds_signal_body "$pid" '' 9
        break
      fi
    fi
    __ds_idle || :
  done
  __ds_sweep
  __ds_merge "$id"
  __ds_read_code "$id" || code=137
  if ((code)) && [[ ! -e $__ds_state/$id.awaited && ! -e $__ds_state/$id.ended ]]; then
    : >"$__ds_state/$id.awaited"
    path=${id#l} path=${path//.c./.catch.} path=${path//.f./.finally.}
    __ds_say "the launch at step $path failed with code $code, nobody awaited it"
  fi
}

# Forgets the launches of a scope that has ended.
__ds_drop_launches() {
  local path first=$1 id i
  for ((i = first; i < ${#__ds_launch_ids[@]}; i++)); do
    id=${__ds_launch_ids[i]}
    for path in "${!__ds_handles[@]}"; do
      if [[ ${__ds_handles[$path]} == "$id" ]]; then unset "__ds_handles[$path]"; fi
    done
  done
  __ds_launch_pids=("${__ds_launch_pids[@]:0:first}")
  __ds_launch_ids=("${__ds_launch_ids[@]:0:first}")
  __ds_launch_signals=("${__ds_launch_signals[@]:0:first}")
}
