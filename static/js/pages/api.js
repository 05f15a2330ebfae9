// The API's documentation: Swagger UI over our own schema. Requests that are tried out are the logged-in user's.

const place = document.getElementById("api");
const token = place.querySelector("[name=csrfmiddlewaretoken]").value;

function signed(request) {
  const own = new URL(request.url, location.href).origin === location.origin;
  if (own && request.method !== "GET") request.headers["X-CSRFToken"] = token;
  return request;
}

SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  presets: [SwaggerUIBundle.presets.apis],
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  requestInterceptor: signed,
  validatorUrl: null,
});
