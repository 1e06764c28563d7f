#!/bin/bash
# Runs a program with the whole file system writable but kept aside: what it changes outside the
# directory $1 is listed in $1/touched, with paths, one a line. $2... is the program. Needs root.
set -euo pipefail
if [[ ${ENCLOSED:-} != yes ]]; then ENCLOSED=yes exec unshare --mount "$BASH" "$0" "$@"; fi
site=$1 aside=$1/.aside
shift
unset ENCLOSED
mkdir -p "$aside"
mount -t tmpfs tmpfs "$aside"
mkdir "$aside"/{changes,work,root}
root=$aside/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$aside/changes,workdir=$aside/work" "$root"
mkdir -p "$root$site"
mount --rbind "$site" "$root$site"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
find "$aside/changes" >"$aside/before"
code=0
chroot "$root" "$@" || code=$?
find "$aside/changes" | grep -vxFf "$aside/before" | sed "s,^$aside/changes,," >"$site/touched" || :
exit "$code"
