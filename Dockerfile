# One image for web, worker and migrations. What builds (Node, compilers' inputs, pip) stays behind.

FROM debian:12-slim AS build
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-venv gettext \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/hromada-gis
COPY requirements requirements
RUN python3 -m venv /opt/venv && python3 -m venv /opt/node \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --no-deps -r requirements/runtime.txt \
    && /opt/node/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --no-deps -r requirements/build.txt
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc frontend/
RUN cd frontend && PATH="/opt/node/bin:$PATH" npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# Leaflet itself stays: it is put into exported HTML maps.
RUN cd frontend && PATH="/opt/node/bin:$PATH" npm run build \
    && find node_modules -mindepth 1 -maxdepth 1 ! -name leaflet -exec rm -rf {} +
RUN for po in */locale/*/LC_MESSAGES/*.po; do msgfmt --check-format --output-file="${po%.po}.mo" "$po" || exit 1; done

FROM debian:12-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3 gdal-bin libseccomp2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin hromada \
    && install -d -o hromada -g hromada -m 0750 /var/lib/hromada-gis
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/hromada-gis /opt/hromada-gis
WORKDIR /opt/hromada-gis
ENV PATH="/opt/venv/bin:$PATH" \
    HROMADA_VAR=/var/lib/hromada-gis \
    PYTHONUNBUFFERED=1 \
    GRANIAN_INTERFACE=wsgi \
    GRANIAN_HOST=0.0.0.0 \
    GRANIAN_PORT=8000 \
    GRANIAN_BLOCKING_THREADS=2 \
    GRANIAN_BLOCKING_THREADS_IDLE_TIMEOUT=600 \
    GRANIAN_RESPAWN_FAILED_WORKERS=true \
    GRANIAN_WORKERS_KILL_TIMEOUT=10 \
    GRANIAN_WEBSOCKETS=false \
    GRANIAN_LOG_LEVEL=warning
USER hromada
EXPOSE 8000
CMD ["granian", "gis_core.wsgi:application"]
