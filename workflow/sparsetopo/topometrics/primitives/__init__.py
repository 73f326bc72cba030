"""What metrics are made of: `base` says what a backend provides, `explicit` is the plain one."""
