# Modules: bindings, an environment file of their own, outputs handed to the using scope.

# $1 path, $2 function that emits the bindings, $3 function of the steps, $4 prefix of exports or
# empty, $5... declared outputs.
__ds_use() {
  local code=0 prefix=$4 first=${#__ds_launch_pids[@]} count=${#__ds_env_files[@]} file
  local using=$__ds_env_current depth=${#__ds_layers[@]}
  __ds_identify "m$1"
  file=$__ds_state/$__ds_id.env
  : >"$file"
  __ds_env_files+=("$file")
  __ds_layers+=("f:$2" "e:$count")
  __ds_env_current=$count
  "$3" || code=$?
  __ds_end_scope "$first" "$code"
  __ds_env_current=$using
  if ((!code)) && [[ -n $prefix ]]; then
    shift 4
    __ds_export_outputs "$prefix" "$file" "$@"
  fi
  __ds_layers=("${__ds_layers[@]:0:depth}")
  __ds_env_files=("${__ds_env_files[@]:0:count}")
  return "$code"
}

# $1 prefix, $2 file of the module, $3... keys: they become <prefix>_<key> in the current file.
__ds_export_outputs() {
  local key prefix=$1 file=$2
  local -a __ds_keys=()
  local -A __ds_values=() found=()
  shift 2
  __ds_read_env_file "$file"
  for key in "$@"; do
    if [[ -n ${__ds_values[$key]+x} ]]; then found[$key]=${__ds_values[$key]}; fi
  done
  __ds_keys=() __ds_values=()
  __ds_read_env_file "${__ds_env_files[__ds_env_current]}"
  for key in "$@"; do
    if [[ -z ${found[$key]+x} ]]; then continue; fi
    if [[ -z ${__ds_values[${prefix}_$key]+x} ]]; then __ds_keys+=("${prefix}_$key"); fi
    __ds_values[${prefix}_$key]=${found[$key]}
  done
  __ds_write_env_file "${__ds_env_files[__ds_env_current]}"
}

# Runs the customer's own step inside a module: it writes to the file of the using scope.
__ds_with_env_file() {
  local __ds_env_current=$1
  shift
  "$@"
}
