# A task in an Apptainer container.

__node_run_on_apptainer() {
  local entrance=$1.${SLURM_PROCID:-0}.sh bind
  local -a words=(exec --contain --cleanenv --pwd "${__node_options[image_directory]:-/}")
  __node_write_entrance "$entrance"
  if [[ -n ${__node_options[rw]-} ]]; then words+=(--writable-tmpfs); fi
  if [[ -n ${__node_options[home]-} ]]; then
    words+=(--home "$HOME")
  else
    words+=(--no-home)
  fi
  if [[ -n ${__node_options[gpu_flag]-} ]]; then words+=("${__node_options[gpu_flag]}"); fi
  while IFS= read -r bind; do words+=(--bind "$bind"); done < <(__node_list_binds)
  export APPTAINER_TMPDIR=${__node_options[apptainer_tmp]}
  if [[ -n ${__node_options[entrypoint]-} ]]; then
    __node_program=(/.singularity.d/runscript "${__node_program[@]}")
  fi
  words+=("${__node_options[image]}" /bin/sh "/deepsquare/.deepsquare/${entrance##*/}")
  __node_execute apptainer "${words[@]}" "${__node_program[@]}"
}
