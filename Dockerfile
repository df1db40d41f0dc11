# One image for every process type; the command says which (see Procfile). Only the pages are built, in a stage of their own.
# It has neither lab nor test: `npm start`, `npm run chat` and `npm run seed -- --faqs` need a clone.
FROM node:24-slim AS pages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY scripts scripts
COPY web web
RUN NODE_ENV=production node scripts/web.ts

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
COPY package.json package-lock.json ./
# The copy tells `npm run …` that all is installed (scripts/ensure.sh).
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force && cp package-lock.json node_modules/.installed-package-lock.json
COPY api api
COPY workers workers
COPY shared shared
COPY db db
COPY scripts scripts
COPY --from=pages /app/web/dist web/dist
USER node
EXPOSE 8000
CMD ["node", "api/server.ts"]
