# What HTTP and S3 inputs share: archives, size limit, modes. Functions named __ds_x_... run as bodies, in
# a process of their own, so they may wait and set variables.

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
  local -a files=()
  cd -- "$__ds_storage/input" || return $?
  mapfile -d '' -t files < <(find . -type f -print0 | LC_ALL=C sort -z)
  __ds_x_unpack_all || return $?
  __ds_x_change_modes "$1" || return $?
  ls -lAR . || :
}

# From above, as the mode may keep everybody out; archives may have left directories that do.
__ds_x_change_modes() (
  cd .. || exit $?
  chmod -R u+rwX -- input && find input -depth ! -type l -exec chmod "$1" -- {} +
)

# While one archive is unpacked, links made by earlier ones are away: a member might follow them.
__ds_x_unpack_all() {
  local i is_archive
  for i in "${!files[@]}"; do
    is_archive=''
    __ds_x_unpack "${files[i]}" || return $?
    if [[ -n $is_archive ]] && ((i + 1 < ${#files[@]})); then
      __ds_x_put_links_away "$__ds_state/links.$i" || return $?
    fi
  done
  while ((i-- > 0)); do
    if [[ -e $__ds_state/links.$i.tar ]]; then
      tar --extract --skip-old-files --file "$__ds_state/links.$i.tar" || return $?
    fi
  done
}

__ds_x_put_links_away() {
  find . -type l -print0 >"$1"
  if [[ ! -s $1 ]]; then return 0; fi
  tar --create --file "$1.tar" --remove-files --null --verbatim-files-from --files-from "$1"
}

# Unpacks an archive beside itself; what it is, its content says.
__ds_x_unpack() {
  local kind directory=${1%/*} name=${1##*/}
  kind=$(file --brief --mime-type -- "$1")
  case $kind in
    application/x-tar) __ds_x_unpack_with tar ;;
    application/zip) __ds_x_unpack_with unzip ;;
    application/gzip | application/x-gzip) __ds_x_decompress gzip "$directory" "$name" ;;
    application/x-bzip2) __ds_x_decompress bzip2 "$directory" "$name" ;;
    application/x-xz) __ds_x_decompress xz "$directory" "$name" ;;
    application/zstd | application/x-zstd) __ds_x_decompress zstd "$directory" "$name" ;;
    application/x-7z-compressed) __ds_x_unpack_with 7z 7zz 7za 7zr ;;
    application/x-rar | application/vnd.rar) __ds_x_unpack_with unar unrar bsdtar ;;
  esac
}

# Whether the site has one of these tools; sets `tool` of the caller to the first.
__ds_x_has_unpacker() {
  for tool in "$@"; do
    if type -P "$tool" >/dev/null; then return 0; fi
  done
  __ds_say "warning: $1 is missing on this site, $name stays as it is"
  return 1
}

# Unpacks the archive `name` of `directory` with the first of these tools that the site has.
__ds_x_unpack_with() {
  local tool
  if ! __ds_x_has_unpacker "$@"; then return 0; fi
  is_archive=1
  (cd -- "$directory" && __ds_x_unpack_here)
}

__ds_x_unpack_here() {
  # The output decides, not the status: a reader that stops early fails the pipe.
  if [[ -n $(__ds_x_members | grep -E -m 1 '(^ ?|/)\.\.(/|$)' || :) ]]; then
    __ds_say "$name has members outside the input directory, refused"
    return 1
  fi
  case $tool in
    tar) tar --extract --no-same-owner --file "./$name" ;;
    unzip) __ds_x_unzip ;;
    7z*) "$tool" x -y -bd -bso0 "./$name" ;;
    unrar) unrar x -y -o+ -idq "./$name" >/dev/null ;;
    unar) unar -quiet -force-overwrite -no-directory "./$name" ;;
    bsdtar) bsdtar -x --no-same-owner -f "./$name" ;;
  esac || {
    __ds_say "$name does not unpack"
    return 1
  }
}

# Its code 1 stands for warnings: of odd paths, but also of members that it cannot decrypt or read.
__ds_x_unzip() {
  local code=0 log=$__ds_state/unzip.log
  unzip -o -q "./$name" 2>"$log" || code=$?
  cat -- "$log" >&2
  ((code == 0)) || { ((code == 1)) && ! grep -q '^ *skipping: ' "$log"; }
}

__ds_x_members() {
  case $tool in
    tar) tar --list --file "./$name" ;;
    unzip) unzip -Z1 "./$name" ;;
    7z*) "$tool" l -ba -slt "./$name" | sed -n 's/^Path = //p' ;;
    unrar) unrar lb "./$name" ;;
    unar) lsar "./$name" ;;
    bsdtar) bsdtar -t -f "./$name" ;;
  esac
}

# A compressed tar is unpacked, any other compressed file is decompressed beside itself; those of zstd,
# which are no archives by themselves (W-IN-2), stay. Code 2 of gzip warns of what follows the data.
__ds_x_decompress() {
  local target=$3 kind tool
  if ! __ds_x_has_unpacker "$1"; then return 0; fi
  kind=$("$1" --decompress --stdout <"$2/$3" 2>/dev/null | file --brief --mime-type - || :)
  if [[ $kind == application/x-tar ]]; then
    __ds_x_unpack_with tar
    return
  fi
  if [[ $1 == zstd ]]; then return 0; fi
  case $3 in
    *.gz | *.bz2 | *.xz) target=${3%.*} ;;
    *) target=$3.unpacked ;;
  esac
  "$1" --decompress --stdout <"$2/$3" >"$2/$target" || [[ $1 == gzip && $? == 2 ]] || {
    __ds_say "$3 does not unpack"
    return 1
  }
}
