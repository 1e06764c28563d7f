# What tasks in containers and network namespaces must know of the site.

# $1: GPUs of a task.
__ds_emit_site_options() {
  local name
  for name in SHARED_TMP SHARED_WORLD_TMP DISK_WORLD_TMP READY_SECONDS BORE; do
    __ds_emit "$name=${__ds_site[$name]}"
  done
  __ds_emit "enroot_runtime=${__ds_site[ENROOT_RUNTIME]}" \
    "enroot_data=${__ds_site[ENROOT_DATA]}" \
    "apptainer_tmp=${__ds_site[APPTAINER_TMP]}"
  if (($1)); then __ds_emit "gpu_flag=${__ds_site[APPTAINER_GPU_FLAG]}"; fi
}

# Adds to the caller's options. $1 image number, the rest as for __ds_ensure_image.
__ds_use_image() {
  __ds_ensure_image "$@" || return $?
  __ds_options+=("image=$__ds_state/image$1")
}

# An image that is a file: $1 storage or hosted, $2 path below it.
__ds_use_file() {
  if [[ $1 == storage ]]; then
    __ds_options+=("image=$__ds_storage$2")
  else
    __ds_options+=("image=${__ds_site[HOSTED_IMAGES]}$2")
  fi
}

__ds_use_host_file() { __ds_options+=("image=$1"); }

__ds_use_x11() { __ds_options+=("x11=${__ds_site[X11]}"); }

# Containers and scratch that are left on the nodes.
__ds_clean_nodes() {
  local nodes=${SLURM_JOB_NUM_NODES:-${SLURM_NNODES:-1}}
  local -a options=(--job-name=clean --overlap "--nodes=$nodes" "--ntasks=$nodes"
    --ntasks-per-node=1 --cpus-per-task=1 --export=ALL)
  if ((__ds_gpus)); then options+=(--gres=none); fi
  __ds_emit "enroot_data=${__ds_site[ENROOT_DATA]}" "DISK_TMP=${__ds_site[DISK_TMP]}" \
    "apptainer_tmp=${__ds_site[APPTAINER_TMP]}" >"$__ds_state/clean.options"
  __ds_do srun "${options[@]}" "$BASH" "$__ds_state/node.bash" clean "$__ds_state/clean" ||
    __ds_say "the nodes could not be cleaned (code $?)"
}
