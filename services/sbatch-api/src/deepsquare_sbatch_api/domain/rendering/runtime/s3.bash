# S3 input and output, by s5cmd. Credentials are in its environment only.

# $1 region, $2 endpoint, $3 access key, $4 secret key, $5... arguments of s5cmd. It sorts long
# lists of files in files of its own.
__ds_x_s5cmd() (
  unset AWS_SESSION_TOKEN AWS_PROFILE AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE
  export AWS_REGION=$1 S3_ENDPOINT_URL=$2 AWS_ACCESS_KEY_ID=$3 AWS_SECRET_ACCESS_KEY=$4
  export TMPDIR=$__ds_state
  shift 4
  exec s5cmd "$@"
)

# Writes a line for `s5cmd run`: copies $2 to $3 with options $1.
__ds_x_s3_line() {
  local mark="'" quoted="'\\''"
  printf "cp --raw %s '%s' '%s'\n" "$1" "${2//"$mark"/"$quoted"}" "${3//"$mark"/"$quoted"}"
}

# $1 region, $2 endpoint, $3 access key, $4 secret key, $5 address of the object or directory.
__ds_fetch_s3() {
  __ds_do __ds_x_within_limit __ds_x_s3_get "$@"
}

__ds_x_s3_get() {
  local address=${5%/} found='' errors=$__ds_state/s3.errors keys=$__ds_state/s3.keys
  local -a connection=("${@:1:4}")
  cd -- "$__ds_storage/input" || return $?
  __ds_x_s3_check_size "${connection[@]}" "$address" || return $?
  if [[ $5 != */ ]]; then
    if __ds_x_s5cmd "${connection[@]}" --log error cp --raw "$address" ./ 2>"$errors"; then
      found=1
    elif ! __ds_x_says 'NoSuchKey|NotFound:'; then
      return 1
    fi
  fi
  if __ds_x_s5cmd "${connection[@]}" ls --show-fullpath "$address/*" >"$keys" 2>"$errors"; then
    __ds_x_s3_get_below || return $?
  elif ! __ds_x_says 'no object found'; then
    return 1
  fi
  if [[ -z $found ]]; then
    __ds_say "no input found at $address"
    return 1
  fi
}

# Whether the last errors say this and nothing else; others are shown.
__ds_x_says() {
  if [[ -s $errors ]] && ! grep -qvE "$1" "$errors"; then return 0; fi
  cat -- "$errors" >&2
  return 1
}

