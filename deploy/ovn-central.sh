#!/bin/bash
# OVN's central part in one container: both databases and northd. The northbound database is reached by its socket in
# the shared folder /run/ovn only; hosts reach the southbound one on port 6642, each with its own certificate and only
# in its own name.
# When any of the three ends, the container ends, and Docker starts it again.
set -euo pipefail
lab=/caelum/packages/lab/sh
export OVN_RUNDIR=/run/ovn OVS_RUNDIR=/run/ovn
quiet=(-vconsole:info -vsyslog:off -vfile:off)
mkdir -p /run/ovn /var/lib/ovn
rm -f /run/ovn/*.sock /run/ovn/*.ctl # of the container before: nobody listens there

"$lab/ovsdb-server.sh" /var/lib/ovn/nb.db /usr/share/ovn/ovn-nb.ovsschema \
  --remote=punix:/run/ovn/nb.sock --unixctl=/run/ovn/nb.ctl "${quiet[@]}" &
"$lab/ovn-southbound.sh" /var/lib/ovn/sb.db pssl:6642 \
  --remote=punix:/run/ovn/sb.sock --unixctl=/run/ovn/sb.ctl \
  --ca-cert=/secrets/ovn/pki/ca.pem --certificate=/secrets/ovn/pki/cert.pem --private-key=/secrets/ovn/pki/key.pem \
  "${quiet[@]}" &
"$lab/when-present.sh" /run/ovn/nb.sock /run/ovn/sb.sock -- \
  ovn-northd --ovnnb-db=unix:/run/ovn/nb.sock --ovnsb-db=unix:/run/ovn/sb.sock --unixctl=/run/ovn/northd.ctl "${quiet[@]}" &

"$lab/when-present.sh" /run/ovn/nb.sock /run/ovn/sb.sock -- \
  chmod 666 /run/ovn/nb.sock /run/ovn/sb.sock # the network service runs as another user; the folder is shared with it alone
trap 'kill $(jobs -p); wait' TERM INT
wait -n
