"""The demonstration: one host, six VMs, the real agent, and traffic that other programs send.

It shows and checks; it computes no verdict of its own.  What should get through is read from the
table that stands beside the example, and what does is seen on the wire.
"""
