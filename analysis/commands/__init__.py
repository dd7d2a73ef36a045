"""The commands, one file a room: the only room that knows the terminal."""
