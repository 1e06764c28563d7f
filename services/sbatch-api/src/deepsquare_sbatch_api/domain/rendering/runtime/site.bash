# The site contract: what the provider may set, and the tools this workflow needs.

__ds_read_site() {
  local name
  local -A defaults=(
    [PATH]=''
    [STORAGE_ROOT]="/opt/cache/shared/$EUID"
    [SHARED_TMP]="/opt/cache/persistent/user-$EUID"
    [SHARED_WORLD_TMP]=/opt/cache/world-tmp
    [DISK_TMP]="/opt/cache/disk/tmp/user-$EUID"
    [DISK_WORLD_TMP]=/opt/cache/disk/world-tmp
    [HOSTED_IMAGES]=/opt/software
    [IMAGE_CACHE]=''
    [ENROOT_RUNTIME]="/run/enroot/user-$EUID"
    [ENROOT_CACHE]="/opt/cache/enroot/group-${GROUPS[0]}"
    [ENROOT_DATA]="/mnt/scratch/tmp/enroot/containers/user-$EUID"
    [APPTAINER_TMP]=/mnt/scratch/tmp/apptainer
    [APPTAINER_GPU_FLAG]=--nv
    [X11]=/tmp/.X11-unix
    [BORE]=dpsproxy
    [PRE_HOOK]=''
    [POST_HOOK]=''
    [VNET_ADDRESS]=''
    [VNET_PORTS]=20000-29999
    [GRACE_SECONDS]=10
    [STOP_SECONDS]=25
    [READY_SECONDS]=60
    [IMPORT_SECONDS]=1800
    [SYNC_SECONDS]=5
    [MAX_INPUT_BYTES]=0
  )
  for name in "${!defaults[@]}"; do __ds_read_setting "$name" "${defaults[$name]}"; done
  unset "${!DEEPSQUARE_@}"
  if [[ -n ${__ds_site[PATH]} ]]; then export PATH="${__ds_site[PATH]}:$PATH"; fi
}

__ds_read_setting() {
  local variable=DEEPSQUARE_SITE_$1 value form='^[0-9]{1,15}$'
  value=${!variable:-$2}
  case $1 in
    *_SECONDS | MAX_INPUT_BYTES) ;;
    VNET_PORTS) form='^[0-9]{1,5}-[0-9]{1,5}$' ;;
    *) form='' ;;
  esac
  if [[ -n $form && ! $value =~ $form ]]; then
    __ds_say "warning: $variable is malformed, using $2"
    value=$2
  fi
  if [[ $form == '^[0-9]{1,15}$' ]]; then value=$((10#$value)); fi
  __ds_site[$1]=$value
}

# Fails with 127 and the list of the missing ones.
__ds_require() {
  local tool missing=''
  for tool in "$@"; do
    if [[ $tool == bore ]]; then tool=${__ds_site[BORE]}; fi
    type -P "$tool" >/dev/null || missing+=" $tool"
  done
  if [[ -n $missing ]]; then
    __ds_say "these tools are missing on this site:$missing"
    return 127
  fi
}
