#!/bin/bash
# A compute host in one container: libvirtd, Open vSwitch, ovn-controller and the agent. When any of them ends, the
# container ends and Docker starts it again; guests end with it, and the agent starts those that are wanted.
#
# It has two network cards. The one with the default route is the kernel's: by it the agent and ovn-controller reach the
# control plane. The other one goes into Open vSwitch for the tunnels between hosts, and must not carry the traffic of
# others: the userspace datapath drops the long frames that the kernels of two containers exchange.
#
# Its name is the container's. Environment: OVN_HOST (where OVN's central part is), and what the agent reads.
# Certificates are in /secrets/host. /run is empty at every start.
set -euo pipefail
lab=/caelum/packages/lab/sh
quiet=(-vconsole:info -vsyslog:off -vfile:off)
pki=/secrets/host/pki
HOST_NAME=$(hostname)
mkdir -p /run/openvswitch /run/ovn /run/lock /data/agent

control=$(ip -4 route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p')
read -r underlay HOST_IP < <(ip -4 -oneline address show |
  sed -n "/ \(lo\|$control\) /d; s|^[0-9]*: \([^ ]*\) *inet \([0-9.]*\)/.*|\1 \2|p")
ip link set "$underlay" down
ip address flush dev "$underlay"
ip link set "$underlay" name ul0
ethtool -K ul0 tx off >/dev/null
mount -o remount,rw /proc/sys # Docker's is read-only; the agent's metadata namespaces need it too
# Whatever arrives is Open vSwitch's; the kernel must not answer it a second time.
echo 1 >/proc/sys/net/ipv4/conf/ul0/rp_filter
echo 1 >/proc/sys/net/ipv4/conf/ul0/arp_ignore
ip link set ul0 addrgenmode none
ip link set ul0 up
HOST_MAC=$(cat /sys/class/net/ul0/address)
OVN_SB=ssl:$OVN_HOST:6642
export HOST_NAME HOST_IP HOST_MAC OVN_SB

cat >/etc/libvirt/qemu.conf <<'CONF'
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
seccomp_sandbox = 0
namespaces = []
cgroup_controllers = []
CONF

"$lab/ovsdb-server.sh" /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema \
  --remote=punix:/run/openvswitch/db.sock --pidfile "${quiet[@]}" &
"$lab/when-present.sh" /run/openvswitch/db.sock -- \
  ovs-vswitchd unix:/run/openvswitch/db.sock --pidfile "${quiet[@]}" &
"$lab/when-present.sh" /run/openvswitch/db.sock -- "$lab/host-openvswitch.sh" &
"$lab/when-present.sh" /run/openvswitch/underlay-up -- \
  ovn-controller unix:/run/openvswitch/db.sock --pidfile "${quiet[@]}" \
  --private-key=$pki/key.pem --certificate=$pki/cert.pem --ca-cert=$pki/ca.pem &
virtlogd &
libvirtd &

CAELUM_HOST_NAME=$HOST_NAME CAELUM_HOST_IP=$HOST_IP \
  CAELUM_AGENT_CA_FILE=$pki/ca.pem CAELUM_AGENT_CERT_FILE=$pki/cert.pem CAELUM_AGENT_KEY_FILE=$pki/key.pem \
  node services/compute-agent/src/main.ts &
trap 'kill $(jobs -p); wait' TERM INT
wait -n
