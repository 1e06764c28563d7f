# What runs on the nodes, inside srun or beside it: `bash node.bash <verb> <prefix>`, where
# <prefix>.env, <prefix>.args and <prefix>.options hold words ended by NUL. The batch shell writes
# node.bash from these functions.

__ds_write_node_program() {
  local -a names=()
  mapfile -t names < <(compgen -A function __node_)
  printf 'set -u\n'
  declare -f "${names[@]}"
  # shellcheck disable=SC2016 # expanded by the program itself
  printf '__node_main "$@"\n'
}

__node_main() {
  declare -gA __node_options=()
  declare -ga __node_entries=() __node_program=() __node_launcher=() __node_helpers=()
  __node_child='' __node_scratch='' __node_is_inside='' __node_beside='' __node_container='' __node_task=''
  case $1 in
    run) __node_run "$2" ;;
    prepare) __node_prepare "$2" ;;
    clean) __node_clean "$2" ;;
    inside) __node_inside "$2" ;;
    gateway) __node_gateway "$2" ;;
    inside_gateway) __node_inside_gateway "$2" ;;
  esac
}

__node_say() { printf 'deepsquare: %s\n' "$1" >&2; }

__node_fail() {
  __node_say "$2"
  exit "$1"
}

__node_read() {
  local word
  local -a words=()
  mapfile -d '' -t words <"$1.options"
  for word in "${words[@]}"; do __node_options[${word%%=*}]=${word#*=}; done
}

__node_read_all() {
  __node_read "$1"
  mapfile -d '' -t __node_entries <"$1.env"
  mapfile -d '' -t __node_program <"$1.args"
}

# Fills __node_launcher: the words before a program that give it exactly the entries. Values travel
# in variables of ours and are renamed by env, so that names which mean something to bash (UID,
# RANDOM, SHLVL, ...) arrive as well, and no value is in an argument.
__node_prepare_environment() {
  local i removals='' settings=''
  for i in "${!__node_entries[@]}"; do
    export "__DS_$i=${__node_entries[i]#*=}"
    removals+="-u __DS_$i "
    settings+="${__node_entries[i]%%=*}=\${__DS_$i} "
    if ((${#removals} + ${#settings} > 60000)); then
      __node_launcher+=(env -S "$removals$settings")
      removals='' settings=''
    fi
  done
  __node_launcher+=(env -S "$removals$settings")
}

__node_enter_directory() {
  if ! mkdir -p -- "$1" || ! cd -- "$1"; then __node_fail 1 "no working directory $1"; fi
}

# The first task tells the batch shell the number of its Slurm step.
__node_tell_step() {
  if [[ ${SLURM_PROCID:-1} == 0 && -n ${SLURM_STEP_ID-} ]]; then
    (umask 077 && printf '%s\n' "${SLURM_JOB_ID-}.$SLURM_STEP_ID" >"$1.step")
  fi
}

__node_run() {
  __node_read_all "$1"
  __node_tell_step "$1"
  if [[ -n ${__node_options[network]-} ]]; then
    __node_run_in_network "$1"
  else
    "__node_run_on_${__node_options[where]-host}" "$1"
  fi
}

__node_run_on_host() {
  __node_enter_directory "${__node_options[directory]:-${__node_options[storage]}}"
  if [[ ${__node_program[0]} == /bin/ash && ! -x /bin/ash ]]; then __node_program[0]=/bin/sh; fi
  __node_prepare_environment
  __node_execute "${__node_launcher[@]}" "${__node_program[@]}"
}

# The last step of a task: becomes the program, seen by itself as the user and group asked for.
__node_execute() {
  local uid=${__node_options[uid]-} gid=${__node_options[gid]-}
  local -a words=(unshare --user --mount)
  if [[ -z $__node_is_inside && -z $uid && -z $gid ]]; then exec "$@"; fi
  uid=${uid:-${__node_options[own_uid]}} gid=${gid:-${__node_options[own_gid]}}
  if [[ -n $__node_is_inside && $uid == 0 && $gid == 0 ]]; then exec "$@" 5<&-; fi
  exec "${words[@]}" "--map-user=$uid" "--map-group=$gid" -- "$@" 5<&-
}

# Makes a private directory; its parents are the site's, so they stay readable.
__node_make_private() {
  if [[ ! -d $1 ]]; then
    (umask 022 && mkdir -p -- "${1%/*}") && mkdir -m 700 -- "$1" 2>/dev/null || [[ -d $1 ]]
  fi
}

# Prepares this node; what is missing here is told by a file.
__node_prepare() {
  local directory
  __node_read "$1"
  directory=${__node_options[DISK_TMP]}
  if ! __node_make_private "$directory" 2>/dev/null || [[ ! -w $directory ]]; then
    : >"$1.no-DISK_TMP.${SLURM_NODEID:-0}"
  fi
  directory=${__node_options[DISK_WORLD_TMP]}
  if [[ ! -d $directory || ! -w $directory ]]; then
    : >"$1.no-DISK_WORLD_TMP.${SLURM_NODEID:-0}"
  fi
}
