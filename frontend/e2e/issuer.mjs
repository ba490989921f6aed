/** An OpenID provider on this machine: a certified one (oidc-provider), not ours, with its own login pages. */
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

/** Shorter than the page's margin: the page renews its token before each call. */
const TOKEN_SECONDS = 20;

export async function startIssuer(page) {
  // Standard output belongs to the owner of the run.
  console.info = console.warn = console.error;
  const { default: Provider } = await import("oidc-provider");
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "page",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: [page],
        post_logout_redirect_uris: [page],
      },
    ],
    // As template.yaml's client: PKCE, a refresh token with every code, used once.
    pkce: { required: () => true },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    clientBasedCORS: () => true,
    ttl: { IdToken: TOKEN_SECONDS },
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" }] },
    cookies: { keys: ["a key of this run"] },
  });
  const grants = [];
  provider.on("grant.success", (context) => grants.push(context.oidc.params.grant_type));
  provider.on("grant.error", (context) => grants.push(`refused ${context.oidc.params?.grant_type}`));
  server.on("request", provider.callback());
  const signIn = {
    issuer,
    clientId: "page",
    authorize: `${issuer}/auth`,
    token: `${issuer}/token`,
    logout: `${issuer}/session/end?client_id=page&post_logout_redirect_uri=${encodeURIComponent(page)}`,
  };
  return { issuer, signIn, grants, server };
}
