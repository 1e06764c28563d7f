# Continuous output sync: a shell level that uploads again and again until it is asked to stop.

__ds_sync_pid=''

__ds_start_sync() {
  if __ds_branch_off sync __ds_sync_loop; then __ds_sync_pid=$__ds_pid; fi
}

__ds_sync_loop() {
  # Its end is no news.
  local next=0 __ds_noticed=1
  while ! __ds_must_stop; do
    __ds_now
    if ((__ds_time < next)); then
      __ds_idle || :
      continue
    fi
    next=$((__ds_time + __ds_site[SYNC_SECONDS] * 100))
    __ds_upload_now || { ((__ds_cut >= 0)) || __ds_say "warning: continuous sync failed (code $?)"; }
  done
}

# Stops and awaits it, a transfer in flight included.
__ds_stop_sync() {
  if [[ -z $__ds_sync_pid ]]; then return 0; fi
  __ds_ask_to_stop "$__ds_sync_pid" sync 15
  until __ds_has_ended "$__ds_sync_pid"; do __ds_idle 0.1 || :; done
  __ds_sync_pid=''
}
