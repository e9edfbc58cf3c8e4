#!/bin/sh
# Prints the Python to build with, or says on stderr why there is none and exits 1.
# ML Metadata has wheels for Python 3.12 and newer only where glibc is at least 2.39, so 3.11 goes first.
if [ -n "$PYTHON" ]; then candidates=$PYTHON; else candidates='python3.11 python3.13 python3.12 python3 python'; fi
for candidate in $candidates; do
  # A command of that name may be a shim without a Python behind it, so each is tried.
  if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then
    if "$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1; then
      command -v "$candidate"
      exit 0
    fi
    novenv=$candidate
  fi
done
if [ -n "$novenv" ]; then
  echo "kfhub: $novenv has no venv module; install it (on Debian and Ubuntu: apt-get install $(basename "$novenv")-venv) and run make again." >&2
else
  echo "kfhub: no Python 3.11, 3.12 or 3.13 was found (tried: $candidates); install one, or name it with PYTHON=/path/to/python3 make start." >&2
fi
exit 1
