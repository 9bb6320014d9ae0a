"""OpenFlow messages as bytes and as values, one way and the other.

Pure: no I/O, no clock, no state.  Whatever the bytes are, a decoder raises nothing but
``ProtocolError``; so does an encoder for a value that OpenFlow cannot say.
"""
