#!/bin/bash
# Keeps the host's own part of Open vSwitch as it must be, however it was lost (a wiped database, a deleted bridge, a
# restarted switch): looks once a second and whenever the database changes.
#
# br-phy holds the underlay NIC and the host's address, because tunnels of the userspace datapath carry nothing when the
# address sits on a NIC outside Open vSwitch. br-int belongs to ovn-controller, which makes it.
set -euo pipefail

# The kernel's datapath where this kernel really has it.
if ovs-dpctl dump-dps >/dev/null 2>&1; then datapath=system; else datapath=netdev; fi

ensure_database() {
  ovs-vsctl --timeout=10 \
    -- --may-exist add-br br-phy \
    -- set Bridge br-phy datapath_type=$datapath "other_config:hwaddr=\"$HOST_MAC\"" \
    -- --may-exist add-port br-phy ul0 \
    -- set Open_vSwitch . \
    "external_ids:system-id=$HOST_NAME" "external_ids:hostname=$HOST_NAME" \
    "external_ids:ovn-remote=\"$OVN_SB\"" \
    external_ids:ovn-encap-type=geneve "external_ids:ovn-encap-ip=$HOST_IP" \
    external_ids:ovn-bridge-datapath-type=$datapath
}

ensure_address() { # br-phy's device is a new one, without address, whenever the switch made it anew
  [ -e /sys/class/net/br-phy ] || return 0
  case $(ip -4 -oneline address show dev br-phy up) in *" $HOST_IP/24 "*) return 0 ;; esac
  ethtool -K br-phy tx off >/dev/null 2>&1 || true
  ip address replace "$HOST_IP/24" dev br-phy
  ip link set br-phy up
}

ovs-vsctl --no-wait --timeout=10 init
ensure_database
ensure_address
touch /run/openvswitch/underlay-up # ovn-controller waits for it
ovsdb-client monitor unix:/run/openvswitch/db.sock Open_vSwitch Open_vSwitch bridges,external_ids | while :; do
  if read -r -t 1 _; then
    while read -r -t 0.05 _; do :; done
    ensure_database
  elif [ $? -le 128 ]; then
    exit 0 # the database is gone; begin again
  fi
  ensure_address
done
