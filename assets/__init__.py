"""Smart infrastructure: catalogue, life cycle, live feeds, status, alarms, history."""
