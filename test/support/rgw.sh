#!/bin/sh
# A RADOS Gateway of Ceph, that is S3, with all that it needs, in memory:
#   rgw.sh DIRECTORY PORT MON_PORT MON_PORT_V1
# It says "S3 listens" once it does, and ends all it started when its stdin ends. A reader that does not
# read for 2 s is cut off; Ceph's own default is 65 s.
set -e
dir=$1 port=$2 mon=$3 mon_v1=$4
mkdir -p "$dir/mon" "$dir/osd" "$dir/rgw"
cd "$dir"
export CEPH_CONF="$dir/ceph.conf"
stop() {
  for file in "$dir"/*.pid; do
    if [ -e "$file" ]; then kill -9 "$(cat "$file")" || true; fi
  done
}
trap stop EXIT

cluster=$(cat /proc/sys/kernel/random/uuid)
osd=$(cat /proc/sys/kernel/random/uuid)
cat > ceph.conf <<CONF
[global]
fsid = $cluster
keyring = $dir/keyring
mon host = [v2:127.0.0.1:$mon,v1:127.0.0.1:$mon_v1]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd objectstore = memstore
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
# The disk that it believes to fill is the machine's memory.
mon osd full ratio = 0.97
mon osd backfillfull ratio = 0.95
mon osd nearfull ratio = 0.94
# By default, each change of the map waits for a second: there are a dozen until it serves.
paxos propose interval = 0.02
paxos min wait = 0.01
run dir = $dir
log file = $dir/\$name.log
admin socket = $dir/\$name.asok
pid file = $dir/\$name.pid
mon data = $dir/mon
osd data = $dir/osd
rgw data = $dir/rgw
rgw frontends = beast endpoint=127.0.0.1:$port request_timeout_ms=2000
rgw thread pool size = 16
CONF

key() {
  ceph-authtool keyring --gen-key "$@" > /dev/null
}
ceph-authtool --create-keyring keyring --gen-key -n mon. --cap mon 'allow *' > /dev/null
key -n client.admin --cap mon 'allow *' --cap osd 'allow *'
key -n client.rgw --cap mon 'allow rwx' --cap osd 'allow rwx'
key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
monmaptool --create --fsid "$cluster" --addv a "[v2:127.0.0.1:$mon,v1:127.0.0.1:$mon_v1]" monmap > /dev/null
ceph-mon --mkfs -i a --monmap monmap --keyring keyring
ceph-mon -i a
ceph --connect-timeout 60 osd new "$osd" > /dev/null
ceph-osd -i 0 --mkfs --osd-uuid "$osd"
ceph-osd -i 0
radosgw-admin user create --uid=test --display-name=test --access-key=KEY --secret=SECRET > /dev/null
radosgw -n client.rgw
until curl -fs -o /dev/null "http://127.0.0.1:$port/"; do sleep 0.05; done
echo 'S3 listens'
cat > /dev/null
