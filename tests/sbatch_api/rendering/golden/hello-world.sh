__ds_tasks='1'
__ds_cpus_per_task='1'
__ds_mem_per_cpu='100'
__ds_gpus='0'
__ds_env_job() {
  __ds_emit
}
__ds_body_0() {
  local -a __ds_srun=('--job-name=hello_world' '--exact' '--ntasks=1' '--cpus-per-task=1' '--mem-per-cpu=100M')
  local -a __ds_program=('/bin/sh' '-c' 'echo "Hello World"')
  local -a __ds_options=()
  __ds_run '0' 'host' '' '0'
}
__ds_step_0() {
  __ds_step '0' 'hello world' '0' '0' 'body'
}
__ds_steps() {
  __ds_list '__ds_step_0'
}
__ds_main 'chmod' 'env' 'head' 'mkdir' 'mv' 'rm' 'scancel' 'srun'
