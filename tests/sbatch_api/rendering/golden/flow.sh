__ds_tasks='4'
__ds_cpus_per_task='1'
__ds_mem_per_cpu='100'
__ds_gpus='0'
__ds_env_job() {
  __ds_emit 'MODE=fast' 'TEXT=two
lines
'
}
__ds_body_0_0() {
  local -a __ds_srun=('--job-name=serve' '--exact' '--ntasks=1' '--cpus-per-task=1' '--mem-per-cpu=100M')
  local -a __ds_program=('/bin/sh' '-c' 'serve')
  local -a __ds_options=()
  __ds_run '0.0' 'host' '' '0'
}
__ds_step_0_0() {
  __ds_step '0.0' 'serve' '0' '0' 'body'
}
__ds_list_0() {
  __ds_list '__ds_step_0_0'
}
__ds_body_0() {
  __ds_launch '0' '15' '60' '1' '__ds_list_0'
}
__ds_step_0() {
  __ds_step '0' '' '0' '0' 'body'
}
__ds_depends_1() {
  __ds_await_launches '0'
}
__ds_if_1_0_0_0() {
  __ds_if '1.0.0.0' '$index -gt 1'
}
__ds_body_1_0_0_0() {
  local -a __ds_srun=('--job-name=1.0.0.0' '--exact' '--ntasks=1' '--cpus-per-task=1' '--mem-per-cpu=100M')
  local -a __ds_program=('/bin/sh' '-c' 'echo "$index"')
  local -a __ds_options=()
  __ds_run '1.0.0.0' 'host' '' '0'
}
__ds_step_1_0_0_0() {
  __ds_step '1.0.0.0' '' '0' '0' 'if body'
}
__ds_list_1_0_0() {
  __ds_list '__ds_step_1_0_0_0'
}
__ds_body_1_0_0() {
  local -a __ds_loop=()
  __ds_count '3' '1' '-1'
  __ds_parallel '1.0.0' 'index' '__ds_list_1_0_0' '2'
}
__ds_step_1_0_0() {
  __ds_step '1.0.0' '' '0' '0' 'body'
}
__ds_list_1_0() {
  __ds_list '__ds_step_1_0_0'
}
__ds_body_1_0() {
  local -a __ds_loop=('a b' 'it'\''s')
  __ds_sequential 'item' '__ds_list_1_0'
}
__ds_step_1_0() {
  __ds_step '1.0' '' '0' '0' 'body'
}
__ds_body_1_1() {
  local -a __ds_srun=('--job-name=1.1' '--exact' '--ntasks=1' '--cpus-per-task=1' '--mem-per-cpu=100M')
  local -a __ds_program=('/bin/bash' '-c' 'make')
  local -a __ds_options=()
  __ds_run '1.1' 'host' '' '0'
}
__ds_step_1_1() {
  __ds_step '1.1' '' '5' '0' 'body'
}
__ds_body_1() {
  __ds_list '__ds_step_1_0' '__ds_step_1_1'
}
__ds_body_1_catch_0() {
  local -a __ds_srun=('--job-name=1.catch.0' '--exact' '--ntasks=1' '--cpus-per-task=1' '--mem-per-cpu=100M')
  local -a __ds_program=('/bin/sh' '-c' 'echo caught')
  local -a __ds_options=()
  __ds_run '1.catch.0' 'host' '' '0'
}
__ds_step_1_catch_0() {
  __ds_step '1.catch.0' '' '0' '0' 'body'
}
__ds_catch_1() {
  __ds_list '__ds_step_1_catch_0'
}
__ds_body_1_finally_0() {
  local -a __ds_srun=('--job-name=1.finally.0' '--exact' '--ntasks=1' '--cpus-per-task=1' '--mem-per-cpu=100M')
  local -a __ds_program=('/bin/sh' '-c' 'echo finally')
  local -a __ds_options=()
  __ds_run '1.finally.0' 'host' '' '0'
}
__ds_step_1_finally_0() {
  __ds_step '1.finally.0' '' '0' '0' 'body'
}
__ds_finally_1() {
  __ds_list '__ds_step_1_finally_0'
}
__ds_step_1() {
  __ds_step '1' 'group' '0' '0' 'depends body catch finally'
}
__ds_steps() {
  __ds_list '__ds_step_0' '__ds_step_1'
}
__ds_main 'chmod' 'env' 'head' 'mkdir' 'mv' 'rm' 'scancel' 'srun'
