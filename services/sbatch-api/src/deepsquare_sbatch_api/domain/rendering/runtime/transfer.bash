# What HTTP and S3 transfers share: archives, size limit, modes. Functions named __ds_x_... run as
# bodies, in a process of their own, so they may wait and set variables.

# Runs a transfer, fails when the input grows above the site's limit.
__ds_x_within_limit() {
  local limit=${__ds_site[MAX_INPUT_BYTES]} code=0 pid size
  if ((!limit)); then
    "$@"
    return
  fi
  ulimit -f $((limit / 1024 + 1))
  "$@" &
  pid=$!
  exec 7<> <(:)
  while kill -0 "$pid" 2>/dev/null; do
    read -r -t 0.2 -u 7 || :
    size=$(du -sb -- "$__ds_storage/input")
    if ((${size%%[!0-9]*} > limit + 4096)); then
      kill "$pid" 2>/dev/null || :
      code=1
    fi
  done
  wait "$pid" || code=$((code ? code : $?))
  if ((code)); then
    size=$(du -sb -- "$__ds_storage/input")
    if ((code == 1 && ${size%%[!0-9]*} > limit || code == 63 || code == 153)); then
      __ds_say "the input is larger than the $limit bytes that this site allows"
    fi
  fi
  return "$code"
}

# Unpacks what was fetched, gives it its mode ($1, octal) and lists it.
__ds_x_settle_input() {
  local file
  local -a files=()
  cd -- "$__ds_storage/input" || return $?
  mapfile -d '' -t files < <(find . -type f -print0)
  for file in "${files[@]}"; do __ds_x_unpack "$file" || return $?; done
  find . -depth ! -type l -exec chmod "$1" -- {} +
  ls -lAR . || :
}

# Unpacks an archive beside itself; what it is, its content says.
__ds_x_unpack() {
  local kind directory=${1%/*} name=${1##*/}
  kind=$(file --brief --mime-type -- "$1")
  case $kind in
    application/x-tar) __ds_x_unpack_with tar "$directory" "$name" ;;
    application/zip) __ds_x_unpack_with unzip "$directory" "$name" ;;
    application/gzip | application/x-gzip) __ds_x_decompress gzip "$directory" "$name" ;;
    application/x-bzip2) __ds_x_decompress bzip2 "$directory" "$name" ;;
    application/x-xz) __ds_x_decompress xz "$directory" "$name" ;;
    application/x-7z-compressed) __ds_x_unpack_with 7z "$directory" "$name" ;;
    application/x-rar | application/vnd.rar) __ds_x_unpack_with unrar "$directory" "$name" ;;
  esac
}

__ds_x_has_unpacker() {
  if type -P "$1" >/dev/null; then return 0; fi
  __ds_say "warning: $1 is missing on this site, $2 stays as it is"
  return 1
}

__ds_x_unpack_with() (
  if ! __ds_x_has_unpacker "$1" "$3"; then return 0; fi
  cd -- "$2" || return $?
  if __ds_x_members "$1" "$3" | grep -qE '(^|/)\.\.(/|$)'; then
    __ds_say "$3 has members outside the input directory, refused"
    return 1
  fi
  case $1 in
    tar) tar --extract --no-same-owner --file "./$3" ;;
    unzip) unzip -o -q "./$3" ;;
    7z) 7z x -y -bd -bso0 "./$3" ;;
    unrar) unrar x -y -idq "./$3" ;;
  esac || {
    __ds_say "$3 does not unpack"
    return 1
  }
)

__ds_x_members() {
  case $1 in
    tar) tar --list --file "./$2" ;;
    unzip) unzip -Z1 "./$2" ;;
    7z) 7z l -ba -slt "./$2" | sed -n 's/^Path = //p' ;;
    unrar) unrar lb "./$2" ;;
  esac
}

# A compressed tar is unpacked, any other compressed file is decompressed beside itself.
__ds_x_decompress() {
  local target=$3
  if ! __ds_x_has_unpacker "$1" "$3"; then return 0; fi
  if [[ $("$1" --decompress --stdout <"$2/$3" 2>/dev/null | file --brief --mime-type -) == application/x-tar ]]; then
    __ds_x_unpack_with tar "$2" "$3"
    return
  fi
  case $3 in
    *.gz | *.bz2 | *.xz) target=${3%.*} ;;
    *) target=$3.unpacked ;;
  esac
  if ! "$1" --decompress --stdout <"$2/$3" >"$2/$target"; then
    __ds_say "$3 does not unpack"
    return 1
  fi
}
