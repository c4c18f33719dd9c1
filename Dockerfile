# Three images from one checkout: the services, OVN's central part, and a compute host with its agent.

FROM node:24-bookworm-slim AS services
RUN apt-get update \
 && apt-get install -y --no-install-recommends openssl \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /caelum
COPY . .
RUN npx --yes pnpm@12.21.0 install --frozen-lockfile --no-optional \
 && node tools/generate.ts
# A named volume takes the owner of the folder it is mounted on.
RUN for folder in ca ovn host-1 identity image compute network object-storage; do mkdir -p /secrets/$folder; done \
 && mkdir -p /data \
 && chown -R node:node /secrets /data
ENV NODE_ENV=production NODE_COMPILE_CACHE=/tmp/compile
USER node

FROM services AS ovn
USER root
RUN apt-get update \
 && apt-get install -y --no-install-recommends ovn-central \
 && rm -rf /var/lib/apt/lists/*
CMD ["/caelum/deploy/ovn-central.sh"]

FROM services AS compute-host
USER root
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      qemu-system-x86 qemu-utils libvirt-daemon libvirt-daemon-driver-qemu libvirt-daemon-system libvirt-clients \
      openvswitch-switch ovn-host iproute2 ethtool procps tini \
 && rm -rf /var/lib/apt/lists/*
ENTRYPOINT ["tini", "--"]
CMD ["/caelum/deploy/compute-host.sh"]
