"""Parts that packages provide: `hooks` declares every hook, `registry` finds who provides what."""
