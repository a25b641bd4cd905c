"""Mail on one's own machine: stored as files by the backend, read at /dev/mail/. Only `settings.dev` installs it."""
