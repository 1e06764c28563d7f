# A task in an Enroot container: created for the task, removed with it.

__node_run_on_enroot() {
  local code=0
  __node_name_task "$1"
  if [[ -z $__node_scratch ]]; then __node_make_scratch; fi
  __node_beside=''
  __node_container=$__node_task
  export ENROOT_RUNTIME_PATH=${__node_options[enroot_runtime]}
  export ENROOT_DATA_PATH=${__node_options[enroot_data]}
  export ENROOT_CONFIG_PATH=$__node_scratch ENROOT_TEMP_PATH=$__node_scratch
  export ENROOT_CACHE_PATH=$__node_scratch
  # A site's enroot.conf may say otherwise, for its other users; it gives way to the environment.
  export ENROOT_LOGIN_SHELL=no ENROOT_ROOTFS_WRITABLE=no ENROOT_MOUNT_HOME=no ENROOT_REMAP_ROOT=no
  mkdir -p -- "$ENROOT_RUNTIME_PATH" "$ENROOT_DATA_PATH" || return $?
  __node_supervise __node_enroot "$1" || code=$?
  enroot remove --force -- "$__node_container" >/dev/null 2>&1 || :
  if [[ -z $__node_is_inside ]]; then rm -rf -- "$__node_scratch"; fi
  return "$code"
}

__node_enroot() {
  local entrance=$1.${SLURM_PROCID:-0}.sh
  local -a words=(start)
  enroot create --name "$__node_container" -- "${__node_options[image]}" >&2 || exit $?
  __node_write_entrance >"$entrance"
  __node_write_enroot_mounts >"$__node_scratch/mounts" || exit $?
  # shellcheck disable=SC2016 # Enroot expands it
  printf 'mounts() { cat "$__DS_MOUNTS"; }\n' >"$__node_scratch/conf"
  export __DS_MOUNTS=$__node_scratch/mounts
  __node_write_enroot_rc "/deepsquare/.deepsquare/${entrance##*/}" >"$__node_scratch/rc"
  words+=(--conf "$__node_scratch/conf" --rc "$__node_scratch/rc")
  if [[ -n ${__node_options[rw]-} ]]; then words+=(--rw); fi
  if [[ -n ${__node_options[home]-} ]]; then export ENROOT_MOUNT_HOME=yes; fi
  __node_tell_nvidia_hook
  __node_execute enroot "${words[@]}" -- "$__node_container" "${__node_program[@]}"
}

# Enroot's hook for GPUs reads the image's NVIDIA_... variables, those of its own environment first. A
# step without GPUs gets none, and needs no driver on the node.
__node_tell_nvidia_hook() {
  local entry
  for entry in "${__node_entries[@]}"; do
    if [[ $entry == NVIDIA_* ]]; then export "${entry?}"; fi
  done
  if [[ -z ${__node_options[gpu_flag]-} ]]; then export NVIDIA_VISIBLE_DEVICES=void; fi
}

# The binds as lines of an fstab. Enroot 4.1 reads no escapes there, but follows links, also inside
# the container: they stand for paths with blanks.
__node_write_enroot_mounts() {
  local bind source place mode link=.deepsquare-0
  while IFS= read -r bind; do
    source=${bind%%:*} place=${bind#*:}
    mode=${place#*:} place=${place%%:*}
    if [[ $source == *[[:space:]]* ]]; then
      ln -s -- "$source" "$__node_scratch/$link" || return $?
      source=$__node_scratch/$link
    fi
    if [[ $place == *[[:space:]]* ]]; then
      ln -s -- "$place" "$ENROOT_DATA_PATH/$__node_container/$link" || return $?
      place=/$link
    fi
    printf '%s %s none x-create=auto,rbind,%s\n' "$source" "$place" "$mode"
    link=.deepsquare-$((${link##*-} + 1))
  done < <(__node_list_binds)
}

# The command script inside the container. The image's own one, /etc/rc, changes to its working
# directory and starts its entrypoint; both are taken from it when asked for. An image that Enroot did
# not make may have none: then Enroot starts what it is given, or a shell.
__node_write_enroot_rc() {
  local entrance
  entrance=$(__node_quote "$1")
  if [[ -z ${__node_options[directory]-} || -n ${__node_options[entrypoint]-} ]]; then
    printf '%s\n' '__ds_rc= __ds_cd=' \
      'if [ -e /etc/rc ]; then' \
      '  while IFS= read -r __ds_line; do' \
      '    case $__ds_line in "cd "*) __ds_cd=$__ds_line ;; *) __ds_rc="$__ds_rc$__ds_line' '" ;; esac' \
      '  done </etc/rc' \
      'fi'
  fi
  if [[ -z ${__node_options[directory]-} ]]; then
    # shellcheck disable=SC2016 # the container's sh expands it
    printf 'eval "${__ds_cd:-cd /}"\n'
  fi
  if [[ -n ${__node_options[entrypoint]-} ]]; then
    # shellcheck disable=SC2016 # the container's sh expands it
    printf '%s\n' 'if [ "$__ds_rc" ]; then set -- /bin/sh -c "$__ds_rc" /etc/rc "$@"' \
      'elif [ "$#" = 0 ]; then set -- /bin/sh; fi'
  fi
  printf '. %s\n' "$entrance"
}
