# One image for every process type; the command says which (see Procfile). There is no build step.
FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY api api
COPY workers workers
COPY shared shared
COPY db db
COPY scripts scripts
USER node
EXPOSE 8000
CMD ["node", "api/server.ts"]
