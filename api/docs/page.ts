/**
 * Returns the page at /docs: Swagger UI from its package, with nothing from other sites. Relative addresses work behind
 * any prefix.
 * @param parts where they begin: `docs/`, or `./` for a request to /docs/
 */
export const page = (parts: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Parley · API</title>
    <link rel="stylesheet" href="${parts}swagger-ui.css">
    <link rel="icon" href="${parts}favicon-32x32.png">
  </head>
  <body>
    <div id="docs"></div>
    <script src="${parts}swagger-ui-bundle.js"></script>
    <script src="${parts}docs.js"></script>
  </body>
</html>
`;

/**
 * Starts Swagger UI, which sends requests to the server of the page. `validatorUrl: null` keeps it from asking a site of
 * its makers about the document.
 */
export const script = `const root = new URL('..', document.currentScript.src).pathname;
const start = (spec) => SwaggerUIBundle({
  spec: { ...spec, servers: [{ url: root.length > 1 ? root.slice(0, -1) : root }] },
  dom_id: '#docs',
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
});
fetch(root + 'openapi.json').then((answer) => answer.json()).then(start);
`;
