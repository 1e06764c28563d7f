# Loops. Values are the caller's array __ds_loop; each iteration binds one variable.

# $1 begin, $2 end, $3 increment: fills __ds_loop of the caller.
__ds_count() {
  local i
  if (($3 > 0)); then
    for ((i = $1; i <= $2; i += $3)); do __ds_loop+=("$i"); done
  else
    for ((i = $1; i >= $2; i += $3)); do __ds_loop+=("$i"); done
  fi
}

# $1 name of the variable, $2 function of the steps.
__ds_sequential() {
  local i code=0 first
  local around=$__ds_context __ds_context=$__ds_context
  local -a layers=("${__ds_layers[@]}")
  for i in "${!__ds_loop[@]}"; do
    if __ds_must_stop; then return $((128 + 15)); fi
    __ds_context=$around-i$((i + 1))
    first=${#__ds_launch_pids[@]}
    __ds_layers=("${layers[@]}" "v:$1=${__ds_loop[i]}")
    "$2" || code=$?
    __ds_end_scope "$first" "$code"
    __ds_layers=("${layers[@]}")
    if ((code)); then return "$code"; fi
  done
}

# $1 path, $2 name of the variable, $3 function of the steps, $4 how many at a time.
__ds_parallel() {
  local code=0 next=0 asked='' i
  local around=$__ds_context __ds_context=$__ds_context
  local -a ids=() layers=("${__ds_layers[@]}")
  local -A running=()
  while :; do
    if __ds_must_stop && ((!code)); then code=$((128 + 15)); fi
    while ((!code && next < ${#__ds_loop[@]} && ${#running[@]} < $4)); do
      __ds_context=$around-i$((next + 1))
      __ds_identify "i$1"
      ids[next]=$__ds_id
      __ds_layers=("${layers[@]}" "v:$2=${__ds_loop[next]}")
      if ! __ds_branch_off "${ids[next]}" "$3"; then
        code=1
        unset "ids[$next]"
      fi
      __ds_layers=("${layers[@]}")
      if ((code)); then break; fi
      running[$next]=$__ds_pid
      next=$((next + 1))
    done
    if ((!${#running[@]})); then break; fi
    if ((code)) && [[ $asked != "$__ds_signal" ]]; then
      asked=$__ds_signal
      for i in "${!running[@]}"; do __ds_ask_to_stop "${running[$i]}" "${ids[i]}" 15; done
    fi
    __ds_idle || :
    __ds_collect
  done
  __ds_merge "${ids[@]}"
  return "$code"
}

# Takes ended iterations out of the caller's running, the first failure into its code.
__ds_collect() {
  local i one
  for i in "${!running[@]}"; do
    if __ds_has_ended "${running[$i]}"; then
      one=${__ds_codes[${running[$i]}]:-137}
      unset "__ds_codes[${running[$i]}]" "running[$i]"
      if ((one && !code)); then code=$one; fi
    fi
  done
}
