# Environment levels and files. Entries are KEY=value texts; customers' variables are never
# variables of this script.

__ds_emit() {
  if (($#)); then printf '%s\0' "$@" || __ds_is_cut=1; fi
}

# Runs a function ($2...) with file $1 as its stdout; fails when not all could be written there, as
# half a command or a value that is cut must not be used. Bash tells why.
__ds_store() {
  local file=$1 __ds_is_cut=''
  shift
  if "$@" >"$file" && [[ -z $__ds_is_cut ]]; then return 0; fi
  __ds_say "cannot write $file"
  return 1
}

# Writes all entries that hold at this place, lowest level first, each ended by NUL.
# $1: host or container, $2: function that writes the step's own entries or empty, $3: GPUs a task.
__ds_emit_environment() {
  local layer
  __ds_emit "NTASKS=$__ds_tasks" "CPUS_PER_TASK=$__ds_cpus_per_task" \
    "MEM_PER_CPU=$__ds_mem_per_cpu" "GPUS=$__ds_gpus" "GPUS_PER_TASK=$3" \
    "CPUS=$((__ds_cpus_per_task * __ds_tasks))" \
    "MEM=$((__ds_mem_per_cpu * __ds_cpus_per_task * __ds_tasks))"
  for layer in "${__ds_layers[@]}"; do
    case $layer in
      f:*) "${layer#f:}" ;;
      v:*) __ds_emit "${layer#v:}" ;;
      e:*) __ds_emit_env_file "${__ds_env_files[${layer#e:}]}" ;;
    esac
  done
  if [[ -n $2 ]]; then "$2"; fi
  __ds_emit_system "$1"
}

__ds_emit_system() {
  local env_file=${__ds_env_files[__ds_env_current]}
  if [[ $1 == container ]]; then
    __ds_emit STORAGE_PATH=/deepsquare DEEPSQUARE_INPUT=/deepsquare/input \
      DEEPSQUARE_OUTPUT=/deepsquare/output "DEEPSQUARE_ENV=/deepsquare${env_file#"$__ds_storage"}" \
      DEEPSQUARE_TMP=/deepsquare/tmp DEEPSQUARE_SHARED_TMP=/deepsquare/tmp \
      DEEPSQUARE_SHARED_WORLD_TMP=/deepsquare/world-tmp \
      DEEPSQUARE_DISK_TMP=/deepsquare/disk/tmp DEEPSQUARE_DISK_WORLD_TMP=/deepsquare/disk/world-tmp
  else
    __ds_emit "STORAGE_PATH=$__ds_storage" "DEEPSQUARE_INPUT=$__ds_storage/input" \
      "DEEPSQUARE_OUTPUT=$__ds_storage/output" "DEEPSQUARE_ENV=$env_file" \
      "DEEPSQUARE_TMP=${__ds_site[SHARED_TMP]}" "DEEPSQUARE_SHARED_TMP=${__ds_site[SHARED_TMP]}" \
      "DEEPSQUARE_SHARED_WORLD_TMP=${__ds_site[SHARED_WORLD_TMP]}" \
      "DEEPSQUARE_DISK_TMP=${__ds_site[DISK_TMP]}" \
      "DEEPSQUARE_DISK_WORLD_TMP=${__ds_site[DISK_WORLD_TMP]}"
  fi
  if [[ -n $__ds_error ]]; then __ds_emit "DEEPSQUARE_ERROR_CODE=$__ds_error"; fi
}

# --- environment files -------------------------------------------------------

__ds_emit_env_file() {
  local key
  local -a __ds_keys=()
  local -A __ds_values=()
  __ds_read_env_file "$1"
  for key in "${__ds_keys[@]}"; do __ds_emit "$key=${__ds_values[$key]}"; done
}

