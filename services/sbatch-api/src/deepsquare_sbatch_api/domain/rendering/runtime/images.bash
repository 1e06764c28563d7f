# Images of registries: each is fetched once per job, at first use, into the job's storage.

# $1 number of the image, $2 runtime, $3 address, $4 what to call it in the log, $5 digest or empty,
# $6 registry host, $7 user, $8 password (empty without credentials).
__ds_ensure_image() {
  local file=$__ds_state/image$1 seen=0
  if [[ -e $file.ok ]]; then return 0; fi
  if [[ -s $file.failures ]]; then read -r seen <"$file.failures"; fi
  __ds_do __ds_x_ensure_image "$seen" "$@"
}

# Concurrent first users wait for the lock; those who waited while a fetch failed fail like it.
__ds_x_ensure_image() {
  local seen=$1 file=$__ds_state/image$2 failures=0 code=0
  shift
  exec 6>"$file.lock" 7<> <(:)
  flock 6
  if [[ -e $file.ok ]]; then return 0; fi
  if [[ -s $file.failures ]]; then read -r failures <"$file.failures"; fi
  if ((failures > seen)); then
    cat -- "$file.log" >&2
    read -r code <"$file.code"
    return "$code"
  fi
  if __ds_x_take_cached_image "$file" "$2" "$5"; then return 0; fi
  __ds_say "fetching image $4${5:+ ($5)}"
  __ds_x_fetch_image "$file" "${@:2}" || code=$?
  if ((code)); then
    printf '%s\n' "$code" >"$file.code"
    printf '%s\n' "$((failures + 1))" >"$file.failures"
    return "$code"
  fi
  __ds_x_keep_image "$file" "$2" "$5" "$7"
  : >"$file.ok"
}

# Attempts with growing pauses until the site's deadline.
__ds_x_fetch_image() {
  local file=$1 runtime=$2 pause=1 deadline code
  __ds_now
  deadline=$((__ds_time + __ds_site[IMPORT_SECONDS] * 100))
  while :; do
    code=0
    rm -f -- "$file.part"
    "__ds_x_fetch_with_$runtime" "$file" "$3" "${@:6}" >"$file.log" 2>&1 6>&- || code=$?
    cat -- "$file.log" >&2
    if ((code == 0)); then
      if __ds_x_is_image "$runtime" "$file.part"; then
        mv -f -- "$file.part" "$file"
        return 0
      fi
      __ds_say "what was fetched is no image" 2>&1 | tee -a "$file.log" >&2
      code=1
    fi
    if __ds_x_is_final "$file.log"; then return "$code"; fi
    __ds_now
    if ((__ds_time + pause * 100 >= deadline)); then return "$code"; fi
    __ds_say "fetching $4 failed (code $code), the next attempt follows in $pause s"
    read -r -t "$pause" -u 7 || :
    pause=$((pause < 60 ? pause * 2 : 60))
  done
}

# Whether the registry says in $1 that the image does not exist or access is denied: in the words of
# the distribution protocol, of Apptainer (seen on 1.4.5), or as a status that Enroot reports. Enroot
# 4.1 hides what is answered to a name and password: nothing follows their announcement.
__ds_x_is_final() {
  local words='manifest[ _]unknown|name[ _]unknown|not found|unauthori[sz]ed|authentication required'
  local line last=''
  words+='|invalid username|access .*denied|denied:|(code|status)[ :]+40[134]'
  while IFS= read -r line; do last=$line; done <"$1"
  if [[ $last == *'Authenticating with user:'* || $last == *'Using credentials from file:'* ]]; then
    __ds_say "the registry did not grant access" 2>&1 | tee -a "$1" >&2
    return 0
  fi
  grep -qiE "$words" "$1"
}

# Looks at the first bytes: squashfs has its magic at 0, SIF at 32.
__ds_x_is_image() {
  local LC_ALL=C head=''
  IFS= read -r -d '' -n 48 head < <(head -c 48 -- "$2" | tr '\000' '.') || :
  if [[ $1 == enroot ]]; then [[ $head == hsqs* ]]; else [[ ${head:32} == SIF_MAGIC* ]]; fi
}

