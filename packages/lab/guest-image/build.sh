#!/bin/bash
# build.sh DEBS OUTPUT: makes a small guest that boots by itself, as a qcow2 file, from the Debian packages (.deb) in the
# folder DEBS. As root (ownership in the root file system), without network, loop devices or a compiler.
#
# The disk: MBR with syslinux, a FAT partition with kernel and initramfs, an ext4 root that grows with the disk.
set -euo pipefail
debs=$1 output=$2
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d "$output.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=1700000000
unpacked=$work/unpacked root=$work/root initramfs=$work/initramfs

disk_mb=64 boot_start=2048 boot_mb=20 # start in sectors
root_start=$((boot_start + boot_mb * 2048))
root_sectors=$((disk_mb * 2048 - root_start))

unpack() {
  local deb
  mkdir "$unpacked"
  for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$unpacked"; done
  kernel=$(basename "$unpacked"/boot/vmlinuz-*)
  kernel=${kernel#vmlinuz-}
  depmod --basedir "$unpacked" "$kernel"
  busybox=$unpacked/bin/busybox
}

add_busybox() { # ROOT
  local applet
  install -D -m755 "$busybox" "$1/bin/busybox"
  for applet in $("$busybox" --list); do [ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"; done
}

# Copies kernel modules with what they depend on. A name that this kernel has built in is fine.
add_modules() { # ROOT LIST...
  local destination=$1 module file
  shift
  for module in $(cat "$@"); do
    modprobe --dirname "$unpacked" --set-version "$kernel" --show-depends --quiet "$module" || true
  done | while read -r kind file _; do
    [ "$kind" != insmod ] || install -D -m644 "$file" "$destination/${file#"$unpacked"/}"
  done
  mkdir -p "$destination/lib/modules/$kernel"
  cp "$unpacked/lib/modules/$kernel"/modules.{builtin,builtin.modinfo,order} "$destination/lib/modules/$kernel/"
  depmod --basedir "$destination" "$kernel"
}

# Programs with the shared libraries that their own loader says they need, from the packages alone.
add_programs() { # PATH...
  local loader=$unpacked/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 program library
  for program in "$@"; do
    install -D -m755 "$unpacked/$program" "$root/$program"
    "$loader" --inhibit-cache --library-path "$unpacked/lib/x86_64-linux-gnu:$unpacked/usr/lib/x86_64-linux-gnu" \
      --list "$unpacked/$program" | while read -r library _ file _; do
      case $file in "$unpacked"/*) install -D -m755 "$file" "$root/lib/x86_64-linux-gnu/$library" ;; esac
    done
  done
  install -D -m755 "$loader" "$root/lib64/ld-linux-x86-64.so.2"
}

make_root() {
  mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,mnt,root/.ssh,home/cloud/.ssh,var/lib/cloud,var/log,usr/bin,usr/sbin,etc/dropbear}
  cp -a "$here/root/." "$root/"
  add_busybox "$root"
  ln -s ../bin/busybox "$root/sbin/init"
  ln -s ../bin/busybox "$root/sbin/poweroff"
  ln -s ../bin/busybox "$root/sbin/reboot"
  add_programs usr/sbin/dropbear usr/bin/dropbearkey sbin/resize2fs
  add_modules "$root" "$here"/modules-{boot,config-drive}.txt
  cp "$here/modules-config-drive.txt" "$root/etc/modules-config-drive"
  printf 'root:x:0:0:root:/root:/bin/sh\ncloud:x:1000:1000:cloud:/home/cloud:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\ntty:x:5:\ncloud:x:1000:\n' >"$root/etc/group"
  printf 'root:*:19000:0:99999:7:::\ncloud:*:19000:0:99999:7:::\n' >"$root/etc/shadow"
  echo /bin/sh >"$root/etc/shells"
  echo guest >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
  printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
  printf 'NAME="Caelum guest"\nID=caelum-guest\nPRETTY_NAME="Caelum guest (Linux %s)"\n' "$kernel" >"$root/etc/os-release"
  chown -R 0:0 "$root"
  chown -R 1000:1000 "$root/home/cloud"
  chmod 700 "$root/root" "$root/root/.ssh" "$root/home/cloud" "$root/home/cloud/.ssh" "$root/etc/dropbear"
  chmod 600 "$root/etc/shadow"
}

make_initramfs() {
  mkdir -p "$initramfs"/{dev,proc,sys,new,etc,sbin}
  install -m755 "$here/initramfs/init" "$initramfs/init"
  add_busybox "$initramfs"
  ln -s ../bin/busybox "$initramfs/sbin/modprobe"
  add_modules "$initramfs" "$here"/modules-{boot,other-disks}.txt
  cp "$here/modules-boot.txt" "$initramfs/etc/modules-boot"
  cp "$here/modules-other-disks.txt" "$initramfs/etc/modules-other-disks"
  (cd "$initramfs" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -9n >"$work/initrd"
}

make_disk() {
  local disk=$work/disk.raw
  export MTOOLS_SKIP_CHECK=1
  truncate -s "${disk_mb}M" "$disk"
  printf 'label: dos\nlabel-id: 0x6361656c\nstart=%d,size=%d,type=6,bootable\nstart=%d,size=%d,type=83\n' \
    $boot_start $((boot_mb * 2048)) $root_start $root_sectors | sfdisk -q "$disk"
  dd if=/usr/lib/syslinux/mbr/mbr.bin of="$disk" bs=440 count=1 conv=notrunc status=none
  truncate -s "${boot_mb}M" "$work/boot.fat"
  mkfs.fat -F16 -n BOOT -i 6361656c -h $boot_start "$work/boot.fat" >/dev/null
  mcopy -i "$work/boot.fat" "$unpacked/boot/vmlinuz-$kernel" ::vmlinuz
  mcopy -i "$work/boot.fat" "$work/initrd" ::initrd
  mcopy -i "$work/boot.fat" "$here/syslinux.cfg" ::syslinux.cfg
  syslinux --install "$work/boot.fat"
  dd if="$work/boot.fat" of="$disk" bs=512 seek=$boot_start conv=notrunc status=none
  mke2fs -q -t ext4 -O ^metadata_csum,^64bit -J size=4 -E root_owner=0:0,offset=$((root_start * 512)) \
    -L caelum-root -U 6361656c-756d-4000-8000-000000000001 -m 0 -N 4096 -d "$root" "$disk" $((root_sectors / 2))k
  qemu-img convert -c -O qcow2 "$disk" "$output"
}

unpack
make_root
make_initramfs
make_disk
