__ds_tasks='2'
__ds_cpus_per_task='1'
__ds_mem_per_cpu='100'
__ds_gpus='2'
__ds_env_job() {
  __ds_emit
}
__ds_fetch_input() {
  __ds_fetch_http 'https://example.org/a%20b.zip?token=x' 'a b.zip' 'https' || return $?
  __ds_settle_input '755' || return $?
}
__ds_upload_output() {
  if __ds_output_is_wanted 'onSuccess'; then
    __ds_put_s3 'r' 'https://s3.example' 'id' 'it'\''s secret' 's3://bucket/prefix/data' 'delete'
  fi
}
__ds_upload_now() {
  __ds_put_s3 'r' 'https://s3.example' 'id' 'it'\''s secret' 's3://bucket/prefix/data' 'quiet'
}
__ds_body_0() {
  local -a __ds_srun=('--job-name=desktop' '--exact' '--ntasks=1' '--cpus-per-task=1' '--mem-per-cpu=100M' '--gpu-bind=none' '--gpus-per-task=0' '--gpus=0')
  local -a __ds_program=()
  local -a __ds_options=('uid=0' 'gid=0' 'entrypoint=1' 'network=slirp4netns' 'dns0=1.1.1.1' 'dns1=9.9.9.9' 'interface0=wg0' 'wg0=[Interface]
PrivateKey = YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=
Address = 10.1.0.2/32
[Peer]
PublicKey = YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=
PresharedKey = YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=
AllowedIPs = 0.0.0.0/0
Endpoint = vpn.example:51820' 'interface1=vnet0' 'vnet0=0 0 10.2.0.2/24 10.2.0.0/24' 'bore0=8080 bore.example:2200' 'bore_secret0=open sesame' 'rw=1')
  __ds_use_image '0' 'enroot' 'docker://registry-1.docker.io#m1k1o/neko:firefox' 'registry-1.docker.io/m1k1o/neko:firefox' '' 'registry-1.docker.io' '' '' || return $?
  __ds_run '0' 'enroot' '' '0'
}
__ds_step_0() {
  __ds_step '0' 'desktop' '0' '0' 'body'
}
__ds_env_1() {
  __ds_emit 'FRAME=1'
}
__ds_body_1() {
  local -a __ds_srun=('--job-name=1' '--exact' '--ntasks=2' '--cpus-per-task=1' '--mem-per-cpu=100M' '--gpu-bind=none' '--gpus-per-task=1' '--gpus=2')
  local -a __ds_program=('render' 'x y')
  local -a __ds_options=('directory=/deepsquare/work' 'entrypoint=1' 'rw=1')
  __ds_use_x11
  __ds_use_file 'hosted' '/a/blender:3' || return $?
  __ds_run '1' 'apptainer' '__ds_env_1' '1'
}
__ds_step_1() {
  __ds_step '1' '' '0' '0' 'body'
}
__ds_start_networks() {
  __ds_start_network '0' '10.2.0.1/24' '10.2.0.2/32' || return $?
}
__ds_steps() {
  __ds_list '__ds_step_0' '__ds_step_1'
}
__ds_main 'apptainer' 'bore' 'cat' 'chmod' 'cp' 'curl' 'enroot' 'env' 'file' 'find' 'flock' 'getent' 'grep' 'head' 'ip' 'ls' 'mkdir' 'mount' 'mv' 'nsenter' 'pasta' 'rm' 's5cmd' 'scancel' 'scontrol' 'sed' 'slirp4netns' 'sort' 'srun' 'tar' 'tee' 'tr' 'unshare' 'wg' 'wg-quick'
