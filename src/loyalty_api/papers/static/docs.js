// Shows the contract of this very service, to be read and tried with a key.

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#contract",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "none",
  filter: true,
  persistAuthorization: false, // a key does not stay in a browser
  tryItOutEnabled: false,
  validatorUrl: null, // which would tell somebody else
});
