"""Commands about packets: what would become of one, which connections live, what happens now.

They read the store and ask this machine's switches; nothing is written.
"""