# Reads a file into __ds_keys and __ds_values of the caller.
__ds_read_env_file() {
  local LC_ALL=C line key kind i=0 size=0
  local -a lines=()
  if [[ ! -f $1 || ! -s $1 ]]; then return 0; fi
  mapfile -t lines < <(head -c 1048577 -- "$1")
  for line in "${lines[@]}"; do size=$((size + ${#line} + 1)); done
  if ((size > 1048577)); then
    __ds_warn_env "$1" "only its first MiB is read"
    unset "lines[$((${#lines[@]} - 1))]"
  fi
  while ((i < ${#lines[@]})); do
    line=${lines[i]}
    i=$((i + 1))
    if [[ -z ${line//[[:blank:]]/} || $line == '#'* ]]; then continue; fi
    __ds_split_env_line "$line"
    case $kind in
      '=') __ds_take_env "$1" "$i" "$key" "${line#*=}" ;;
      '<<') __ds_take_env_block "$1" "${line#*<<}" ;;
      *) __ds_warn_env "$1" "line $i is neither KEY=value nor KEY<<DELIM, skipped" ;;
    esac
  done
}

# Sets key and kind of the caller: what follows the key first decides.
__ds_split_env_line() {
  local by_equals=${1%%=*} by_block=${1%%<<*}
  key='' kind=''
  if [[ $by_equals == "$1" && $by_block == "$1" ]]; then return 0; fi
  if ((${#by_block} < ${#by_equals})); then
    key=$by_block kind='<<'
  else
    key=$by_equals kind='='
  fi
}

# Takes a KEY<<DELIM block of the caller's lines, from its i-th on.
__ds_take_env_block() {
  local start=$i value='' found=''
  if [[ ! $2 =~ ^[A-Za-z0-9_]+$ ]]; then
    __ds_warn_env "$1" "line $start: $key has an invalid delimiter, skipped"
    return 0
  fi
  while ((i < ${#lines[@]})); do
    line=${lines[i]}
    i=$((i + 1))
    if [[ $line == "$2" ]]; then
      found=1
      break
    fi
    value+=$line$'\n'
  done
  if [[ -z $found ]]; then
    __ds_warn_env "$1" "line $start: $key is not terminated, skipped"
    return 0
  fi
  __ds_take_env "$1" "$start" "$key" "${value%$'\n'}"
}

__ds_take_env() {
  if [[ ! $3 =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]]; then
    __ds_warn_env "$1" "line $2: the key is invalid, skipped"
  elif __ds_is_reserved "$3"; then
    __ds_warn_env "$1" "line $2: $3 is reserved, skipped"
  elif ((${#3} + ${#4} > 131000)); then
    __ds_warn_env "$1" "line $2: the value of $3 is above 131000 bytes, skipped"
  else
    if [[ -z ${__ds_values[$3]+x} ]]; then __ds_keys+=("$3"); fi
    __ds_values[$3]=$4
  fi
}

__ds_is_reserved() {
  case $1 in
    PATH | LD_LIBRARY_PATH | LD_PRELOAD | LD_AUDIT | BASH_ENV | SHELLOPTS | BASHOPTS | IFS | PS4 | \
      PROMPT_COMMAND | STORAGE_PATH | DEEPSQUARE_* | SLURM_* | SBATCH_* | SRUN_* | ENROOT_* | \
      APPTAINER* | SINGULARITY* | BASH_FUNC_*) return 0 ;;
    *) return 1 ;;
  esac
}

# Warns once of each thing.
__ds_warn_env() {
  if [[ -n ${__ds_warned["$1 $2"]+x} ]]; then return 0; fi
  __ds_warned["$1 $2"]=1
  __ds_say "warning: environment file ${1##*/}: $2"
}

# Writes the caller's __ds_keys and __ds_values to a file, each entry in the form that fits.
__ds_write_env_file() {
  if __ds_store "$1.new" __ds_format_entries; then __ds_briefly 6000 mv -f -- "$1.new" "$1"; fi
}

__ds_format_entries() {
  local key value mark
  for key in "${__ds_keys[@]}"; do
    value=${__ds_values[$key]}
    if [[ $value != *$'\n'* ]]; then
      printf '%s=%s\n' "$key" "$value" || __ds_is_cut=1
      continue
    fi
    mark=EOT
    while [[ $'\n'$value$'\n' == *$'\n'"$mark"$'\n'* ]]; do mark+=_; done
    printf '%s<<%s\n%s\n%s\n' "$key" "$mark" "$value" "$mark" || __ds_is_cut=1
  done
}
