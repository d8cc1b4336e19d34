# syntax=docker/dockerfile:1
# docker build --build-arg REVISION=$(git rev-parse --short=12 HEAD) -t telnyx_exporter .
# docker build --target simulator -t telnyx_simulator .     the simulated API, for trying without an account
#
# The images hold the programs, their libraries and CA certificates: no shell and no package manager. They are built on this
# machine's architecture for that of --platform (amd64, arm64), so nothing is emulated.
#
# For a reproducible image pin the packages: give BASE with its digest, and in APT_SOURCES lines of a sources.list that name an archive of one day.
ARG BASE=docker.io/library/debian:trixie-slim

FROM --platform=$BUILDPLATFORM ${BASE} AS base
ARG APT_SOURCES=
RUN test -z "${APT_SOURCES}" || { rm -f /etc/apt/sources.list.d/*; echo "${APT_SOURCES}" >/etc/apt/sources.list; }

FROM base AS built
# Packages alone first: they stay when only the sources change.
COPY scripts/packages.sh /src/scripts/
ARG TARGETARCH
RUN ["bash", "-euc", "source /src/scripts/packages.sh && ensure_build_packages \"${TARGETARCH:-$(dpkg --print-architecture)}\" binutils python3"]
COPY . /src
WORKDIR /src
ARG REVISION=unknown
ARG CCACHE_DIR=/root/.cache/ccache
ENV CCACHE_BASEDIR=/src CCACHE_NOHASHDIR=1
RUN --mount=type=cache,target=/root/.cache/ccache \
    native=$(dpkg --print-architecture) && architecture=${TARGETARCH:-$native} && \
    case "$architecture" in amd64) processor=x86_64 ;; arm64) processor=aarch64 ;; esac && \
    cmake --preset release -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=0 -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
      -DTELNYX_EXPORTER_REVISION="${REVISION}" \
      $(test "$architecture" = "$native" || \
        echo --toolchain cmake/Cross.cmake -DTELNYX_EXPORTER_PROCESSOR=${processor}) && \
    cmake --build --preset release && \
    for component in exporter simulator; do \
      DESTDIR=/image/$component cmake --install build/release --prefix /usr --component $component --strip && \
      scripts/bundle.py image / "$architecture" /image/$component /image/$component/usr/bin/telnyx_$component || exit 1; \
    done

# scripts/release.sh takes what follows and the roots that it has made itself.
FROM scratch AS labelled
ARG REVISION=unknown
ARG VERSION=1.0.0
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/telnyx-exporter/telnyx_exporter" \
      org.opencontainers.image.documentation="https://github.com/telnyx-exporter/telnyx_exporter/tree/main/docs"
USER 65532:65532

FROM labelled AS simulator
COPY --from=built /image/simulator/ /
LABEL org.opencontainers.image.title="telnyx_simulator" \
      org.opencontainers.image.description="Simulated Telnyx API for trying telnyx_exporter without an account"
EXPOSE 10036
ENTRYPOINT ["/usr/bin/telnyx_simulator"]
CMD ["--scenario=/usr/share/telnyx_exporter/scenarios/demo.yml", "--web.listen-address=:10036"]

FROM labelled AS exporter
COPY --from=built /image/exporter/ /
LABEL org.opencontainers.image.title="telnyx_exporter" \
      org.opencontainers.image.description="Prometheus exporter for active calls on Telnyx connections"
EXPOSE 10035
# With other --web flags the check needs the same ones: docs/install.md says how.
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s --retries=3 CMD ["/usr/bin/telnyx_exporter", "--healthcheck"]
ENTRYPOINT ["/usr/bin/telnyx_exporter"]
