"""What only a trial has: the start page, the EHR simulator, the mailbox, and three applications to look at and copy."""
