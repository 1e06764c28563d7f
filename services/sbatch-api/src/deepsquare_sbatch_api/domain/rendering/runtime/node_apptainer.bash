# A task in an Apptainer container.

__node_run_on_apptainer() {
  local entrance=$1.${SLURM_PROCID:-0}.sh bind
  local -a words=(exec --contain --cleanenv --no-eval --pwd /)
  {
    __node_write_apptainer_defaults
    __node_write_entrance
  } >"$entrance"
  if [[ -n ${__node_options[rw]-} ]]; then words+=(--writable-tmpfs); fi
  if [[ -n ${__node_options[home]-} && -n ${HOME-} ]]; then
    words+=(--home "$HOME")
  else
    words+=(--no-home)
  fi
  if [[ -n ${__node_options[gpu_flag]-} ]]; then words+=("${__node_options[gpu_flag]}"); fi
  while IFS= read -r bind; do words+=(--bind "$bind"); done < <(__node_list_binds)
  export APPTAINER_TMPDIR=${__node_options[apptainer_tmp]}/deepsquare-${SLURM_JOB_ID:-0}.tmp
  mkdir -p -- "$APPTAINER_TMPDIR" 2>/dev/null || unset APPTAINER_TMPDIR
  if [[ -n ${__node_options[entrypoint]-} ]]; then
    __node_program=(/bin/sh -c "$(__node_apptainer_run)" run "${__node_program[@]}")
  fi
  words+=("${__node_options[image]}" /bin/sh "/deepsquare/.deepsquare/${entrance##*/}")
  __node_execute apptainer "${words[@]}" "${__node_program[@]}"
}

# What Apptainer 1.4.5 does by itself: it sets HOME, and LANG for --cleanenv, which are the host's
# unless the image sets LANG; and it makes the root unbindable, though root may bind what is on it.
__node_write_apptainer_defaults() {
  # shellcheck disable=SC2016 # the container's sh expands it
  printf '%s\n' 'unset HOME' \
    '[ "${LANG-}" != C ] || grep -qs "^export LANG=" /.singularity.d/env/*.sh || unset LANG'
  if [[ ${__node_options[uid]-} == 0 ]]; then printf 'mount --make-private / 2>/dev/null\n'; fi
  if [[ -n ${__node_options[image_directory]-} && -z ${__node_options[directory]-} ]]; then
    printf '__ds_directory=%s\n' "$(__node_quote "${__node_options[image_directory]}")"
    # shellcheck disable=SC2016 # the container's sh expands it
    printf '%s\n' '{ cd -- "$__ds_directory" || { mkdir -p -- "$__ds_directory" &&' \
      '  cd -- "$__ds_directory"; }; } 2>/dev/null ||' \
      '  echo "deepsquare: warning: no working directory $__ds_directory, using /" >&2'
  fi
}

# What `apptainer run` does once the environment stands.
__node_apptainer_run() {
  # shellcheck disable=SC2016 # the container's sh expands it
  printf '%s\n' 'if [ -x /.singularity.d/runscript ]; then exec /.singularity.d/runscript "$@"; fi' \
    'exec /bin/sh "$@"'
}