__ds_x_take_cached_image() {
  local kept=${__ds_site[IMAGE_CACHE]}/$2-${3//:/-}
  if [[ -z ${__ds_site[IMAGE_CACHE]} || -z $3 || ! -e $kept ]]; then return 1; fi
  if ! __ds_x_is_image "$2" "$kept" || ! cp -- "$kept" "$1.part"; then return 1; fi
  mv -f -- "$1.part" "$1"
  : >"$1.ok"
}

# Images fetched by digest and without credentials are kept for later jobs of the same user.
__ds_x_keep_image() {
  local cache=${__ds_site[IMAGE_CACHE]}
  if [[ -z $cache || -z $3 || -n $4 ]]; then return 0; fi
  mkdir -p -- "$cache" && cp -- "$1" "$cache/.$2-$$.part" &&
    mv -f -- "$cache/.$2-$$.part" "$cache/$2-${3//:/-}" ||
    __ds_say "warning: the image could not be kept in $cache"
}

# $1 registry host, $2 user, $3 password. The second line is for the host that gives out tokens, which
# the registry chooses. Quotes keep blanks (curl 7.84 and later). Enroot evaluates what begins with $
# as sixth word of a line: here it is `"...` or `password`.
__ds_x_write_netrc() {
  local password=$3
  if [[ $password == [\$\"\#]* || $password == *[[:space:]]* ]]; then
    password=${password//\\/\\\\}
    password="\"${password//\"/\\\"}\""
  fi
  printf 'machine %s login %s password %s\n' "$1" "$2" "$password"
  printf 'default login %s account - password %s\n' "$2" "$password"
}

# Prints a directory of the site ($1), or where that cannot be written, one of the job ($2).
__ds_x_find_space() {
  if mkdir -p -- "$1" 2>/dev/null && [[ -w $1 ]]; then
    printf '%s' "$1"
  else
    __ds_say "warning: $1 cannot be written, using the job's storage instead"
    printf '%s' "$2"
  fi
}

# $1 file, $2 address, $3 registry host, $4 user, $5 password.
__ds_x_fetch_with_enroot() (
  private=$1.private
  rm -rf -- "$private"
  mkdir -p -- "$private" || exit $?
  trap 'rm -rf -- "$private"' EXIT
  if [[ -n $4 ]]; then
    __ds_x_write_netrc "$3" "$4" "$5" >"$private/.credentials"
  fi
  # Enroot 4.1 does not find its own header in what curl tells of HTTP/2, where names are in lower case.
  printf 'http1.1\n' >"$private/.curlrc"
  export CURL_HOME=$private ENROOT_CACHE_PATH
  ENROOT_CACHE_PATH=$(__ds_x_find_space "${__ds_site[ENROOT_CACHE]}" "$private")
  export ENROOT_CONFIG_PATH=$private ENROOT_TEMP_PATH=$__ds_state ENROOT_DATA_PATH=$private
  export ENROOT_RUNTIME_PATH=$private
  enroot import --output "$1.part" -- "$2"
)

__ds_x_fetch_with_apptainer() (
  private=$1.private
  rm -rf -- "$private"
  mkdir -p -- "$private" || exit $?
  trap 'rm -rf -- "$private"' EXIT
  export APPTAINER_TMPDIR
  APPTAINER_TMPDIR=$(__ds_x_find_space \
    "${__ds_site[APPTAINER_TMP]}/deepsquare-${SLURM_JOB_ID:-0}.tmp" "$private")
  export APPTAINER_CACHEDIR=$private APPTAINER_CONFIGDIR=$private
  if [[ -n $4 ]]; then
    export APPTAINER_DOCKER_USERNAME=$4 APPTAINER_DOCKER_PASSWORD=$5
  fi
  apptainer pull "$1.part" "$2"
)
