"""Tables that judge packets: the blueprint's ingress, forwarding and egress security."""
