# What HTTP and S3 transfers share: archives, size limit, modes. Functions named __ds_x_... run as
# bodies, in a process of their own, so they may wait and set variables.

# Runs a function that fills the input directory; fails when that grows above the site's limit.
__ds_x_within_limit() {
  local limit=${__ds_site[MAX_INPUT_BYTES]} code=0 pid
  if ((!limit)); then
    "$@"
    return
  fi
  ulimit -f $((limit / 1024 + 1))
  exec 7<> <(:)
  "$@" &
  pid=$!
  while kill -0 "$pid" 2>/dev/null && __ds_x_fits; do read -r -t 0.2 -u 7 || :; done
  if ! __ds_x_fits; then kill "$pid" 2>/dev/null || :; fi
  wait "$pid" || code=$?
  # 63 is curl's code for a file that is announced too large, 153 that of the signal XFSZ.
  if ! __ds_x_fits || ((code == 63 || code == 153)); then
    __ds_say "the input is larger than the $limit bytes that this site allows"
    return 63
  fi
  return "$code"
}

__ds_x_fits() {
  local total=0 size
  while IFS= read -r size; do total=$((total + size)); done \
    < <(find "$__ds_storage/input" -type f -printf '%s\n' 2>/dev/null)
  ((total <= __ds_site[MAX_INPUT_BYTES]))
}

__ds_settle_input() {
  __ds_do __ds_x_within_limit __ds_x_settle_input "$1"
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
  # The output decides, not the status: a reader that stops early fails the pipe.
  if [[ -n $(__ds_x_members "$1" "$3" | grep -E -m 1 '(^|/)\.\.(/|$)' || :) ]]; then
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
  local target=$3 kind
  if ! __ds_x_has_unpacker "$1" "$3"; then return 0; fi
  kind=$("$1" --decompress --stdout <"$2/$3" 2>/dev/null | file --brief --mime-type - || :)
  if [[ $kind == application/x-tar ]]; then
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
