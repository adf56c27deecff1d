#!/bin/sh
# MongoDB refuses a key file that others may read, and mounted files are nobody's own: it gets a copy.
set -eu
install -m 0400 /run/secrets/mongodb/keyfile /tmp/keyfile
exec docker-entrypoint.sh mongod --replSet rs0 --keyFile /tmp/keyfile --bind_ip_all --wiredTigerCacheSizeGB 0.5
