#!/bin/bash
# when-present.sh PATH... -- COMMAND...: becomes the command once all paths are there. For daemons that would otherwise
# fail to connect at first and then hold back for a second.
set -euo pipefail
while [ "$1" != -- ]; do
  until [ -e "$1" ]; do sleep 0.02; done
  shift
done
shift
exec "$@"
