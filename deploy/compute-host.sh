#!/bin/bash
# A compute host in one container: libvirtd, Open vSwitch, ovn-controller and the agent. When any of them ends, the
# container ends and Docker starts it again; guests end with it, and the agent starts those that are wanted.
#
# Environment: HOST_NAME, OVN_HOST (where OVN's central part is), and what the agent reads. Certificates are in /secrets/host.
set -euo pipefail
lab=/caelum/packages/lab/sh
quiet=(-vconsole:info -vsyslog:off -vfile:off)
pki=/secrets/host/pki
mkdir -p /run/openvswitch /run/ovn /run/lock /etc/pki /data/agent

# By address, because OVN may be built without a resolver; now, because a name is only looked up while we have an address.
OVN_SB=ssl:$(getent ahostsv4 "$OVN_HOST" | sed -n '1s/ .*//p'):6642

# Tunnels of the userspace datapath need the network card inside Open vSwitch, under the name the lab's script knows.
if [ ! -e /sys/class/net/ul0 ]; then
  address=$(ip -4 -oneline address show dev eth0 | sed -n 's/.* inet \([0-9.]*\)\/.*/\1/p')
  gateway=$(ip -4 route show default | sed -n 's/^default via \([0-9.]*\).*/\1/p')
  echo "$address" >/run/host-ip
  echo "$gateway" >/run/host-gateway
  ip link set eth0 down
  ip address flush dev eth0
  ip link set eth0 name ul0
  ip link set ul0 up
fi
HOST_IP=$(cat /run/host-ip)
HOST_MAC=$(cat /sys/class/net/ul0/address)
export HOST_IP HOST_MAC OVN_SB
ethtool -K ul0 tx off >/dev/null

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
until [ -S /run/openvswitch/db.sock ]; do sleep 0.05; done
ovs-vswitchd unix:/run/openvswitch/db.sock --pidfile "${quiet[@]}" &
"$lab/host-openvswitch.sh" &
until ip -4 address show dev br-phy 2>/dev/null | grep -q "$HOST_IP"; do sleep 0.05; done
ip route replace default via "$(cat /run/host-gateway)" dev br-phy
ovn-controller unix:/run/openvswitch/db.sock --pidfile "${quiet[@]}" \
  --private-key=$pki/key.pem --certificate=$pki/cert.pem --ca-cert=$pki/ca.pem &
virtlogd &
libvirtd &

CAELUM_HOST_NAME=$HOST_NAME CAELUM_HOST_IP=$HOST_IP \
  CAELUM_AGENT_CA_FILE=$pki/ca.pem CAELUM_AGENT_CERT_FILE=$pki/cert.pem CAELUM_AGENT_KEY_FILE=$pki/key.pem \
  node /caelum/services/compute-agent/src/main.ts &
trap 'kill $(jobs -p)' TERM INT
wait -n
