# S3 input and output, by s5cmd. Credentials are in its environment only.

# $1 region, $2 endpoint, $3 access key, $4 secret key, $5... arguments of s5cmd.
__ds_x_s5cmd() (
  unset AWS_SESSION_TOKEN AWS_PROFILE AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE
  export AWS_REGION=$1 AWS_ACCESS_KEY_ID=$3 AWS_SECRET_ACCESS_KEY=$4
  endpoint=$2
  shift 4
  exec s5cmd --endpoint-url "$endpoint" "$@"
)

# $1 region, $2 endpoint, $3 access key, $4 secret key, $5 address of the object or directory.
__ds_fetch_s3() {
  __ds_do __ds_x_within_limit __ds_x_s3_get "$@"
}

__ds_x_s3_get() {
  local address=${5%/} found='' errors=$__ds_state/s3.errors
  local -a connection=("${@:1:4}")
  cd -- "$__ds_storage/input" || return $?
  __ds_x_s3_check_size "${connection[@]}" "$address" || return $?
  if [[ $5 != */ ]]; then
    if __ds_x_s5cmd "${connection[@]}" --log error cp --raw "$address" ./ 2>"$errors"; then
      found=1
    elif ! __ds_x_is_not_found; then
      return 1
    fi
  fi
  if [[ ${address#s3://} == *[*?[]* ]]; then
    __ds_say "warning: objects below a path with wildcard characters are not looked for"
  elif __ds_x_s5cmd "${connection[@]}" --log error cp "$address/*" ./ 2>"$errors"; then
    found=1
  elif ! __ds_x_is_not_found; then
    return 1
  fi
  if [[ -z $found ]]; then
    __ds_say "no input found at $address"
    return 1
  fi
}

# Whether the last errors say that there is nothing; any other error is shown.
__ds_x_is_not_found() {
  if grep -qiE 'no object found|NoSuchKey|NotFound|status code: 404' "$errors"; then return 0; fi
  cat -- "$errors" >&2
  return 1
}

__ds_x_s3_check_size() {
  local limit=${__ds_site[MAX_INPUT_BYTES]} line total=0
  if ((!limit)) || [[ ${5#s3://} == *[*?[]* ]]; then return 0; fi
  while IFS= read -r line; do
    if [[ $line =~ ^([0-9]+)\ bytes ]]; then total=$((total + BASH_REMATCH[1])); fi
  done < <(__ds_x_s5cmd "${@:1:4}" --log error du "$5/*" 2>/dev/null)
  if ((total > limit)); then
    __ds_say "the input is larger than the $limit bytes that this site allows"
    return 63
  fi
}

# $1 region, $2 endpoint, $3 access key, $4 secret key, $5 address, $6 delete or keep.
__ds_put_s3() {
  local mode=$6
  if ((__ds_code || __ds_signal)); then mode=keep; fi
  __ds_do __ds_x_s3_put "${@:1:5}" "$mode"
}

__ds_x_s3_put() {
  local file=''
  local -a options=(--no-follow-symlinks)
  cd -- "$__ds_storage/output" || return $?
  if [[ $6 == delete ]]; then
    options+=(--delete)
  else
    IFS= read -r -d '' file < <(find . -type f -print0) || :
    if [[ -z $file ]]; then
      if [[ $6 == keep ]]; then __ds_say "no output file, nothing is uploaded"; fi
      return 0
    fi
  fi
  __ds_x_s5cmd "${@:1:4}" sync "${options[@]}" ./ "${5%/}/"
}
