#!/bin/bash
# ovsdb-server.sh DATABASE SCHEMA OPTION...: serves one database in the foreground, making it when it is not there (the
# first time, or because somebody wiped it) and bringing it to the installed schema.
set -euo pipefail
database=$1 schema=$2
shift 2
if [ ! -e "$database" ]; then
  rm -f "$database.new"
  ovsdb-tool create "$database.new" "$schema"
  mv "$database.new" "$database"
elif [ "$(ovsdb-tool needs-conversion "$database" "$schema")" = yes ]; then
  ovsdb-tool convert "$database" "$schema"
fi
exec ovsdb-server "$database" "$@"
