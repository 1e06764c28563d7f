# HTTP input and output, by curl. The URL may hold secrets: it goes through standard input.

__ds_x_curl() {
  local url=$1
  shift
  url=${url//\\/\\\\}
  printf 'url = "%s"\n' "${url//\"/\\\"}" | curl --config - --globoff --silent --show-error "$@"
}

# $1 URL, $2 file name, $3 protocols that redirects may use.
__ds_fetch_http() {
  __ds_do __ds_x_within_limit __ds_x_http_get "$@"
}

__ds_x_http_get() {
  local code attempt limit=${__ds_site[MAX_INPUT_BYTES]}
  local -a options=(--fail --location --max-redirs 10 --proto '=http,https' --proto-redir "=$3"
    --retry 3 --retry-connrefused --connect-timeout 30 --continue-at - --output "./$2")
  if ((limit)); then options+=(--max-filesize "$limit"); fi
  cd -- "$__ds_storage/input" || return $?
  for attempt in 1 2 3 4 5; do
    code=0
    __ds_x_curl "$1" "${options[@]}" || code=$?
    case $code in
      18 | 52 | 56 | 92) __ds_say "attempt $attempt of the download broke off (code $code)" ;;
      33) rm -f -- "./$2" ;;
      *) return "$code" ;;
    esac
  done
  return "$code"
}

# $1 URL, $2 protocols that redirects may use.
__ds_put_http() {
  __ds_do __ds_x_http_put "$@"
}

__ds_x_http_put() {
  local file status
  local -a files=()
  cd -- "$__ds_storage/output" || return $?
  if [[ ! -L $__ds_storage/output ]]; then __ds_x_open_files . || :; fi
  mapfile -d '' -t files < <(find . -type f -print0)
  if ((!${#files[@]})); then
    __ds_say "no output file, nothing is uploaded"
    return 0
  fi
  file=${files[0]}
  if ((${#files[@]} > 1)); then
    file=$__ds_state/output.zip
    rm -f -- "$file"
    zip --quiet --recurse-paths --symlinks "$file" . || return $?
  fi
  status=$(__ds_x_curl "$1" --upload-file "$file" --location --max-redirs 10 \
    --proto '=http,https' --proto-redir "=$2" --connect-timeout 30 --retry 2 \
    --output "$__ds_state/response" --write-out '%{http_code}') || return $?
  __ds_x_print_response
  if ((status >= 300)); then
    __ds_say "the upload was answered with status $status"
    return 22
  fi
}

# Customers rely on the answer, often a download link, standing in the log.
__ds_x_print_response() {
  local LC_ALL=C text
  if [[ ! -s $__ds_state/response ]]; then return 0; fi
  text=$(head -c 8192 -- "$__ds_state/response" | tr -d '\000')
  text=${text//\\/\\\\}
  while [[ $text =~ %([0-9A-Fa-f]{2}) ]]; do
    text=${text//"${BASH_REMATCH[0]}"/\\x${BASH_REMATCH[1]}}
  done
  printf '%b' "$text" | tr -d '\000-\037\177'
  printf '\n'
}
