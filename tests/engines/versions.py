"""Which engines the tests run on, pinned here and nowhere else; a new version gets a new folder in the cache."""

KAFKA = "4.3.1"  # the oldest Java that runs it, 17, is in every Debian that is still supported
LOG4J = "2.25.5"  # of log4j-slf4j-impl: Kafka logs through slf4j 1, so log4j-slf4j2-impl stays silent
MAVEN_DEPENDENCY_PLUGIN = "3.9.0"  # unpinned, Maven takes whichever is newest that day

# MongoDB itself is in no package registry. SecantusDB speaks its protocol on MongoDB's own storage engine and, with
# --sync-on-commit, loses nothing that it acknowledged; it is a tool of the tests, never a part of the product.
SECANTUS = "0.5.3-beta.196"

MONGO_IMAGE = "mongo:8.0.26"
KAFKA_IMAGE = f"apache/kafka:{KAFKA}"
