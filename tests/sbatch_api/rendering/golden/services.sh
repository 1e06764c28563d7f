__ds_tasks='14'
__ds_cpus_per_task='2'
__ds_mem_per_cpu='1000'
__ds_gpus='0'
__ds_env_job() {
  __ds_emit 'RELEASE=spring, "blue"' 'SETTINGS=log_level = "info"
retries = 5
'
}
__ds_upload_output() {
  if __ds_output_is_wanted 'always'; then
    __ds_put_s3 'eu-west-1' 'https://s3.example.org' 'AKIAEXAMPLE' 'not a real key' 's3://results/nightly/services' 'keep'
  fi
}
__ds_upload_now() {
  __ds_put_s3 'eu-west-1' 'https://s3.example.org' 'AKIAEXAMPLE' 'not a real key' 's3://results/nightly/services' 'quiet'
}
__ds_body_0_0() {
  local -a __ds_srun=('--job-name=prepare_database' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'mkdir -p "$STORAGE_PATH/database"
cat >"$STORAGE_PATH/database/service.conf" <<'\''CONF'\''
database.option_00 = '\''value 0 of database: "quoted" and $literal'\''
database.option_01 = '\''value 1 of database: "quoted" and $literal'\''
database.option_02 = '\''value 2 of database: "quoted" and $literal'\''
database.option_03 = '\''value 3 of database: "quoted" and $literal'\''
database.option_04 = '\''value 4 of database: "quoted" and $literal'\''
database.option_05 = '\''value 5 of database: "quoted" and $literal'\''
database.option_06 = '\''value 6 of database: "quoted" and $literal'\''
database.option_07 = '\''value 7 of database: "quoted" and $literal'\''
database.option_08 = '\''value 8 of database: "quoted" and $literal'\''
database.option_09 = '\''value 9 of database: "quoted" and $literal'\''
database.option_10 = '\''value 10 of database: "quoted" and $literal'\''
database.option_11 = '\''value 11 of database: "quoted" and $literal'\''
database.option_12 = '\''value 12 of database: "quoted" and $literal'\''
database.option_13 = '\''value 13 of database: "quoted" and $literal'\''
CONF
')
  local -a __ds_options=()
  __ds_run '0.0' 'host' '' '0'
}
__ds_step_0_0() {
  __ds_step '0.0' 'prepare database' '0' '0' 'body'
}
__ds_env_0_1() {
  __ds_emit 'SERVICE=database' 'SERVICE_PORT=5432'
}
__ds_body_0_1() {
  local -a __ds_srun=('--job-name=serve_database' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'set -e
echo "database of release $RELEASE listens on $SERVICE_PORT"
ulimit -n 4096 || true
exec /usr/local/bin/entrypoint --config /deepsquare/database/service.conf \
  --listen "10.20.0.10:$SERVICE_PORT" \
  --log-level info --graceful-timeout 5s
')
  local -a __ds_options=('uid=0' 'gid=0' 'network=slirp4netns' 'dns0=1.1.1.1' 'dns1=9.9.9.9' 'interface0=vnet0' 'vnet0=0 0 10.20.0.10/24 10.20.0.0/24' 'bore0=5432 bore.example.org:2200' 'rw=1')
  __ds_use_image '0' 'enroot' 'docker://registry-1.docker.io#library/postgres:16' 'registry-1.docker.io/library/postgres:16' '' 'registry-1.docker.io' '' '' || return $?
  __ds_run '0.1' 'enroot' '__ds_env_0_1' '0'
}
__ds_step_0_1() {
  __ds_step '0.1' 'serve database' '0' '0' 'body'
}
__ds_list_0() {
  __ds_list '__ds_step_0_0' '__ds_step_0_1'
}
__ds_body_0() {
  __ds_launch '0' '15' '3600' '0' '__ds_list_0'
}
__ds_step_0() {
  __ds_step '0' 'database' '0' '0' 'body'
}
__ds_body_1_0() {
  local -a __ds_srun=('--job-name=prepare_cache' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'mkdir -p "$STORAGE_PATH/cache"
cat >"$STORAGE_PATH/cache/service.conf" <<'\''CONF'\''
cache.option_00 = '\''value 0 of cache: "quoted" and $literal'\''
cache.option_01 = '\''value 1 of cache: "quoted" and $literal'\''
cache.option_02 = '\''value 2 of cache: "quoted" and $literal'\''
cache.option_03 = '\''value 3 of cache: "quoted" and $literal'\''
cache.option_04 = '\''value 4 of cache: "quoted" and $literal'\''
cache.option_05 = '\''value 5 of cache: "quoted" and $literal'\''
cache.option_06 = '\''value 6 of cache: "quoted" and $literal'\''
cache.option_07 = '\''value 7 of cache: "quoted" and $literal'\''
cache.option_08 = '\''value 8 of cache: "quoted" and $literal'\''
cache.option_09 = '\''value 9 of cache: "quoted" and $literal'\''
cache.option_10 = '\''value 10 of cache: "quoted" and $literal'\''
cache.option_11 = '\''value 11 of cache: "quoted" and $literal'\''
cache.option_12 = '\''value 12 of cache: "quoted" and $literal'\''
cache.option_13 = '\''value 13 of cache: "quoted" and $literal'\''
CONF
')
  local -a __ds_options=()
  __ds_run '1.0' 'host' '' '0'
}
__ds_step_1_0() {
  __ds_step '1.0' 'prepare cache' '0' '0' 'body'
}
__ds_env_1_1() {
  __ds_emit 'SERVICE=cache' 'SERVICE_PORT=6379'
}
__ds_body_1_1() {
  local -a __ds_srun=('--job-name=serve_cache' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'set -e
echo "cache of release $RELEASE listens on $SERVICE_PORT"
ulimit -n 4096 || true
exec /usr/local/bin/entrypoint --config /deepsquare/cache/service.conf \
  --listen "10.20.0.11:$SERVICE_PORT" \
  --log-level info --graceful-timeout 5s
')
  local -a __ds_options=('uid=0' 'gid=0' 'network=slirp4netns' 'dns0=1.1.1.1' 'dns1=9.9.9.9' 'interface0=vnet0' 'vnet0=0 1 10.20.0.11/24 10.20.0.0/24' 'bore0=6379 bore.example.org:2200' 'rw=1')
  __ds_use_image '1' 'enroot' 'docker://registry-1.docker.io#library/redis:7' 'registry-1.docker.io/library/redis:7' '' 'registry-1.docker.io' '' '' || return $?
  __ds_run '1.1' 'enroot' '__ds_env_1_1' '0'
}
__ds_step_1_1() {
  __ds_step '1.1' 'serve cache' '0' '0' 'body'
}
__ds_list_1() {
  __ds_list '__ds_step_1_0' '__ds_step_1_1'
}
__ds_body_1() {
  __ds_launch '1' '15' '3600' '0' '__ds_list_1'
}
__ds_step_1() {
  __ds_step '1' 'cache' '0' '0' 'body'
}
__ds_body_2_0() {
  local -a __ds_srun=('--job-name=prepare_queue' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'mkdir -p "$STORAGE_PATH/queue"
cat >"$STORAGE_PATH/queue/service.conf" <<'\''CONF'\''
queue.option_00 = '\''value 0 of queue: "quoted" and $literal'\''
queue.option_01 = '\''value 1 of queue: "quoted" and $literal'\''
queue.option_02 = '\''value 2 of queue: "quoted" and $literal'\''
queue.option_03 = '\''value 3 of queue: "quoted" and $literal'\''
queue.option_04 = '\''value 4 of queue: "quoted" and $literal'\''
queue.option_05 = '\''value 5 of queue: "quoted" and $literal'\''
queue.option_06 = '\''value 6 of queue: "quoted" and $literal'\''
queue.option_07 = '\''value 7 of queue: "quoted" and $literal'\''
queue.option_08 = '\''value 8 of queue: "quoted" and $literal'\''
queue.option_09 = '\''value 9 of queue: "quoted" and $literal'\''
queue.option_10 = '\''value 10 of queue: "quoted" and $literal'\''
queue.option_11 = '\''value 11 of queue: "quoted" and $literal'\''
queue.option_12 = '\''value 12 of queue: "quoted" and $literal'\''
queue.option_13 = '\''value 13 of queue: "quoted" and $literal'\''
CONF
')
  local -a __ds_options=()
  __ds_run '2.0' 'host' '' '0'
}
__ds_step_2_0() {
  __ds_step '2.0' 'prepare queue' '0' '0' 'body'
}
__ds_env_2_1() {
  __ds_emit 'SERVICE=queue' 'SERVICE_PORT=5672'
}
__ds_body_2_1() {
  local -a __ds_srun=('--job-name=serve_queue' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'set -e
echo "queue of release $RELEASE listens on $SERVICE_PORT"
ulimit -n 4096 || true
exec /usr/local/bin/entrypoint --config /deepsquare/queue/service.conf \
  --listen "10.20.0.12:$SERVICE_PORT" \
  --log-level info --graceful-timeout 5s
')
  local -a __ds_options=('uid=0' 'gid=0' 'network=slirp4netns' 'dns0=1.1.1.1' 'dns1=9.9.9.9' 'interface0=vnet0' 'vnet0=0 2 10.20.0.12/24 10.20.0.0/24' 'bore0=5672 bore.example.org:2200' 'rw=1')
  __ds_use_image '2' 'enroot' 'docker://registry-1.docker.io#library/rabbitmq:3' 'registry-1.docker.io/library/rabbitmq:3' '' 'registry-1.docker.io' '' '' || return $?
  __ds_run '2.1' 'enroot' '__ds_env_2_1' '0'
}
__ds_step_2_1() {
  __ds_step '2.1' 'serve queue' '0' '0' 'body'
}
__ds_list_2() {
  __ds_list '__ds_step_2_0' '__ds_step_2_1'
}
__ds_body_2() {
  __ds_launch '2' '15' '3600' '0' '__ds_list_2'
}
__ds_step_2() {
  __ds_step '2' 'queue' '0' '0' 'body'
}
__ds_body_3_0() {
  local -a __ds_srun=('--job-name=prepare_search' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'mkdir -p "$STORAGE_PATH/search"
cat >"$STORAGE_PATH/search/service.conf" <<'\''CONF'\''
search.option_00 = '\''value 0 of search: "quoted" and $literal'\''
search.option_01 = '\''value 1 of search: "quoted" and $literal'\''
search.option_02 = '\''value 2 of search: "quoted" and $literal'\''
search.option_03 = '\''value 3 of search: "quoted" and $literal'\''
search.option_04 = '\''value 4 of search: "quoted" and $literal'\''
search.option_05 = '\''value 5 of search: "quoted" and $literal'\''
search.option_06 = '\''value 6 of search: "quoted" and $literal'\''
search.option_07 = '\''value 7 of search: "quoted" and $literal'\''
search.option_08 = '\''value 8 of search: "quoted" and $literal'\''
search.option_09 = '\''value 9 of search: "quoted" and $literal'\''
search.option_10 = '\''value 10 of search: "quoted" and $literal'\''
search.option_11 = '\''value 11 of search: "quoted" and $literal'\''
search.option_12 = '\''value 12 of search: "quoted" and $literal'\''
search.option_13 = '\''value 13 of search: "quoted" and $literal'\''
CONF
')
  local -a __ds_options=()
  __ds_run '3.0' 'host' '' '0'
}
__ds_step_3_0() {
  __ds_step '3.0' 'prepare search' '0' '0' 'body'
}
__ds_env_3_1() {
  __ds_emit 'SERVICE=search' 'SERVICE_PORT=9200'
}
__ds_body_3_1() {
  local -a __ds_srun=('--job-name=serve_search' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'set -e
echo "search of release $RELEASE listens on $SERVICE_PORT"
ulimit -n 4096 || true
exec /usr/local/bin/entrypoint --config /deepsquare/search/service.conf \
  --listen "10.20.0.13:$SERVICE_PORT" \
  --log-level info --graceful-timeout 5s
')
  local -a __ds_options=('uid=0' 'gid=0' 'network=slirp4netns' 'dns0=1.1.1.1' 'dns1=9.9.9.9' 'interface0=vnet0' 'vnet0=0 3 10.20.0.13/24 10.20.0.0/24' 'bore0=9200 bore.example.org:2200' 'rw=1')
  __ds_use_image '3' 'enroot' 'docker://registry-1.docker.io#library/opensearch:2' 'registry-1.docker.io/library/opensearch:2' '' 'registry-1.docker.io' '' '' || return $?
  __ds_run '3.1' 'enroot' '__ds_env_3_1' '0'
}
__ds_step_3_1() {
  __ds_step '3.1' 'serve search' '0' '0' 'body'
}
__ds_list_3() {
  __ds_list '__ds_step_3_0' '__ds_step_3_1'
}
__ds_body_3() {
  __ds_launch '3' '15' '3600' '0' '__ds_list_3'
}
__ds_step_3() {
  __ds_step '3' 'search' '0' '0' 'body'
}
__ds_body_4_0() {
  local -a __ds_srun=('--job-name=prepare_web' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'mkdir -p "$STORAGE_PATH/web"
cat >"$STORAGE_PATH/web/service.conf" <<'\''CONF'\''
web.option_00 = '\''value 0 of web: "quoted" and $literal'\''
web.option_01 = '\''value 1 of web: "quoted" and $literal'\''
web.option_02 = '\''value 2 of web: "quoted" and $literal'\''
web.option_03 = '\''value 3 of web: "quoted" and $literal'\''
web.option_04 = '\''value 4 of web: "quoted" and $literal'\''
web.option_05 = '\''value 5 of web: "quoted" and $literal'\''
web.option_06 = '\''value 6 of web: "quoted" and $literal'\''
web.option_07 = '\''value 7 of web: "quoted" and $literal'\''
web.option_08 = '\''value 8 of web: "quoted" and $literal'\''
web.option_09 = '\''value 9 of web: "quoted" and $literal'\''
web.option_10 = '\''value 10 of web: "quoted" and $literal'\''
web.option_11 = '\''value 11 of web: "quoted" and $literal'\''
web.option_12 = '\''value 12 of web: "quoted" and $literal'\''
web.option_13 = '\''value 13 of web: "quoted" and $literal'\''
CONF
')
  local -a __ds_options=()
  __ds_run '4.0' 'host' '' '0'
}
__ds_step_4_0() {
  __ds_step '4.0' 'prepare web' '0' '0' 'body'
}
__ds_env_4_1() {
  __ds_emit 'SERVICE=web' 'SERVICE_PORT=8080'
}
__ds_body_4_1() {
  local -a __ds_srun=('--job-name=serve_web' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'set -e
echo "web of release $RELEASE listens on $SERVICE_PORT"
ulimit -n 4096 || true
exec /usr/local/bin/entrypoint --config /deepsquare/web/service.conf \
  --listen "10.20.0.14:$SERVICE_PORT" \
  --log-level info --graceful-timeout 5s
')
  local -a __ds_options=('uid=0' 'gid=0' 'network=slirp4netns' 'dns0=1.1.1.1' 'dns1=9.9.9.9' 'interface0=vnet0' 'vnet0=0 4 10.20.0.14/24 10.20.0.0/24' 'bore0=8080 bore.example.org:2200' 'rw=1')
  __ds_use_image '4' 'enroot' 'docker://registry-1.docker.io#library/nginx:1.27' 'registry-1.docker.io/library/nginx:1.27' '' 'registry-1.docker.io' '' '' || return $?
  __ds_run '4.1' 'enroot' '__ds_env_4_1' '0'
}
__ds_step_4_1() {
  __ds_step '4.1' 'serve web' '0' '0' 'body'
}
__ds_list_4() {
  __ds_list '__ds_step_4_0' '__ds_step_4_1'
}
__ds_body_4() {
  __ds_launch '4' '15' '3600' '0' '__ds_list_4'
}
__ds_step_4() {
  __ds_step '4' 'web' '0' '0' 'body'
}
__ds_body_5_0() {
  local -a __ds_srun=('--job-name=prepare_metrics' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'mkdir -p "$STORAGE_PATH/metrics"
cat >"$STORAGE_PATH/metrics/service.conf" <<'\''CONF'\''
metrics.option_00 = '\''value 0 of metrics: "quoted" and $literal'\''
metrics.option_01 = '\''value 1 of metrics: "quoted" and $literal'\''
metrics.option_02 = '\''value 2 of metrics: "quoted" and $literal'\''
metrics.option_03 = '\''value 3 of metrics: "quoted" and $literal'\''
metrics.option_04 = '\''value 4 of metrics: "quoted" and $literal'\''
metrics.option_05 = '\''value 5 of metrics: "quoted" and $literal'\''
metrics.option_06 = '\''value 6 of metrics: "quoted" and $literal'\''
metrics.option_07 = '\''value 7 of metrics: "quoted" and $literal'\''
metrics.option_08 = '\''value 8 of metrics: "quoted" and $literal'\''
metrics.option_09 = '\''value 9 of metrics: "quoted" and $literal'\''
metrics.option_10 = '\''value 10 of metrics: "quoted" and $literal'\''
metrics.option_11 = '\''value 11 of metrics: "quoted" and $literal'\''
metrics.option_12 = '\''value 12 of metrics: "quoted" and $literal'\''
metrics.option_13 = '\''value 13 of metrics: "quoted" and $literal'\''
CONF
')
  local -a __ds_options=()
  __ds_run '5.0' 'host' '' '0'
}
__ds_step_5_0() {
  __ds_step '5.0' 'prepare metrics' '0' '0' 'body'
}
__ds_env_5_1() {
  __ds_emit 'SERVICE=metrics' 'SERVICE_PORT=9090'
}
__ds_body_5_1() {
  local -a __ds_srun=('--job-name=serve_metrics' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'set -e
echo "metrics of release $RELEASE listens on $SERVICE_PORT"
ulimit -n 4096 || true
exec /usr/local/bin/entrypoint --config /deepsquare/metrics/service.conf \
  --listen "10.20.0.15:$SERVICE_PORT" \
  --log-level info --graceful-timeout 5s
')
  local -a __ds_options=('uid=0' 'gid=0' 'network=slirp4netns' 'dns0=1.1.1.1' 'dns1=9.9.9.9' 'interface0=vnet0' 'vnet0=0 5 10.20.0.15/24 10.20.0.0/24' 'bore0=9090 bore.example.org:2200' 'rw=1')
  __ds_use_image '5' 'enroot' 'docker://registry-1.docker.io#library/prometheus:v2.53' 'registry-1.docker.io/library/prometheus:v2.53' '' 'registry-1.docker.io' '' '' || return $?
  __ds_run '5.1' 'enroot' '__ds_env_5_1' '0'
}
__ds_step_5_1() {
  __ds_step '5.1' 'serve metrics' '0' '0' 'body'
}
__ds_list_5() {
  __ds_list '__ds_step_5_0' '__ds_step_5_1'
}
__ds_body_5() {
  __ds_launch '5' '15' '3600' '0' '__ds_list_5'
}
__ds_step_5() {
  __ds_step '5' 'metrics' '0' '0' 'body'
}
__ds_body_6_0() {
  local -a __ds_srun=('--job-name=check' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'for i in $(seq 60); do
  nc -z "$item.backend" 80 && exit 0
  sleep 1
done
exit 1
')
  local -a __ds_options=('uid=0' 'network=slirp4netns' 'interface0=vnet0' 'vnet0=0 6 10.20.0.200/24 10.20.0.0/24' 'rw=1')
  __ds_use_image '6' 'enroot' 'docker://library/alpine:3' 'library/alpine:3' '' 'registry-1.docker.io' '' '' || return $?
  __ds_run '6.0' 'enroot' '' '0'
}
__ds_body_6_0_catch_0() {
  local -a __ds_srun=('--job-name=tell' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'echo "$item is not reachable, code $DEEPSQUARE_ERROR_CODE"; exit 1')
  local -a __ds_options=()
  __ds_run '6.0.catch.0' 'host' '' '0'
}
__ds_step_6_0_catch_0() {
  __ds_step '6.0.catch.0' 'tell' '0' '0' 'body'
}
__ds_catch_6_0() {
  __ds_list '__ds_step_6_0_catch_0'
}
__ds_step_6_0() {
  __ds_step '6.0' 'check' '120' '5' 'body catch'
}
__ds_list_6() {
  __ds_list '__ds_step_6_0'
}
__ds_body_6() {
  local -a __ds_loop=('database' 'cache' 'queue' 'search' 'web' 'metrics')
  __ds_sequential 'item' '__ds_list_6'
}
__ds_step_6() {
  __ds_step '6' 'checks' '0' '0' 'body'
}
__ds_if_7() {
  __ds_if '7' '"$RELEASE" != "none"'
}
__ds_body_7_0() {
  local -a __ds_srun=('--job-name=client' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'echo "client $index" >>"$DEEPSQUARE_OUTPUT/clients.$index"
echo "LAST=$index" >>"$DEEPSQUARE_ENV"
')
  local -a __ds_options=()
  __ds_run '7.0' 'host' '' '0'
}
__ds_step_7_0() {
  __ds_step '7.0' 'client' '0' '0' 'body'
}
__ds_list_7() {
  __ds_list '__ds_step_7_0'
}
__ds_body_7() {
  local -a __ds_loop=()
  __ds_count '1' '20' '1'
  __ds_parallel '7' 'index' '__ds_list_7' '2'
}
__ds_body_7_finally_0() {
  local -a __ds_srun=('--job-name=report' '--exact' '--ntasks=1' '--cpus-per-task=2' '--mem-per-cpu=1000M')
  local -a __ds_program=('/bin/sh' '-c' 'sort "$DEEPSQUARE_OUTPUT"/clients.* >"$DEEPSQUARE_OUTPUT/report.txt"')
  local -a __ds_options=()
  __ds_run '7.finally.0' 'host' '' '0'
}
__ds_step_7_finally_0() {
  __ds_step '7.finally.0' 'report' '0' '0' 'body'
}
__ds_finally_7() {
  __ds_list '__ds_step_7_finally_0'
}
__ds_step_7() {
  __ds_step '7' 'load' '0' '0' 'if body finally'
}
__ds_start_networks() {
  __ds_start_network '0' '10.20.0.1/24' '10.20.0.10/32' '10.20.0.11/32' '10.20.0.12/32' '10.20.0.13/32' '10.20.0.14/32' '10.20.0.15/32' '10.20.0.200/32' || return $?
}
__ds_steps() {
  __ds_list '__ds_step_0' '__ds_step_1' '__ds_step_2' '__ds_step_3' '__ds_step_4' '__ds_step_5' '__ds_step_6' '__ds_step_7'
}
__ds_main 'bore' 'cat' 'chmod' 'cp' 'enroot' 'env' 'find' 'flock' 'getent' 'grep' 'head' 'ip' 'mkdir' 'mount' 'mv' 'nsenter' 'pasta' 'rm' 's5cmd' 'scancel' 'scontrol' 'slirp4netns' 'srun' 'tee' 'tr' 'unshare' 'wg' 'wg-quick'
