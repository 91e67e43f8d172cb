"""Every speed the README claims, one command each, always as a ratio in one run (`make bench`)."""
