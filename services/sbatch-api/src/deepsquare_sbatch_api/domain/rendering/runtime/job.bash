# The life of the batch: preparation, steps, finalisers.

__ds_code=0 __ds_is_finalising='' __ds_is_stored=''

# The whole job. $@: the tools this workflow needs.
__ds_main() {
  exec 9<> <(:)
  __ds_listen
  trap __ds_crash EXIT
  __ds_read_site
  if ! __ds_require "$@"; then
    __ds_exit 127
  fi
  __ds_live || __ds_code=$?
  if ((__ds_cut == 0)); then __ds_code=$((128 + __ds_signal)); fi
  __ds_leave
}

__ds_live() {
  __ds_make_storage || return $?
  __ds_prepare_nodes || return $?
  if [[ -n ${__ds_site[PRE_HOOK]} ]]; then __ds_do_hook PRE_HOOK || return $?; fi
  if __ds_has __ds_fetch_input; then __ds_phase __ds_fetch_input || return $?; fi
  if __ds_has __ds_start_networks; then __ds_phase __ds_start_networks || return $?; fi
  if __ds_has __ds_start_sync; then __ds_start_sync; fi
  __ds_phase __ds_steps
}

__ds_phase() {
  if __ds_must_stop; then return $((128 + 15)); fi
  "$@"
}

# --- preparation -------------------------------------------------------------

