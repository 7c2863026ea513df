import sys

_events = set()
sys.addaudithook(lambda event, args: _events.add(event))
