# The operator's image: a static program, CA certificates and licences, nothing else.
#
#   docker build --tag pam-operator:0.1.0 .                 (podman and buildah alike)
#   docker build --target plugin --output type=local,dest=out .
#
# Without an engine: `make image`, which builds the same with cargo and takes the last stage from here.
# How to push it, and what goes with it: docs/how-to/build-the-image.md.

# Builds on the machine's own architecture for any: emulating a compiler takes an hour.
FROM --platform=$BUILDPLATFORM rust:1.95.0-bookworm AS tools
RUN apt-get update && apt-get install --yes --no-install-recommends clang && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .

FROM tools AS build-plugin
ARG TARGETARCH
RUN mkdir /plugin && cp "$(release/static.sh kubectl-pam "$TARGETARCH" release)" /plugin/kubectl-pam

# `kubectl pam`, for a folder of the PATH.
FROM scratch AS plugin
COPY --from=build-plugin /plugin/kubectl-pam /kubectl-pam

FROM tools AS build
ARG TARGETARCH
RUN release/rootfs.sh "$TARGETARCH" release /rootfs

FROM scratch AS operator
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pam-operator" \
      org.opencontainers.image.description="Keeps credentials in a senhasegura / Segura PAM equal to what a Kubernetes cluster says" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build --chown=0:0 /rootfs/ /
# By number, so that the kubelet can tell that it is not root.
USER 65532:65532
ENTRYPOINT ["/pam-operator"]
