#!/bin/sh
# Formats the storage once, then is the broker.
set -eu
config=/engine/kafka.properties
/opt/kafka/bin/kafka-storage.sh format --ignore-formatted --cluster-id interactor-engine-0000 --config $config
exec /opt/kafka/bin/kafka-server-start.sh $config
