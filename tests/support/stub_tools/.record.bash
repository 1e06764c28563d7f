# How the stubs record a call: its words, each before a NUL, on a line. Others record meanwhile.
record() {
  (
    flock 9
    printf '%s\0' "$@" >&9
    printf '\n' >&9
  ) 9>>"${STUB_CALLS:?}"
}
