# syntax=docker/dockerfile:1
# One image for every process of tradebot; docker-compose.yml says which command each runs.
#
# What numba compiles is made for one processor, so it is not made here: it is kept on the volume
# (NUMBA_CACHE_DIR), after the first start, which takes a quarter of a minute for it.

# Debian 13 has PostgreSQL 17's client, which backups need: it must not be older than the server.
ARG BASE=python:3.11-slim-trixie

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_LINK_MODE=copy
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY requirements.txt .
RUN python -m venv --without-pip /opt/venv \
 && uv pip install --python /opt/venv/bin/python --no-cache --require-hashes --compile-bytecode \
      -r requirements.txt
COPY . .
# The container cannot write any, and each process would compile everything anew. By content, since
# a checkout gives each file another time.
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash \
      engine marketdata trading backtests tradebot

FROM ${BASE}
ARG VERSION=unknown
LABEL org.opencontainers.image.title="tradebot" \
      org.opencontainers.image.description="An automated trading platform that reads futures order flow" \
      org.opencontainers.image.version="${VERSION}"
# Whichever minor version the base has: a pin would keep security updates out.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends openssh-client postgresql-client rsync \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --no-create-home --home-dir /data --shell /usr/sbin/nologin --uid 10001 \
      --user-group tradebot \
 && install -d -o tradebot -g tradebot -m 0700 /data /backups
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ENV_FILE= \
    DATA_DIR=/data BACKUP_DIR=/backups NUMBA_CACHE_DIR=/data/compiled LOG_FORMAT=json
USER 10001:10001
VOLUME ["/data", "/backups"]
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
  CMD ["python", "deploy/healthy.py", "web"]
CMD ["python", "-m", "tradebot.web", "--host", "0.0.0.0", "--port", "8000"]
