"""Replays of stored sessions: the same engine over the same ticks, at any moment of the day.

- `runs` says what a session's engines were given, and which of its starts make up its day;
- `loading` makes a `day` of that, with its ticks, once for all who look at it; `comparing` says
  whether it gives what is stored;
- `playback` is an engine that goes to any place of the day, and what the page is told there;
- `player` moves it: play, pause, step, speed, seek. `messages` reads what the page asks for.
"""
