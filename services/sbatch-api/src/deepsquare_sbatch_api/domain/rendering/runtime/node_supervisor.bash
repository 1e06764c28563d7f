# The supervisor of a task: for what needs help beside it or cleaning up behind it.

# Runs a function as a process group of its own, forwards signals to it and awaits it.
__node_supervise() {
  local code=0
  exec 5<> <(:)
  trap '__node_forward HUP' HUP
  trap '__node_forward INT' INT
  trap '__node_forward QUIT' QUIT
  trap '__node_forward TERM' TERM
  trap '__node_forward USR1' USR1
  trap '__node_forward USR2' USR2
  set -m
  (__node_become "$@") &
  __node_child=$!
  set +m
  if [[ -n $__node_beside ]]; then "$__node_beside" || :; fi
  # `wait` only once the child is gone: a `wait` that a signal and the end of the child interrupt at the
  # same time loses the end, and the next one hangs (seen with bash 5.2.15).
  {
    while kill -0 "$__node_child"; do read -r -t 0.2 -u 5 || :; done
    wait "$__node_child" || code=$?
  } 2>/dev/null
  __node_forward KILL
  __node_child=''
  return "$code"
}

__node_become() {
  trap - HUP INT QUIT TERM USR1 USR2
  "$@"
}

__node_forward() {
  if [[ -n $__node_child ]]; then kill -s "$1" -- "-$__node_child" 2>/dev/null || :; fi
}

# The name of what this task has on this node: of the job, the run and the task. $1 is the run's prefix.
__node_name_task() { __node_task=deepsquare-${SLURM_JOB_ID:-0}.${1##*/}.${SLURM_PROCID:-0}; }

# A private directory of this task on this node.
__node_make_scratch() {
  __node_scratch=${__node_options[DISK_TMP]}/.$__node_task
  mkdir -m 700 -- "$__node_scratch" || __node_fail 1 "cannot make $__node_scratch"
}
