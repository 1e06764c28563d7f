# Time, messages, bodies and stopping: what every batch script stands on.
#
# A *shell level* is a bash process of this script: the batch shell, a launch, or one iteration of a
# parallel loop. Each has a pipe of its own on file descriptor 9 on which its children announce
# their end; descriptor 8 is the pipe of the level that started it. A *body* is a process group led
# by a keeper, which outlives what it runs and therefore keeps the group's number taken.

# A site's profile may have changed what the lines below rest on.
IFS=$' \t\n'
set +Cfk
shopt -u failglob nocasematch

declare -gA __ds_codes=() __ds_site=() __ds_handles=() __ds_merged=() __ds_warned=()
declare -ga __ds_caught=() __ds_limits=() __ds_layers=() __ds_env_files=() __ds_services=()
declare -ga __ds_launch_pids=() __ds_launch_ids=() __ds_launch_signals=()
__ds_signal=0      # the first signal, or the one the starting level asked for
__ds_noticed=0     # 1 once launches were told of it
__ds_how=15        # the signal that ends a body
__ds_stop_at=0     # when everything must have ended, in centiseconds of __ds_time
__ds_cut=-1        # what is being left: -1 nothing, 0 this shell level, n the n-th time limit
__ds_shelter=0     # above 0, a signal does not cut before __ds_stop_at
__ds_branch=''     # id of this level if it is a launch or an iteration
__ds_context=''    # iterations and attempts around the current step, part of ids
__ds_id=''         # file name of the step looked at last, see __ds_identify
__ds_error=''      # DEEPSQUARE_ERROR_CODE, empty when unset
__ds_env_current=0 # index of the environment file that steps write to
__ds_umask=$(umask)
__ds_storage=''
__ds_state=''       # $__ds_storage/.deepsquare
__ds_pid=0
__ds_time=0

__ds_say() { printf 'deepsquare: %s\n' "$1" >&2; }

__ds_has() { declare -F "$1" >/dev/null; }

