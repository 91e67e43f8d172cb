"""What a process gives up before it opens a file that is not to be trusted: see `lockdown`."""
