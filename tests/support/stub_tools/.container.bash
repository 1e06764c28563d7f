# A pretended container for the stubs of the runtimes: a root directory over the host's /usr, the
# environment of the image, its directory /image-dir and its entrypoint. Uses bubblewrap.

make_root() {
  mkdir -p "$1"/{etc/alternatives,image-dir,tmp,root,.singularity.d,usr,proc,dev}
  ln -s usr/bin usr/lib usr/lib64 usr/sbin "$1"
  touch "$1/etc/passwd"
  cat >"$1/etc/rc" <<'END'
mkdir -p "/image-dir" 2> /dev/null
cd "/image-dir" && unset OLDPWD || exit 1

if [ $# -gt 0 ]; then
    exec 'printf' 'entry:<%s>\n' "$@"
else
    exec 'printf' 'entry:<%s>\n' 'default'
fi
END
  sed -e '/image-dir/d' -e '1i #!/bin/sh' "$1/etc/rc" >"$1/.singularity.d/runscript"
  chmod +x "$1/.singularity.d/runscript"
}

# $1 root directory, $2 bind or ro-bind; uses the array binds; runs the words after --, which get
# TERM as if there were no process between.
enter_root() {
  local root=$1 how=$2 child code=0
  shift 3
  bwrap "--$how" "$root" / --ro-bind /usr /usr --proc /proc --dev /dev \
    --ro-bind /etc/alternatives /etc/alternatives --ro-bind /etc/passwd /etc/passwd \
    "${binds[@]}" --clearenv --setenv PATH /usr/local/bin:/usr/bin:/bin \
    --setenv IMAGE_SAYS image --setenv BOTH_SAY image "$@" &
  child=$!
  # shellcheck disable=SC2046,SC2064 # one pid
  trap "kill -TERM \$(pgrep -P $child)" TERM
  while kill -0 "$child" 2>/dev/null; do wait "$child" || :; done
  wait "$child" || code=$?
  return "$code"
}

. "${BASH_SOURCE[0]%/*}/.record.bash"

# Fails as often as the file says, with the message of STUB_FETCH_ERROR.
maybe_fail() {
  local left=0
  if [[ -s $STUB_CALLS.fails ]]; then left=$(<"$STUB_CALLS.fails"); fi
  if ((left)); then
    echo "$((left - 1))" >"$STUB_CALLS.fails"
    echo "${STUB_FETCH_ERROR:-connection reset}" >&2
    exit 9
  fi
}
