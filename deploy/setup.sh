#!/bin/bash
# The first container: a new volume is root's, and what is made in it is for the services' user to read.
set -euo pipefail
chown node:node /secrets/*
exec setpriv --reuid=node --regid=node --init-groups node /caelum/packages/cli/src/compose/setup.ts