__ds_make_storage() {
  local name=${SLURM_JOB_NAME:-job}
  name=${name//[!A-Za-z0-9._-]/_}
  umask 077
  __ds_storage=${__ds_site[STORAGE_ROOT]}/$name.${SLURM_JOB_ID:-0}
  __ds_state=$__ds_storage/.deepsquare
  __ds_do __ds_make_directories || return $?
  __ds_is_stored=1
  # Bash keeps long here-documents in files; not exported, so that workloads see the site's TMPDIR.
  if [[ -z ${TMPDIR-} ]]; then TMPDIR=$__ds_state; fi
  __ds_env_files=("$__ds_storage/env")
  __ds_layers=(f:__ds_env_job e:0)
  __ds_store "$__ds_state/node.bash" __ds_write_node_program || return $?
  __ds_fall_back SHARED_TMP tmp
  __ds_fall_back SHARED_WORLD_TMP world-tmp
}

# Runs as a body: file systems may hang.
__ds_make_directories() {
  umask 022
  mkdir -p -- "${__ds_storage%/*}" || return $?
  umask 077
  if [[ ! -d $__ds_storage ]]; then mkdir -m 700 -- "$__ds_storage" || return $?; fi
  mkdir -p -- "$__ds_state" "$__ds_storage/input" "$__ds_storage/output" "$__ds_storage/tmp" \
    "$__ds_storage/world-tmp" "$__ds_storage/disk/tmp" "$__ds_storage/disk/world-tmp" || return $?
  : >"$__ds_storage/env"
  if [[ ! -d ${__ds_site[SHARED_TMP]} ]]; then
    (umask 022 && mkdir -p -- "${__ds_site[SHARED_TMP]%/*}") 2>/dev/null &&
      mkdir -m 700 -- "${__ds_site[SHARED_TMP]}" 2>/dev/null || :
  fi
}

# A cache that is not there is replaced by a directory of the storage.
__ds_fall_back() {
  if [[ -d ${__ds_site[$1]} && -w ${__ds_site[$1]} ]]; then return 0; fi
  __ds_say "warning: no cache at ${__ds_site[$1]}, using the job's storage instead"
  __ds_site[$1]=$__ds_storage/$2
}

__ds_prepare_nodes() {
  local nodes=${SLURM_JOB_NUM_NODES:-${SLURM_NNODES:-1}}
  local -a options=("--job-name=prepare" "--overlap" "--nodes=$nodes" "--ntasks=$nodes"
    "--ntasks-per-node=1" "--cpus-per-task=1" "--export=ALL")
  if ((__ds_gpus)); then options+=(--gres=none); fi
  __ds_store "$__ds_state/prepare.options" __ds_emit "DISK_TMP=${__ds_site[DISK_TMP]}" \
    "DISK_WORLD_TMP=${__ds_site[DISK_WORLD_TMP]}" || return $?
  __ds_do srun "${options[@]}" "$BASH" "$__ds_state/node.bash" prepare "$__ds_state/prepare" ||
    return $?
  __ds_fall_back_where_missing DISK_TMP disk/tmp
  __ds_fall_back_where_missing DISK_WORLD_TMP disk/world-tmp
}

# All nodes use the same place, so one node without it is enough.
__ds_fall_back_where_missing() {
  local mark
  for mark in "$__ds_state/prepare.no-$1".*; do
    if [[ -e $mark ]]; then
      __ds_say "warning: a node has no cache at ${__ds_site[$1]}, using the job's storage instead"
      __ds_site[$1]=$__ds_storage/$2
      return 0
    fi
  done
}

# --- hooks -------------------------------------------------------------------

__ds_do_hook() {
  __ds_store "$__ds_state/hook.env" __ds_emit_system host || return $?
  __ds_store "$__ds_state/hook.args" __ds_emit "${__ds_site[$1]}" || return $?
  __ds_store "$__ds_state/hook.options" __ds_emit "storage=$__ds_storage" || return $?
  __ds_do "$BASH" "$__ds_state/node.bash" run "$__ds_state/hook"
}

# --- the end -----------------------------------------------------------------

# Runs the finalisers once and exits.
__ds_leave() {
  __ds_is_finalising=1
  if [[ -n $__ds_is_stored || ( -n $__ds_storage && -d $__ds_storage ) ]]; then __ds_finalise || :; fi
  __ds_exit "$__ds_code"
}

# The script is a login shell: without a home it finds no ~/.bash_logout, which might fail.
__ds_exit() {
  trap - EXIT
  HOME=/nonexistent
  exit "$1"
}

# The EXIT trap: an error of the script itself.
__ds_crash() {
  local code=$?
  if [[ -n $__ds_is_finalising ]]; then return 0; fi
  __ds_code=$((code ? code : 70))
  __ds_say "internal error, code $__ds_code"
  __ds_leave
}

# Workloads may have removed or closed the directory that hooks and the clean-up of nodes need.
__ds_mend_state() {
  chmod u+rwx -- "$__ds_storage" "$__ds_state" 2>/dev/null || :
  umask 077
  mkdir -p -- "$__ds_state" && __ds_write_node_program >"$__ds_state/node.bash"
}

__ds_finalise() {
  __ds_cut=-1
  __ds_shelter=1
  __ds_limits=()
  if [[ ! -w $__ds_state || ! -r $__ds_state/node.bash ]]; then
    __ds_do __ds_mend_state || __ds_say "$__ds_state cannot be used any more"
  fi
  if __ds_has __ds_end_scope; then __ds_end_scope 0 "$__ds_code" || :; fi
  if __ds_has __ds_stop_sync; then __ds_stop_sync || :; fi
  if __ds_has __ds_upload_output; then __ds_finish_output; fi
  if __ds_has __ds_stop_networks; then __ds_stop_networks || :; fi
  __ds_note_late_signal
  if [[ -n ${__ds_site[POST_HOOK]} ]] && ! __ds_must_stop; then
    __ds_error=$__ds_code
    __ds_do_hook POST_HOOK || __ds_say "the post-hook failed with code $?"
  fi
  __ds_remove
  __ds_note_late_signal
}

# A first signal during the finalisers is the job's code if all steps had succeeded.
__ds_note_late_signal() {
  if ((${#__ds_caught[@]})); then __ds_take_signals; fi
  if ((__ds_signal && !__ds_code)); then __ds_code=$((128 + __ds_signal)); fi
}

# Whether the policy (always, onSuccess) wants the final upload.
__ds_output_is_wanted() {
  if [[ $1 == onSuccess ]] && ((__ds_code || __ds_signal)); then
    __ds_say "the job did not succeed, its output is not uploaded"
    return 1
  fi
}

__ds_finish_output() {
  local code=0
  if __ds_must_stop; then return 0; fi
  __ds_upload_output || code=$?
  __ds_note_late_signal
  if ((code)); then
    __ds_say "the output was not uploaded (code $code)"
    if ((!__ds_code)); then __ds_code=$code; fi
  fi
}

# Removing storage is the last act and is not cut short.
__ds_remove() {
  __ds_cut=-1
  __ds_stop_at=$((1 << 60))
  if __ds_has __ds_clean_nodes; then __ds_clean_nodes || :; fi
  cd /
  __ds_do __ds_remove_storage || __ds_say "could not remove $__ds_storage"
}

__ds_remove_storage() {
  if rm -rf -- "$__ds_storage" 2>/dev/null; then return 0; fi
  chmod -R u+rwX -- "$__ds_storage" 2>/dev/null || :
  rm -rf -- "$__ds_storage"
}
