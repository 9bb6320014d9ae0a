"""Tables that move packets: who sent it, where it goes, what the connection tracker knows of it."""
