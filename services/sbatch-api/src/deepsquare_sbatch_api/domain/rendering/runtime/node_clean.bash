# The end on each node: containers and scratch of this job that are left.

__node_clean() {
  local path
  __node_read "$1"
  for path in "${__node_options[enroot_data]}"/deepsquare-"${SLURM_JOB_ID:-0}".* \
    "${__node_options[apptainer_tmp]}"/deepsquare-"${SLURM_JOB_ID:-0}".* \
    "${__node_options[DISK_TMP]}"/.deepsquare-"${SLURM_JOB_ID:-0}".*; do
    if [[ -e $path ]]; then
      chmod -R u+rwX -- "$path" 2>/dev/null || :
      rm -rf -- "$path"
    fi
  done
}
