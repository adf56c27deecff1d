"""Webhooks owns the whole way from a provider's request to the subscriber's: endpoints, notifications,
subscriptions, deliveries. Says webhooks.notifications and webhooks.subscriptions; listens to catalog.components,
credentials.tokens, identity.users and its own notifications; what is deleted there ends here by cascades."""
