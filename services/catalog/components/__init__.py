"""Components: variables, actions, events and triggers, each a head document and immutable contents."""
