# syntax=docker/dockerfile:1
# docker build --build-arg REVISION=$(git rev-parse --short=12 HEAD) -t telnyx_exporter .
# docker build --target simulator -t telnyx_simulator .     the simulated API, for trying without an account
#
# The same packages again: give BASE with its digest, and in APT_SOURCES lines of a sources.list that name an archive of one day.
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS base
ARG APT_SOURCES=
RUN test -z "${APT_SOURCES}" || { rm -f /etc/apt/sources.list.d/*; echo "${APT_SOURCES}" >/etc/apt/sources.list; }

FROM base AS build
# Packages alone first: they stay when only the sources change.
COPY scripts/packages.sh /src/scripts/
RUN ["bash", "-euc", "source /src/scripts/packages.sh && ensure_packages \"${build_packages[@]}\""]
COPY . /src
WORKDIR /src
ARG REVISION=unknown
ARG CCACHE_DIR=/root/.cache/ccache
ENV CCACHE_BASEDIR=/src CCACHE_NOHASHDIR=1
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake --preset release -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DTELNYX_EXPORTER_REVISION="${REVISION}" && \
    cmake --build --preset release && \
    for component in exporter simulator; do \
      DESTDIR=/image/$component cmake --install build/release --prefix /usr --component $component --strip; \
    done

FROM base AS runtime
# Nothing but what the programs are linked with or load when they need it, and the authorities.
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates libcrypt1 libcurl4 libfmt9 libgnutls30 libmicrohttpd12 libprometheus-cpp-core1.0 \
      libprotobuf-lite32 libre2-9 libsimdjson14 libsystemd0 libxxhash0 libyaml-cpp0.7 zlib1g && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log
USER 65532:65532

FROM runtime AS simulator
COPY --from=build /image/simulator/ /
EXPOSE 10036
ENTRYPOINT ["/usr/bin/telnyx_simulator"]
CMD ["--scenario=/usr/share/telnyx_exporter/scenarios/demo.yml", "--web.listen-address=:10036"]

FROM runtime AS exporter
COPY --from=build /image/exporter/ /
ARG REVISION=unknown
LABEL org.opencontainers.image.title="telnyx_exporter" \
      org.opencontainers.image.description="Prometheus exporter for active calls on Telnyx connections" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
EXPOSE 10035
# With other --web flags: the same flags here (--health-cmd, or healthcheck in a compose file).
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s --retries=3 CMD ["/usr/bin/telnyx_exporter", "--healthcheck"]
ENTRYPOINT ["/usr/bin/telnyx_exporter"]
