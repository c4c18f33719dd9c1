#!/bin/sh
# Everything before the login prompt. What needs the network runs beside; the prompt waits until
# cloud-settings is done or has given up hurrying.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mkdir /dev/pts
mount -a
read -r name </etc/hostname
echo "$name" >/proc/sys/kernel/hostname
ifconfig lo 127.0.0.1
for device in /sys/class/net/*; do [ "${device##*/}" = lo ] || net-up "${device##*/}" & done
ssh-server &
grow-root &
cloud-settings &

waited=0
until [ -e /run/cloud-settings.done ] || [ $waited = 60 ]; do
  waited=$((waited + 1))
  usleep 100000
done
