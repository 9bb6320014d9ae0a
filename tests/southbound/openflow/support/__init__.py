"""What the tests of this directory share: random flows, and a peer that does as it is told."""
