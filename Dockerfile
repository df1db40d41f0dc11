# One image for every process type; the command says which (see Procfile). It has neither lab nor test: `npm start`, `npm run chat`
# and `npm run seed -- --faqs` need a clone. scripts/image.sh builds it where no engine runs, and .ci/nightly tries it.
#   docker build --target runtime -t parley .
#   docker build --target backup -t parley-backup .     with the commands of PostgreSQL 17
ARG NODE_IMAGE=docker.io/library/node:24.21.0-trixie-slim

FROM ${NODE_IMAGE} AS pages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --include=dev --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts scripts
COPY web web
RUN NODE_ENV=production node scripts/web.ts

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The copy tells `npm run …` that all is installed (scripts/ensure.sh). TypeScript comes in as somebody's peer and nothing loads it;
# source maps, declarations and the sources of openai are for editors. sbom.cdx.json is the bill of materials (CycloneDX).
RUN npm ci --omit=dev --no-audit --no-fund \
  && npm sbom --package-lock-only --omit=dev --sbom-format=cyclonedx >sbom.cdx.json \
  && cp package-lock.json node_modules/.installed-package-lock.json \
  && rm -rf node_modules/typescript node_modules/@typescript node_modules/.bin/tsc node_modules/.bin/tsserver node_modules/openai/src \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' \) -delete

FROM ${NODE_IMAGE} AS runtime
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Parley" \
  org.opencontainers.image.description="A background-job-centric chatbot engine with a thin API" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
# A small young generation: docs/performance.md, "The young generation".
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=4
COPY package.json package-lock.json Procfile LICENSE ./
COPY --from=dependencies /app/sbom.cdx.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY api api
COPY workers workers
COPY shared shared
COPY db db
COPY scripts scripts
COPY --from=pages /app/web/dist web/dist
# Node keeps a folder for each uid, so uid 1000 compiles. Afterwards it may read what it runs and not change it.
# Node also keeps one for each kind of CPU and each set of V8's flags, of which the heap's flags are no part: commands with
# --max-semi-space-size and --no-parallel-scavenge find what was compiled without them (scripts/image.sh tries it).
ENV NODE_COMPILE_CACHE=/app/.compiled
RUN install -d -o 1000 -g 1000 .compiled \
  && setpriv --reuid=1000 --regid=1000 --clear-groups node scripts/compile.ts \
  && chown -R 0:0 .compiled \
  && chmod -R a+rX,go-w .compiled
USER 1000:1000
EXPOSE 8000 9100
# web's; workers are asked on METRICS_PORT by whoever runs them (docker-compose.yml).
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 CMD ["node", "scripts/health.ts", "8000", "/livez"]
CMD ["node", "api/server.ts"]

FROM runtime AS backup
USER 0:0
# The server and pgvector are for trials of restores (npm run backup -- dump --trial).
RUN apt-get update \
  && apt-get install -y --no-install-recommends postgresql-common \
  && sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
  && apt-get install -y --no-install-recommends postgresql-17 postgresql-17-pgvector age gnupg \
  && rm -rf /var/lib/apt/lists/*
USER 1000:1000
HEALTHCHECK NONE
CMD ["node", "scripts/backup.ts", "serve"]

# The last stage is what a build without a target makes.
FROM runtime
