"""Libraries that the services share: `common` (engines, web, contracts) and `logic` (the JSON language)."""
