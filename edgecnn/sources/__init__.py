"""Where frames come from: cameras, streams, commands, videos, pictures."""
