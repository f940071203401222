# The server in a container, made of the package:
#   npm pack && docker build -t asof . && docker run -p 8787:8787 -v asof:/data asof
ARG BASE=docker.io/library/node:24-slim

FROM ${BASE} AS installed
WORKDIR /installed
COPY asof-*.tgz asof.tgz
RUN npm install --no-audit --no-fund ./asof.tgz && mkdir -m 700 /data

FROM ${BASE}
COPY --from=installed /installed/node_modules /app/node_modules
# By number, so that any base will do, and Kubernetes can see that it is not root.
COPY --from=installed --chown=1000:1000 /data /data
USER 1000:1000
WORKDIR /app/node_modules/asof
ENV NODE_ENV=production ASOF_HOST=0.0.0.0 ASOF_PORT=8787 ASOF_DATA=/data
VOLUME /data
EXPOSE 8787
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.ASOF_PORT + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node itself gets the signals: npm does not pass them on.
CMD ["node", "dist/server.mjs"]