# Sets __ds_time to centiseconds since boot; never goes back.
__ds_now() {
  local up
  read -r up _ </proc/uptime
  __ds_time=$((10#${up/./}))
}

# --- signals -----------------------------------------------------------------

# Handlers only note: a `read` inside one would take the timer of the `read` it interrupts.
__ds_listen() {
  trap '__ds_caught+=(1)' HUP
  trap '__ds_caught+=(2)' INT
  trap '__ds_caught+=(15)' TERM
}

__ds_take_signals() {
  local caught=("${__ds_caught[@]}") signal
  __ds_caught=()
  for signal in "${caught[@]}"; do
    if [[ $signal == 15 && -n $__ds_branch && -s $__ds_state/$__ds_branch.stop ]]; then
      __ds_take_request
    elif ((__ds_signal)); then
      __ds_say "signal $signal ignored, already stopping"
    else
      __ds_now
      __ds_signal=$signal
      __ds_stop_at=$((__ds_time + (__ds_site[STOP_SECONDS] - 4) * 100))
      if ((__ds_stop_at < __ds_time + 50)); then __ds_stop_at=$((__ds_time + 50)); fi
    fi
  done
}

# The level that started this one left its wish in a file: a signal, and by when to have ended.
__ds_take_request() {
  local how at
  IFS=' ' read -r how at <"$__ds_state/$__ds_branch.stop"
  if ((!__ds_signal)); then
    __ds_signal=$how __ds_how=$how __ds_stop_at=$at
  elif ((at < __ds_stop_at)); then
    __ds_stop_at=$at
  fi
}

# Whether this level must leave what it does; looks at signals and time limits.
__ds_must_stop() {
  local i
  if ((${#__ds_caught[@]})); then __ds_take_signals; fi
  if ((__ds_cut >= 0)); then return 0; fi
  if ((__ds_signal)); then
    if ((!__ds_noticed)); then
      __ds_noticed=1
      __ds_notice
    fi
    __ds_now
    if ((!__ds_shelter || __ds_time >= __ds_stop_at)); then
      __ds_cut=0
      return 0
    fi
  fi
  if ((${#__ds_limits[@]})); then
    __ds_now
    for i in "${!__ds_limits[@]}"; do
      if ((__ds_time >= __ds_limits[i])); then
        __ds_cut=$((i + 1))
        return 0
      fi
    done
  fi
  return 1
}

__ds_notice() {
  local i
  __ds_say "stopping on signal $__ds_signal"
  for i in "${!__ds_launch_pids[@]}"; do __ds_stop_launch "$i" 0; done
}

# --- bodies ------------------------------------------------------------------

# Runs a command as a body in the background, sets __ds_pid.
# Monitor mode gives it a process group and keeps INT and QUIT at their defaults.
__ds_spawn() {
  set -m
  (__ds_keep "$@") </dev/null &
  __ds_started $!
}

# Notes a new child in __ds_pid; a number that was used before means nothing any more.
__ds_started() {
  __ds_pid=$1
  set +m
  unset "__ds_codes[$1]"
  disown "$1" 2>/dev/null || :
}

# The keeper: survives the signals its group gets, reports the code, takes leftovers with it.
__ds_keep() {
  local code=0
  set +m
  trap : HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM STKFLT CONT TSTP TTIN \
    TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS
  umask "$__ds_umask"
  "$@" 8>&- 9>&- || code=$?
  __ds_announce "$BASHPID" "$code" >&9 || :
  kill -KILL -- "-$BASHPID"
}

# Tells the end of process $1 with code $2. Twice, with the number at both ends of the line: bash 4.4
# may swallow what it has read of a line when the time limit of a `read` passes.
__ds_announce() { printf '\n%s %s %s\n%s %s %s\n' "$1" "$2" "$1" "$1" "$2" "$1"; }

# Waits for an end to be announced, at most half a second (or $1); fails when nothing came. Signals are
# taken whoever waits, as the time that is left counts from the first.
__ds_idle() {
  local pid code check
  if ((${#__ds_caught[@]})); then __ds_take_signals; fi
  IFS=' ' read -r -t "${1:-0.5}" -u 9 pid code check || return 1
  if [[ -n $pid && $pid == "$check" ]]; then __ds_codes[$pid]=$code; fi
}

# Whether a process is a living child of this level. Only such a process is ever signalled.
__ds_alive() {
  local stat
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat=${stat##*) }
  [[ $stat != [ZX]* ]] || return 1
  stat=${stat#* }
  [[ ${stat%% *} == "$BASHPID" ]]
}

# What a process has told stands in the pipe when it is gone. It is looked for there, not waited for: on a
# busy machine any time limit passes before a line is read.
__ds_has_ended() {
  if [[ -n ${__ds_codes[$1]-} ]]; then return 0; fi
  if __ds_alive "$1"; then return 1; fi
  while [[ -z ${__ds_codes[$1]-} ]] && read -r -t 0 -u 9; do __ds_idle || :; done
  return 0
}

# Awaits a body and returns its code; ends it when this level must stop.
# $2 is the id of its run, or empty.
__ds_await() {
  local pid=$1 code slice=0.5
  if ((${#__ds_limits[@]})); then slice=0.1; fi
  until __ds_has_ended "$pid"; do
    if __ds_must_stop; then
      __ds_end "$pid" "$2"
      break
    fi
    __ds_idle "$slice" || :
  done
  code=${__ds_codes[$pid]:-137}
  unset "__ds_codes[$pid]"
  return "$code"
}

# Runs a command as a body and awaits it.
__ds_do() {
  __ds_spawn "$@"
  __ds_await "$__ds_pid" ''
}

# Runs a short command of our own whatever the state of this level, at most $1 centiseconds.
__ds_briefly() {
  local deadline pid code
  __ds_now
  deadline=$((__ds_time + $1))
  shift
  __ds_spawn "$@"
  pid=$__ds_pid
  until __ds_has_ended "$pid"; do
    __ds_now
    if ((__ds_time >= deadline)); then
      __ds_kill "$pid" 9
      break
    fi
    __ds_idle 0.1 || :
  done
  code=${__ds_codes[$pid]:-137}
  unset "__ds_codes[$pid]"
  return "$code"
}

__ds_kill() {
  if __ds_alive "$1"; then kill -s "$2" -- "-$1" 2>/dev/null || :; fi
}

# Ends a body: the signal, the grace, KILL to what is left.
__ds_end() {
  local pid=$1 id=$2 deadline limit
  __ds_now
  limit=$((__ds_time + __ds_site[GRACE_SECONDS] * 100))
  __ds_signal_body "$pid" "$id" "$__ds_how"
  until __ds_has_ended "$pid"; do
    deadline=$limit
    __ds_now
    if ((__ds_signal && __ds_stop_at < deadline)); then deadline=$__ds_stop_at; fi
    if ((__ds_time >= deadline)); then
      __ds_kill_body "$pid" "$id"
      break
    fi
    __ds_idle 0.1 || :
  done
}

# Tasks of a Slurm step get the signal from Slurm, the body's own processes directly. srun itself is
# left out: it keeps INT, and answers TERM and HUP by killing the step at once (seen on 22.05). Only
# one that Slurm knows no step of yet and that has no other process is told.
__ds_signal_body() {
  local pid is_by_slurm='' is_told=''
  local -a members=()
  if __ds_scancel "$2" "$3"; then is_by_slurm=1; fi
  if [[ -n $2 || $3 == 9 ]]; then
    __ds_find_members "$1" "$3"
    for pid in "${members[@]}"; do
      if [[ $pid == "$1" ]] || __ds_is_srun "$pid"; then continue; fi
      is_told=1
      kill -s "$3" "$pid" 2>/dev/null || :
    done
  fi
  if [[ -z $is_by_slurm && ( -z $is_told || $3 == 9 ) ]]; then __ds_kill "$1" "$3"; fi
}

# Adds to the caller's members the processes of the group of keeper $1. KILL ($2) cannot be handed on:
# it also gets those that descend from them in groups of their own.
__ds_find_members() {
  local file stat pid i
  local -A parents=()
  for file in /proc/[0-9]*/stat; do
    { IFS= read -r stat <"$file"; } 2>/dev/null || continue
    pid=${stat%% *} stat=${stat##*) } stat=${stat#* }
    if [[ $pid == "$1" ]]; then continue; fi
    parents[$pid]=${stat%% *} stat=${stat#* }
    if [[ ${stat%% *} == "$1" ]]; then members+=("$pid"); fi
  done
  if [[ $2 != 9 ]]; then return 0; fi
  for pid in "${members[@]}"; do unset "parents[$pid]"; done
  members+=("$1")
  for ((i = 0; i < ${#members[@]}; i++)); do
    for pid in "${!parents[@]}"; do
      if [[ ${parents[$pid]} != "${members[i]}" ]]; then continue; fi
      members+=("$pid")
      unset "parents[$pid]"
    done
  done
}

# Whether a process is srun of a run, by its words: it may be a script.
__ds_is_srun() {
  local -a line=()
  { mapfile -d '' -t line <"/proc/$1/cmdline"; } 2>/dev/null || return 1
  [[ "${line[*]}" == *' --export=ALL '*"$__ds_state/node.bash run "* ]]
}

# Slurm may take a moment to kill the tasks; srun tells when it has.
__ds_kill_body() {
  local deadline
  __ds_say "${2:-a helper} does not end, killed"
  __ds_signal_body "$1" "$2" 9
  __ds_now
  deadline=$((__ds_time + 300))
  until __ds_has_ended "$1"; do
    __ds_now
    if ((__ds_time >= deadline)); then __ds_kill "$1" 9; fi
    __ds_idle 0.1 || :
  done
}

# The first task of a run leaves the number of its Slurm step in a file.
__ds_scancel() {
  local step
  [[ -n $1 && -s $__ds_state/$1.step ]] || return 1
  IFS= read -r step <"$__ds_state/$1.step" || return 1
  __ds_briefly 200 scancel "--signal=$2" "$step" 2>/dev/null
}
