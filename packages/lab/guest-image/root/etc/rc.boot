#!/bin/sh
# Everything before the login prompt. What needs the network runs beside; the prompt waits for it, but not for long.
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

for pause in 1 2 3 4 5 6 7 8 9 10; do
  [ -e /run/cloud-settings.done ] && break
  usleep 150000
done
