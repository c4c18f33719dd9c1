#!/bin/bash
# ovn-southbound.sh DATABASE LISTEN OPTION...: OVN's southbound database, in the foreground. Hosts may do over LISTEN only
# what the role ovn-controller allows: with the certificate of chassis X, nothing in the name of chassis Y. The role can
# only be given in the database's own connection table, so that is put right before each start.
set -euo pipefail
database=$1 listen=$2 schema=/usr/share/ovn/ovn-sb.ovsschema
shift 2
if [ ! -e "$database" ]; then
  rm -f "$database.new"
  ovsdb-tool create "$database.new" "$schema"
  ovsdb-tool transact "$database.new" '["OVN_Southbound", {"op": "insert", "table": "SB_Global", "row": {}}]' >/dev/null
  mv "$database.new" "$database"
fi
ovsdb-tool transact "$database" >/dev/null '["OVN_Southbound",
  {"op": "delete", "table": "Connection", "where": []},
  {"op": "insert", "table": "Connection", "uuid-name": "hosts", "row": {"target": "'"$listen"'", "role": "ovn-controller"}},
  {"op": "update", "table": "SB_Global", "where": [], "row": {"connections": ["named-uuid", "hosts"]}}]'
exec "$(dirname "$(readlink -f "$0")")/ovsdb-server.sh" "$database" "$schema" \
  --remote=db:OVN_Southbound,SB_Global,connections "$@"