# Fetches what lies below the address. Keys are listed first: s5cmd follows `..` in them.
__ds_x_s3_get_below() {
  local key
  while IFS= read -r key; do
    if [[ /${key#"$address/"}/ == */../* ]]; then
      __ds_say "the input has an object outside its directory, refused: $key"
      return 1
    fi
  done < <(grep -F .. "$keys" || :)
  if [[ ${address#s3://} == *[*?]* ]]; then
    __ds_x_s3_get_each
    return
  fi
  found=1
  __ds_x_s5cmd "${connection[@]}" --log error cp --exclude '..' --exclude '../*' \
    --exclude '*/..' --exclude '*/../*' "$address/*" ./
}

# s5cmd takes * and ? for wildcards, so the keys are asked for one by one.
__ds_x_s3_get_each() {
  local key
  while IFS= read -r key; do
    if [[ $key != "$address/"* || $key == */ ]]; then continue; fi
    found=1
    __ds_x_s3_line '' "$key" "./${key#"$address/"}"
  done <"$keys" >"$keys.wanted"
  if [[ -n $found ]]; then
    __ds_x_s5cmd "${connection[@]}" --log error run "$keys.wanted"
  fi
}

__ds_x_s3_check_size() {
  local limit=${__ds_site[MAX_INPUT_BYTES]} line total=0
  if ((!limit)) || [[ ${5#s3://} == *[*?]* ]]; then return 0; fi
  while IFS= read -r line; do
    if [[ $line =~ ^([0-9]+)\ bytes ]]; then total=$((total + BASH_REMATCH[1])); fi
  done < <(__ds_x_s5cmd "${@:1:4}" du "$5/*" 2>/dev/null)
  if ((total > limit)); then
    __ds_say "the input is larger than the $limit bytes that this site allows"
    return 63
  fi
}

# $1 region, $2 endpoint, $3 access key, $4 secret key, $5 address, $6 delete, keep or quiet.
__ds_put_s3() {
  __ds_do __ds_x_s3_put "$@" || return $?
  if [[ $6 == delete ]] && ((!__ds_code)); then __ds_prune_s3 "${@:1:5}"; fi
}

# Deletes remotely what is not in the output, once all of that was sent; ended by a signal at once.
__ds_prune_s3() {
  local code=0 __ds_shelter=0
  if ! __ds_must_stop; then __ds_do __ds_x_s3_prune "$@" || code=$?; fi
  __ds_cut=-1
  if ((!__ds_signal)); then return "$code"; fi
  __ds_say "nothing is deleted remotely after a signal"
}

__ds_x_s3_prune() {
  local address=${5%/} directory
  if [[ ${address#s3://} == *[*?]* ]]; then
    __ds_say "warning: below a path with wildcard characters nothing is deleted"
    return 0
  fi
  __ds_x_find_output || return $?
  __ds_x_s5cmd "${@:1:4}" --log error sync --no-follow-symlinks --delete "$directory/" "$address/"
}

# Sets directory of the caller to the output, which may be a link: s5cmd walks none. Not `./`, which it
# drops: a name that begins with a hyphen would become an option.
__ds_x_find_output() {
  cd -- "$__ds_state" || return $?
  directory=../output
  if [[ -L $directory ]]; then directory=$(cd -P -- "$directory" && pwd) || return $?; fi
  if [[ ! -d $directory ]]; then
    __ds_say "the output directory is gone"
    return 1
  fi
}

# Fails when a directory cannot be looked into all the same: s5cmd does not.
__ds_x_open_output() {
  if [[ $directory == ../output ]]; then
    __ds_x_open_files "$directory"
  else
    find "$directory" -printf ''
  fi
}

__ds_x_s3_put() {
  local address=${5%/} code=0 stamp=$__ds_state/s3.stamp directory
  local -a connection=("${@:1:4}")
  __ds_x_find_output || return $?
  if [[ $6 != quiet ]]; then __ds_x_open_output || code=$?; fi
  if [[ -z $(find "$directory" -type f -print -quit) ]]; then
    if [[ $6 == keep ]]; then __ds_say "no output file, nothing is uploaded"; fi
    return "$code"
  fi
  if [[ ${address#s3://} == *[*?]* ]]; then
    __ds_x_s3_put_each --no-clobber --if-size-differ --if-source-newer || code=$?
    return "$code"
  fi
  if [[ -e $stamp ]]; then
    : >"$stamp.next"
    if __ds_x_s3_put_each -newer; then mv -f -- "$stamp.next" "$stamp"; else code=$?; fi
  else
    : >"$stamp"
  fi
  __ds_x_s5cmd "${connection[@]}" --log error sync --no-follow-symlinks "$directory/" "$address/" ||
    code=$?
  return "$code"
}

# Uploads file by file. What sync cannot do:
# -newer: what was changed since the last good pass began. A file that kept its size while it was
#   being sent is older than its object, so that sync takes it for unchanged.
# Otherwise all files, with these options of cp: sync refuses a path with wildcard characters.
__ds_x_s3_put_each() {
  local file
  local -a chosen=()
  if [[ $1 == -newer ]]; then chosen=(-newer "$stamp") && shift; fi
  while IFS= read -r -d '' file; do
    __ds_x_s3_line "$*" "$file" "$address/${file#"$directory"/}"
  done < <(find "$directory" -type f ! -name '*[[:cntrl:]]*' "${chosen[@]}" -print0) \
    >"$__ds_state/s3.chosen"
  if [[ ! -s $__ds_state/s3.chosen ]]; then return 0; fi
  __ds_x_s5cmd "${connection[@]}" --log error run "$__ds_state/s3.chosen"
}
