"""What several rooms need from outside, each need a small Protocol; `app` joins them to what answers."""
