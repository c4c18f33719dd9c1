#!/bin/bash
# PID 1 of a lab host: makes the host's private view of the machine, then keeps its daemons running and reaps orphans
# (QEMU daemonises itself; with libvirtd as PID 1 dead guests would stay zombies).
#
# Private: /run /dev /sys /var/{lib,log,cache}/libvirt /etc/{libvirt,pki,machine-id,hosts,hostname}, and of the data
# folder only the host's own part: a host cannot read the control plane's files. Kept across reboots: what lies in
# HOST_DIR. Lost: /run, with Open vSwitch's database, so that no port of a guest that no longer runs comes back.
#
# Environment: HOST_NAME HOST_MARK HOST_DIR HOST_RUN_DIR DATA_DIR, HOST_IP HOST_MAC UNDERLAY_BRIDGE UPLINK OVN_SB.
# File descriptor 9 is this machine's own network namespace.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
read -r outer_pid _ </proc/self/stat # /proc is still the machine's

mount --make-rprivate /
mount -t proc proc /proc
umount --recursive --lazy /sys # a hidden mount of cgroup v2 would still be found by libvirt
mount -t sysfs sysfs /sys
hostname "$HOST_NAME"

private_cgroups() {
  local controllers
  mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  while IFS=: read -r _ controllers _; do
    case ,$controllers, in
      *,cpu,* | *,cpuacct,* | *,cpuset,* | *,memory,* | *,devices,* | *,freezer,* | *,blkio,*)
        mkdir "/sys/fs/cgroup/$controllers"
        mount -t cgroup -o "$controllers" cgroup "/sys/fs/cgroup/$controllers"
        ;;
    esac
  done </proc/self/cgroup
}

# Without /dev/kvm: it may exist here and still hang every guest. (Hiding it by a bind mount over it would make libvirt
# probe QEMU again at every call.)
private_dev() {
  local dev=$HOST_DIR/dev
  mkdir -p "$dev"
  mount -t tmpfs -o mode=755,size=1m dev "$dev"
  mkdir -p "$dev"/{net,pts,shm}
  for node in null zero full random urandom tty net/tun; do cp -a "/dev/$node" "$dev/$node"; done
  ln -s /proc/self/fd "$dev/fd"
  ln -s pts/ptmx "$dev/ptmx"
  for stream in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${stream%%:*}" "$dev/${stream##*:}"; done
  mount -t devpts -o newinstance,mode=620,ptmxmode=666 devpts "$dev/pts"
  mount -t tmpfs shm "$dev/shm"
  mount --move "$dev" /dev
}

private_files() {
  local part
  for part in lib/libvirt log/libvirt cache/libvirt; do
    mkdir -p "/var/$part" "$HOST_DIR/var/$part"
    mount --bind "$HOST_DIR/var/$part" "/var/$part"
  done
  mkdir -p /etc/libvirt /etc/pki
  for part in libvirt pki machine-id hosts hostname; do
    [ -e "/etc/$part" ] || touch "/etc/$part"
    mount --bind "$HOST_DIR/etc/$part" "/etc/$part"
  done
  mount --bind "$HOST_DIR" /mnt
  mount -t tmpfs -o mode=700 "data of $HOST_NAME" "$DATA_DIR"
  mkdir -p "$HOST_DIR"
  mount --move /mnt "$HOST_DIR"
}

# The far end goes to the underlay's bridge; it vanishes with this namespace.
plug_uplink() {
  local machine=(nsenter --net=/proc/self/fd/9)
  "${machine[@]}" ip link delete "$UPLINK" 2>/dev/null || true
  "${machine[@]}" ip link add "$UPLINK" type veth peer name ul0 address "$HOST_MAC" netns 1
  "${machine[@]}" ethtool -K "$UPLINK" tx off >/dev/null # userspace Open vSwitch drops unfinished checksums
  "${machine[@]}" ip link set "$UPLINK" master "$UNDERLAY_BRIDGE" up
  ethtool -K ul0 tx off >/dev/null
  ip link set lo up
  # Whatever arrives is Open vSwitch's; the kernel must not answer it a second time.
  echo 1 >/proc/sys/net/ipv4/conf/ul0/rp_filter
  echo 1 >/proc/sys/net/ipv4/conf/ul0/arp_ignore
  ip link set ul0 addrgenmode none
  ip link set ul0 up
}

supervise() { # NAME COMMAND...: again whenever it ends
  local name=$1
  shift
  while :; do
    "$@" || true
    echo "$(date --iso-8601=seconds) host-init: $name ended; again"
    sleep 0.3
  done >>"$HOST_DIR/log/$name.log" 2>&1 &
}

echo "$outer_pid" >"$HOST_RUN_DIR/pid.new"
mv "$HOST_RUN_DIR/pid.new" "$HOST_RUN_DIR/pid"

private_cgroups
private_dev
private_files
plug_uplink
exec 9<&-
mount -t tmpfs -o mode=755,size=64m run /run
mkdir -p /run/lock /run/openvswitch /run/ovn

quiet=(-vconsole:info -vsyslog:off -vfile:off)
export OVS_RUNDIR=/run/openvswitch OVN_RUNDIR=/run/ovn
supervise virtlogd virtlogd
supervise libvirtd libvirtd
supervise ovsdb-server "$here/ovsdb-server.sh" /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema \
  --remote=punix:/run/openvswitch/db.sock --pidfile "${quiet[@]}"
supervise ovs-vswitchd "$here/when-present.sh" /run/openvswitch/db.sock -- \
  ovs-vswitchd unix:/run/openvswitch/db.sock --pidfile "${quiet[@]}"
supervise open-vswitch-config "$here/when-present.sh" /run/openvswitch/db.sock -- "$here/host-openvswitch.sh"
supervise ovn-controller "$here/when-present.sh" /run/openvswitch/underlay-up -- \
  ovn-controller unix:/run/openvswitch/db.sock --pidfile "${quiet[@]}" \
  --private-key=/etc/pki/host/key.pem --certificate=/etc/pki/host/cert.pem --ca-cert=/etc/pki/host/ca.pem

trap : CHLD # makes bash reap children it never started
while :; do wait || true; done
