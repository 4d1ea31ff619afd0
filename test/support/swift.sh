#!/bin/sh
# OpenStack Swift with its s3api, another store that speaks S3, and all that it needs:
#   swift.sh DIRECTORY PORT ACCOUNT_PORT CONTAINER_PORT OBJECT_PORT MEMCACHED_PORT
# It says "S3 listens" once it does, and ends all it started when its stdin ends. On Debian:
#   apt-get install --no-install-recommends swift-proxy swift-account swift-container swift-object memcached
set -e
dir=$1 port=$2 account=$3 container=$4 object=$5 memory=$6
mkdir -p "$dir/devices/d1"
cd "$dir"
stop() {
  for file in "$dir"/*.pid; do
    if [ -e "$file" ]; then kill -9 "$(cat "$file")" || true; fi
  done
}
trap stop EXIT

start() {
  "$@" > "$dir/$(basename "$1").log" 2>&1 &
  echo $! > "$dir/$(basename "$1").pid"
}

start memcached -u root -l 127.0.0.1 -p "$memory" -m 16
# As swift-ring-builder of Debian does, which takes a second for each of its nine steps.
/usr/bin/python3 - "account $account" "container $container" "object $object" > rings.log 2>&1 <<'RINGS'
import sys
from swift.common.ring.builder import RingBuilder
for name, port in map(str.split, sys.argv[1:]):
    builder = RingBuilder(6, 1, 0)
    place = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "d1"}
    builder.add_dev({"id": 0, "weight": 1.0, **place})
    builder.rebalance()
    builder.get_ring().save(f"{name}.ring.gz")
RINGS
for server in "account $account" "container $container" "object $object"; do
  set -- $server
  cat > "$1.conf" <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $2
workers = 0
mount_check = false
devices = $dir/devices
swift_dir = $dir
user = root
[pipeline:main]
pipeline = $1-server
[app:$1-server]
use = egg:swift#$1
CONF
  start "swift-$1-server" "$1.conf"
done

cat > proxy.conf <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $port
workers = 0
swift_dir = $dir
user = root
[pipeline:main]
pipeline = catch_errors gatekeeper cache s3api tempauth bulk slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
conn_timeout = 10
node_timeout = 60
error_suppression_limit = 1000
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$memory
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
CONF
start swift-proxy-server proxy.conf
# The proxy answers 503 while one of those behind it does not listen yet.
tries=0
for each in $account $container $object $port; do
  until curl --silent --output /dev/null "http://127.0.0.1:$each/"; do
    tries=$((tries + 1))
    if [ $tries -gt 600 ]; then
      tail -n 5 "$dir"/*.log >&2
      exit 1
    fi
    sleep 0.1
  done
done
echo "S3 listens"
cat > /dev/null
