# What both container runtimes share: the environment inside and the binds.

# Prints a program for the container's sh: exports, then the working directory, then the words it
# is given. Host variables only fill gaps that the image leaves; values are quoted once.
__node_write_entrance() {
  local name entry
  local -a special=()
  while IFS= read -r name; do
    case $name in
      PATH | LD_* | BASH_ENV | PWD | OLDPWD | SHLVL | _ | ENROOT_* | APPTAINER* | SINGULARITY* | \
        __DS_*) ;;
      SLURM_* | PMI* | CUDA_VISIBLE_DEVICES | ROCR_VISIBLE_DEVICES)
        __node_export "$name" "${!name}"
        ;;
      *)
        if [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] && ! __node_is_special "$name"; then
          printf '[ "${%s+x}" ] || ' "$name"
          __node_export "$name" "${!name}"
        fi
        ;;
    esac
  done < <(compgen -e)
  for entry in "${__node_entries[@]}"; do
    if __node_is_special "${entry%%=*}"; then
      special+=("$entry")
    else
      __node_export "${entry%%=*}" "${entry#*=}"
    fi
  done
  for entry in "${special[@]}"; do
    printf 'set -- %s "$@"\n' "$(__node_quote "$entry")"
  done
  if ((${#special[@]})); then printf 'set -- env "$@"\n'; fi
  if [[ -n ${__node_options[directory]-} ]]; then
    name=$(__node_quote "${__node_options[directory]}")
    printf 'mkdir -p -- %s && cd -- %s || exit 1\n' "$name" "$name"
  fi
  printf 'exec "$@"\n'
}

__node_quote() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

__node_export() { printf "export %s='%s'\n" "$1" "${2//\'/\'\\\'\'}"; }

# Names a shell would not take or not hand on as they are; env sets them.
__node_is_special() {
  case $1 in
    UID | EUID | PPID | GROUPS | RANDOM | SRANDOM | SECONDS | LINENO | SHLVL | OPTIND | OPTARG | _ | \
      HISTCMD | DIRSTACK | FUNCNAME | FUNCNEST | POSIXLY_CORRECT | BASH | BASH_* | BASHPID | EPOCH* | \
      COMP_* | PS1 | PS2 | ENV | EXECIGNORE | GLOBIGNORE) return 0 ;;
    *) return 1 ;;
  esac
}

# Prints the binds of a container, one a line: source, place, ro or rw, separated by newlines.
__node_list_binds() {
  local name key place
  local -A places=([SHARED_TMP]=tmp [SHARED_WORLD_TMP]=world-tmp [DISK_TMP]=disk/tmp
    [DISK_WORLD_TMP]=disk/world-tmp)
  __node_bind "${__node_options[storage]}" /deepsquare rw
  for name in SHARED_TMP SHARED_WORLD_TMP DISK_TMP DISK_WORLD_TMP; do
    place=${places[$name]}
    if [[ ${__node_options[$name]} != "${__node_options[storage]}/$place" ]]; then
      __node_bind "${__node_options[$name]}" "/deepsquare/$place" rw
    fi
  done
  if [[ -n ${__node_options[x11]-} ]]; then
    __node_bind "${__node_options[x11]}" /tmp/.X11-unix ro
  fi
  for ((key = 0; ; key++)); do
    if [[ -z ${__node_options[mount$key]-} ]]; then break; fi
    printf '%s\n' "${__node_options[mount$key]}"
  done
}

__node_bind() { printf '%s\n' "$1:$2:$3"; }
