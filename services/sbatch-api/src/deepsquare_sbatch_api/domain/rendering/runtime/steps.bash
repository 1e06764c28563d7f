# Steps: order, failure, time limits and attempts.

# Runs steps in order; the first failure is the list's.
__ds_list() {
  local step
  for step in "$@"; do
    if __ds_must_stop; then return $((128 + (__ds_signal ? __ds_signal : 15))); fi
    "$step" || return $?
  done
}

# One step. $1 path, $2 name, $3 time limit in seconds or 0, $4 further attempts, $5 its parts:
# a text of the words depends, if, body, catch, finally. Each part is a function __ds_<part>_<path>.
__ds_step() {
  local path=$1 name=$2 limit=$3 retries=$4 parts=" $5 " suffix=${1//./_}
  local start code=0 body_code label
  label="step $path$__ds_context \"$name\""
  __ds_now
  start=$__ds_time
  __ds_say "$label started"
  if [[ $parts == *' depends '* ]]; then "__ds_depends_$suffix" || code=$?; fi
  if ((code == 0)) && [[ $parts == *' if '* ]]; then
    "__ds_if_$suffix" || code=$?
    if ((code == 1)); then
      __ds_say "$label skipped"
      return 0
    fi
  fi
  if ((code == 0)); then
    if [[ -n $name ]]; then printf 'Running: %s\n' "$name"; fi
    if [[ $parts == *' body '* ]]; then
      __ds_attempts "$limit" "$retries" "__ds_body_$suffix" || code=$?
    fi
  fi
  body_code=$code
  if ((code)) && [[ $parts == *' catch '* ]] && ! __ds_must_stop; then
    code=0
    __ds_handle "$body_code" "__ds_catch_$suffix" || code=$?
  fi
  if [[ $parts == *' finally '* ]]; then
    __ds_settle "$body_code" "__ds_finally_$suffix" || code=$((code ? code : $?))
  fi
  __ds_now
  __ds_say "$label finished (code $code, $(((__ds_time - start) / 100)) seconds)"
  return "$code"
}

# Runs the steps of a catch or finally block, which see the code of the body.
__ds_handle() {
  local __ds_error=$1
  "$2"
}

# Runs a finally block even when this level is stopping: then until __ds_stop_at, and the time
# limits that have passed no longer count.
__ds_settle() {
  local cut=$__ds_cut code=0 kept=${#__ds_limits[@]}
  local -a limits=("${__ds_limits[@]}")
  if ((cut > 0)); then kept=$((cut - 1)); fi
  if ((cut == 0 && ${#__ds_launch_pids[@]})); then __ds_end_launches 0 failed; fi
  __ds_limits=("${limits[@]:0:kept}")
  __ds_cut=-1
  __ds_shelter=$((__ds_shelter + 1))
  __ds_handle "$1" "$2" || code=$?
  __ds_shelter=$((__ds_shelter - 1))
  __ds_limits=("${limits[@]}")
  if ((__ds_cut < 0 || (cut >= 0 && cut < __ds_cut))); then __ds_cut=$cut; fi
  return "$code"
}

# Runs a body until it succeeds or its attempts are used up.
__ds_attempts() {
  local limit=$1 retries=$2 body=$3 attempt=1 code first=${#__ds_launch_pids[@]}
  local around=$__ds_context __ds_context=$__ds_context
  while :; do
    code=0
    __ds_attempt "$limit" "$body" || code=$?
    if ((code == 0 || __ds_cut >= 0 || attempt > retries)); then return "$code"; fi
    if __ds_must_stop; then return "$code"; fi
    if ((${#__ds_launch_pids[@]} > first)); then __ds_end_launches "$first" 15; fi
    attempt=$((attempt + 1))
    __ds_say "attempt $((attempt - 1)) failed with code $code, attempt $attempt follows"
    __ds_context=$around-a$attempt
  done
}

# One attempt; leaving it by its time limit ends the launches it started.
__ds_attempt() {
  local code=0 first=${#__ds_launch_pids[@]} depth=$((${#__ds_limits[@]} + 1))
  if (($1 == 0)); then
    "$2"
    return
  fi
  __ds_now
  __ds_limits+=($((__ds_time + $1 * 100)))
  "$2" || code=$?
  unset "__ds_limits[$((depth - 1))]"
  if ((__ds_cut == depth)); then
    __ds_cut=-1
    __ds_say "time limit of $1 seconds reached"
    if ((${#__ds_launch_pids[@]} > first)); then __ds_end_launches "$first" 15; fi
    code=124
  fi
  return "$code"
}

# Sets __ds_id, the name of the files of a step in these iterations and attempts. $1: a letter for their
# kind, and the path, whose words are cut: nested blocks would pass the 255 bytes of a file name.
__ds_identify() {
  __ds_id=${1//catch/c}
  __ds_id=${__ds_id//finally/f}$__ds_context
}

# A condition: 0 run, 1 skip, 2 failed. A fresh bash evaluates it with the environment of a host run.
# Through eval, because `bash -c` of 5.2 ends with 0 on a syntax error inside [[ ]]; before bash 5
# such an error has code 1, so the program tells itself whether the text was parsed.
__ds_if() {
  local id code=0
  # shellcheck disable=SC2016 # expanded by the fresh bash
  local program='eval "__ds_parsed=1; set --; [[ $1 ]]"; set -- "$?"
    if [[ -z ${__ds_parsed-} ]]; then exit 2; fi; exit "$1"'
  __ds_identify "c$1"
  id=$__ds_id
  __ds_store "$__ds_state/$id.env" __ds_emit_environment host '' 0 || return 2
  __ds_store "$__ds_state/$id.args" \
    __ds_emit "$BASH" --norc --noprofile -c "$program" deepsquare "$2" || return 2
  __ds_store "$__ds_state/$id.options" __ds_emit "storage=$__ds_storage" || return 2
  __ds_do "$BASH" "$__ds_state/node.bash" run "$__ds_state/$id" || code=$?
  __ds_forget "$id"
  if ((code < 2 || __ds_cut >= 0)); then return "$code"; fi
  __ds_say "the condition of step $1$__ds_context cannot be evaluated (code $code)"
  return 2
}

# Removes the files of a run that may hold values; removal at the end would do as well.
__ds_forget() {
  __ds_briefly 600 rm -f -- "$__ds_state/$1".{env,args,options} "$__ds_state/$1".*.sh
}

# One run. The caller's arrays: __ds_srun (options of srun), __ds_program (words of the program),
# __ds_options (key=value words for node.bash). $1 path, $2 host, enroot or apptainer, $3 function
# that writes the step's entries or empty, $4 GPUs a task.
__ds_run() {
  local id code=0 inside=container
  __ds_identify "r$1"
  id=$__ds_id
  if [[ $2 == host ]]; then inside=host; fi
  __ds_store "$__ds_state/$id.env" __ds_emit_environment "$inside" "$3" "$4" || return $?
  __ds_store "$__ds_state/$id.args" __ds_emit "${__ds_program[@]}" || return $?
  __ds_store "$__ds_state/$id.options" __ds_emit_options "$2" "$4" || return $?
  __ds_spawn srun "${__ds_srun[@]}" --export=ALL \
    "$BASH" "$__ds_state/node.bash" run "$__ds_state/$id"
  __ds_await "$__ds_pid" "$id" || code=$?
  __ds_forget "$id"
  return "$code"
}

# $1 where the run takes place, $2 GPUs a task.
__ds_emit_options() {
  __ds_emit "where=$1" "${__ds_options[@]}" "storage=$__ds_storage" "own_uid=$EUID" \
    "own_gid=${GROUPS[0]}" "DISK_TMP=${__ds_site[DISK_TMP]}"
  if __ds_has __ds_emit_site_options; then __ds_emit_site_options "$2"; fi
}
