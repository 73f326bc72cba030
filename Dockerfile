# The environment of `make setup`, and the workflow in it; docs/installing.md says how to use it. Not built where this was
# written: a test reads it (tests/unit/test_environment_files.py).
FROM python:3.12-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc git libc6-dev make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /sparsetopo
# First what changes rarely, so that an edit of the code does not install torch again.
COPY envs/lock.txt envs/lock.txt
RUN python -m venv .venv && .venv/bin/python -m pip install --no-cache-dir --require-hashes --requirement envs/lock.txt

COPY . .
# Results belong to who runs the container, who may be anyone; compiled loops are kept where all can read them.
ENV SPARSETOPO_CACHE=/sparsetopo/.loops PATH=/sparsetopo/.venv/bin:$PATH
RUN make setup && chmod -R a+rX .loops

ENTRYPOINT ["snakemake"]
CMD ["--cores", "all", "--configfile", "config/config.yaml"]
