"""What security groups mean: rules against packets, without switch or flows."""
